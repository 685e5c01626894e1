"""pymilvus behind a few typed calls: bounded in time, silent, with errors of one line."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rag.errors import NotReady, UsageError, safe
from rag.store.milvus.address import TOKEN, Place

Row = dict[str, Any]
MOST = 16_384
"""Rows that Milvus returns at most for one request."""

_CONNECT, _READ, _WRITE, _LOAD = 5.0, 30.0, 120.0, 600.0  # seconds
# A server that was away is asked again soon, not after two minutes; and no channel shares the
# waiting of another.
_CHANNEL = {
    "grpc.max_reconnect_backoff_ms": 2000,
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.use_local_subchannel_pool": 1,
}
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_LONGEST_REASON = 300
# A copy that is newer than this many seconds may not be seen yet; Milvus's `gracefulTime`.
STALE = 5.0
_STRONG, _BOUNDED = "Strong", "Bounded"


class Server:
    """A connection to a server, opened by `connect`; every call ends in bounded time."""

    def __init__(self, client: Any, place: Place, version: str) -> None:  # noqa: ANN401  # untyped
        self._client = client
        self._place = place
        self._loaded: set[str] = set()
        self.lite = place.lite
        self.version = version

    @classmethod
    def connect(cls, place: Place) -> Server:
        """Connect to the server at `place`.

        Raises:
            UsageError: when pymilvus is not installed, or the folder of a file is not there.
            NotReady: when the server cannot be reached, refuses, or is too old.
        """
        pymilvus = _imported(place)
        if place.lite and not Path(place.uri).parent.is_dir():
            raise UsageError(f"{Path(place.uri).parent}: no such folder", "make it first")
        with _telling(place):
            client = pymilvus.MilvusClient(
                uri=place.uri, token=place.token, timeout=_CONNECT, dedicated=True,
                grpc_options=_CHANNEL,
            )  # fmt: skip
            version = str(client.get_server_version(timeout=_CONNECT))
        server = cls(client, place, version)
        if server.release < (2, 3):
            client.close()
            raise NotReady(
                f"{place.uri}: Milvus {version}", "version 2.3 is the oldest that will do"
            )
        return server

    @property
    def address(self) -> str:
        """Where it is, as messages show it."""
        return safe(self._place.uri)

    @property
    def release(self) -> tuple[int, int]:
        """The version of Milvus; a file counts as new."""
        match = _VERSION.match(self.version)
        return (int(match[1]), int(match[2])) if match and not self.lite else (99, 0)

    @property
    def sparse(self) -> bool:
        """Whether it has sparse vectors, without which there is no ranking by words."""
        return self.release >= (2, 4)

    @property
    def note(self) -> str:
        """What whoever asks an index there should be told, one line or nothing."""
        if self.sparse:
            return ""
        return (
            f"{self.address} runs Milvus {safe(self.version)}, which has no sparse vectors (2.4 and"
            " later do): passages are found by meaning only"
        )

    def collections(self) -> list[str]:
        """List the collections of the database."""
        with self._telling():
            return sorted(self._client.list_collections(timeout=_READ))

    def create(self, name: str, schema: Any, indexes: Any) -> None:  # noqa: ANN401  # untyped
        """Make a collection with its indexes; it is loaded while rows are sent."""
        with self._telling():
            self._client.create_collection(
                name, schema=schema, consistency_level=_BOUNDED, timeout=_WRITE
            )
            self._client.create_index(name, indexes, timeout=_WRITE, sync=False)
            self._client.load_collection(name, timeout=_LOAD, _async=True)

    def drop(self, name: str) -> None:
        """Remove a collection with all that is in it."""
        with self._telling():
            self._client.drop_collection(name, timeout=_WRITE)
        self._loaded.discard(name)

    def insert(self, name: str, rows: Sequence[Row]) -> None:
        """Add rows; their keys must be new."""
        if not rows:
            return
        with self._telling():
            done = self._client.insert(name, list(rows), timeout=_WRITE)
        if done["insert_count"] != len(rows):
            raise NotReady(f"{self.address}: took {done['insert_count']} of {len(rows)} rows")

    def delete(self, name: str, filter: str) -> None:
        """Remove the rows that a filter names."""
        self._ready(name)
        with self._telling():
            self._client.delete(name, filter=filter, timeout=_WRITE)

    def flush(self, name: str) -> None:
        """Let the server write down what it holds in memory and in its log.

        It does so by itself in time and loses nothing acknowledged meanwhile; some limit how often
        it may be asked, so that a refusal is no error.
        """
        with suppress(NotReady), self._telling():
            self._client.flush(name, timeout=_WRITE)

    def count(self, name: str, filter: str) -> int:
        """Count the rows that a filter names, those just written included."""
        self._ready(name)
        with self._telling():
            found = self._client.query(
                name, filter=filter, output_fields=["count(*)"], timeout=_READ,
                consistency_level=_STRONG,
            )  # fmt: skip
        return int(found[0]["count(*)"])

    def query(
        self, name: str, filter: str, fields: Sequence[str], *, strong: bool = False
    ) -> list[Row]:
        """Return fields of the rows that a filter names, at most `MOST`, in no order."""
        self._ready(name)
        with self._telling():
            found = self._client.query(
                name, filter=filter, output_fields=list(fields), limit=MOST, timeout=_READ,
                consistency_level=_STRONG if strong else _BOUNDED,
            )  # fmt: skip
        return [dict(row) for row in found]

    def search(
        self,
        name: str,
        field: str,
        vector: Sequence[float] | Mapping[int, float],
        limit: int,
        *,
        filter: str,
        fields: Sequence[str],
        params: Mapping[str, Any],
    ) -> list[tuple[int, float, Row]]:
        """Return id, inner product and fields of the rows nearest to a vector, best first.

        What the filter leaves out is left out before the cut.
        """
        self._ready(name)
        with self._telling():
            found = self._client.search(
                name, data=[vector], anns_field=field, limit=min(limit, MOST), filter=filter,
                output_fields=list(fields), timeout=_READ, consistency_level=_BOUNDED,
                search_params={"metric_type": "IP", "params": dict(params)},
            )  # fmt: skip
        return [(hit["id"], float(hit["distance"]), dict(hit["entity"])) for hit in found[0]]

    def close(self) -> None:
        """Close the connection; a file is free for others then."""
        with suppress(Exception):
            self._client.close()
        if self.lite:
            from milvus_lite.server_manager import server_manager_instance

            server_manager_instance.release_server(self._place.uri)

    def _ready(self, name: str) -> None:
        """Have a collection loaded; a server that started anew has some not loaded."""
        if name in self._loaded:
            return
        with self._telling():
            state = self._client.get_load_state(name, timeout=_READ)["state"]
            if state.name != "Loaded":
                self._client.load_collection(name, timeout=_LOAD)
        self._loaded.add(name)

    def _telling(self) -> Any:  # noqa: ANN401  # a context manager
        return _telling(self._place)


def _imported(place: Place) -> Any:  # noqa: ANN401  # untyped
    """Import pymilvus without its log, and without the `.env` file that it would read.

    A file of a project must not set what comes from the environment only, such as keys.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    before = os.environ.get("PYTHON_DOTENV_DISABLED")
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    try:
        import pymilvus

        if place.lite:
            import milvus_lite  # noqa: F401  # pymilvus starts it
    except ImportError as error:
        raise UsageError(
            f"a store at {safe(place.uri)} needs the package {error.name or 'pymilvus'}",
            "pip install 'transcript-rag[milvus]'",
        ) from None
    finally:
        if before is None:
            del os.environ["PYTHON_DOTENV_DISABLED"]
        else:
            os.environ["PYTHON_DOTENV_DISABLED"] = before
    for name in ("pymilvus", "milvus_lite"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
    return pymilvus


@contextmanager
def _telling(place: Place) -> Iterator[None]:
    """Turn what pymilvus and gRPC raise into one line that never holds the token."""
    import grpc
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except (MilvusException, grpc.RpcError, grpc.FutureTimeoutError) as error:
        text = str(getattr(error, "message", "") or error)
        if place.token:
            text = text.replace(place.token, "…")
        raise _told(place, " ".join(safe(text).split())) from None


def _told(place: Place, reason: str) -> NotReady:
    where, low = safe(place.uri), reason.lower()
    if place.lite and ("connect" in low or "open local" in low):
        return NotReady(
            f"{where}: cannot be opened", "another process has it open, or it is damaged"
        )
    if any(word in low for word in ("unauthenticated", "auth check", "permission", "api key")):
        return NotReady(f"{where}: the server refuses", f"set {TOKEN} to a token that may do this")
    if any(word in low for word in ("unavailable", "connect", "refused", "not ready")):
        return NotReady(f"{where}: the server cannot be reached", "is it running, and is it there?")
    if "deadline" in low or "timeout" in low or "timed out" in low:
        return NotReady(f"{where}: the server does not answer in time", "try again later")
    return NotReady(f"{where}: {reason[:_LONGEST_REASON]}", "rag doctor looks at the store")
