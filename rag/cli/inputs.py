"""What a command works on: its question, its index, its file, its settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.terminal import complain
from rag.errors import UsageError
from rag.types import Address

if TYPE_CHECKING:
    from rag.pipeline import Rag
    from rag.settings import Settings, Value
    from rag.types import Transcript


def shown(what: str, index: str | None, store: str | None) -> Transcript:
    """A file that exists is read; anything else is an address or a transcript in the index."""
    from rag import transcripts, views
    from rag.pipeline import open_store

    path = Path(what)
    if path.is_file():
        return transcripts.read(path)
    if path.is_dir():
        raise UsageError(f"{what} is a folder", "name a file in it, or an address")
    opened = open_store(settings(index=index, store=store))
    if (whole := opened.catalog.transcript(what)) is not None:
        return whole
    try:
        Address.parse(what)
    except UsageError as error:
        raise UsageError(f"{what}: no such file, and not an address", error.hint) from None
    return views.at(opened, what)


def settings(**flags: Value | None) -> Settings:
    """Return the settings in force, flags of None left out."""
    from rag.pipeline import configured

    return configured(flags)


def one_thread() -> None:
    """Keep numeric libraries from starting threads: for one question a pool is no gain."""
    for library in ("OMP", "OPENBLAS"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def open_index(**flags: Value | None) -> Rag:
    """Open the index that the settings and flags name."""
    one_thread()
    from rag.pipeline import Rag

    rag = Rag.open(chosen=settings(**flags))
    if rag.store.note:
        complain(rag.store.note)
    return rag


def question_of(words: list[str] | None) -> str:
    """Join the words of a question, or read it from stdin when it is `-`."""
    # Bytes of an argument that are not UTF-8 come as surrogates, which no encoder takes.
    text = " ".join(words or ()).encode(errors="surrogateescape").decode(errors="replace")
    if text == "-":
        text = "" if sys.stdin is None else sys.stdin.read()
    if not text.strip():
        raise UsageError("the question is blank", 'ask something: rag ask "…"')
    from rag.retrieve import LONGEST_QUESTION

    if len(text) > LONGEST_QUESTION:
        complain(f"of {len(text)} characters only the first {LONGEST_QUESTION} are used")
    return text
