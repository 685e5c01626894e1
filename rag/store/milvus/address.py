"""Where a server is, and how the collections of an index are called there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from rag.errors import STEERING, UsageError, safe

TOKEN = "RAG_STORE_TOKEN"  # noqa: S105  # the name of a variable
_LOCAL = ".db"
_HINT = "give http://HOST:19530, https://HOST, or a file FOLDER/NAME.db for Milvus Lite"
_LONGEST_NAME = 150  # characters; Milvus takes 255, and ours add some
_PLAIN = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Place:
    """A server as pymilvus is told of it; `lite` is a file that Milvus Lite serves by itself.

    The token is never shown: it is no part of what a place prints as.
    """

    uri: str
    lite: bool
    token: str = field(default="", repr=False)

    @classmethod
    def parse(cls, address: str, environment: Mapping[str, str] = os.environ) -> Place:
        """Read an address as the user gives it; the token comes from the environment only.

        Raises:
            UsageError: when it is not the address of a server.
        """
        given = address.strip()
        if given.endswith(_LOCAL) and "://" not in given:
            return cls(str(Path(given).expanduser().absolute()), True)
        try:
            parts = urlsplit(given)
            host, secret = parts.hostname, parts.username or parts.password
            _ = parts.port
        except ValueError:
            raise UsageError(f"{safe(address)!r} is not the address of a store", _HINT) from None
        if secret:
            raise UsageError(
                f"the address of the store at {safe(host or '?')} holds a name or a password",
                f"leave it out and set {TOKEN}",
            )
        odd = parts.query or parts.fragment or STEERING.search(given) or " " in given
        if parts.scheme not in ("http", "https") or not host or odd:
            raise UsageError(f"{safe(address)!r} is not the address of a store", _HINT)
        return cls(given.rstrip("/"), False, environment.get(TOKEN, ""))


def prefix(index: str) -> str:
    """Return what the names of all collections of an index begin with; no two share one.

    Milvus takes ASCII letters, digits and underscores.

    Raises:
        UsageError: when the name is too long.
    """
    name = "".join(
        one if _PLAIN.fullmatch(one) else "".join(f"_{byte:02x}" for byte in one.encode())
        for one in index
    )
    if len(name) > _LONGEST_NAME:
        raise UsageError(f"{safe(index)!r} is too long a name for an index on a server")
    return f"rag_{name}"
