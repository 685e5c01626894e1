"""`rag quote`: whether somebody said something word for word."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.inputs import settings
from rag.cli.options import Index, Json, Speakers, Store, Transcripts, Verbose
from rag.cli.terminal import one_line_errors, say
from rag.errors import UsageError, safe

if TYPE_CHECKING:
    from rag.types import QuoteCheck

_PAIRS = ("「」", "『』", "“”", "‘’", '""', "''", "«»", "‹›", "《》", "＂＂", "„“")

Words = Annotated[
    list[str] | None, typer.Argument(help="The quotation; - reads it from stdin.", metavar="QUOTE")
]


def quote(
    words: Words = None,
    speaker: Speakers = None,
    transcript: Transcripts = None,
    index: Index = None,
    store: Store = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check a quotation: exact, near (with what differs) or absent; exits 0 only if exact."""
    with one_line_errors(verbose):
        from rag import views
        from rag.pipeline import named, open_store
        from rag.quotes.lookup import look_up

        text = _quotation(words)
        opened = open_store(settings(index=index, store=store))
        known = named.called(opened.catalog.speakers(), opened.catalog.aliases())
        who = named.speakers(speaker or (), known)
        where = named.transcripts(transcript or (), opened)
        started = time.perf_counter()
        found = look_up(opened, text, who, where)
        print(views.to_json(as_json(found)) if json else shown(found, who))
        if verbose:
            say(f"looked up in {(time.perf_counter() - started) * 1000:.1f} ms")
        if found.verdict != "exact":
            raise typer.Exit(1)


def as_json(found: QuoteCheck) -> dict[str, object]:
    """The contract of `rag quote --json`; what is not there is null."""
    return {
        "quote": found.quote,
        "verdict": found.verdict,
        "address": None if found.address is None else str(found.address),
        "speaker": found.speaker or None,
        "text": found.text or None,
        "difference": found.difference or None,
        "line": found.line or None,
        "end_line": found.end_line or None,
        "start": found.start,
        "link": found.link or None,
    }


def shown(found: QuoteCheck, asked: tuple[str, ...] = ()) -> str:
    """Show a check as text: the verdict, who and where, the words, what differs."""
    if found.address is None:
        who = f"said by {', '.join(asked)}" if asked else "in the transcripts"
        return safe(f"absent: not {who}, nor anything near")
    verdict = {
        "exact": "exact",
        "near": "near: not in these words",
        "absent": f"absent: said by {found.speaker}"
        if found.speaker
        else "absent: prose"
        if found.address.section
        else "absent: the transcript does not say by whom it was said",
    }[found.verdict]
    lines = (
        f"lines {found.line}-{found.end_line}"
        if found.end_line > found.line
        else (f"line {found.line}")
    )
    from rag.text import clock, language, one_line, unnamed

    time = "" if found.start is None else f"  {clock(found.start)}"
    nobody = "—" if found.address.section else unnamed(language(found.text))
    rows = [
        verdict,
        f"{found.speaker or nobody}  [{found.address}]  {lines}{time}  {found.link}",
        f"  {one_line(found.text)}",
        *([f"  {found.difference}"] if found.difference else []),
    ]
    return safe("\n".join(rows))


def _quotation(words: list[str] | None) -> str:
    """Join the words of a quotation, or read it from stdin, without the marks around it."""
    # Bytes of an argument that are not UTF-8 come as surrogates, which no encoder takes.
    text = " ".join(words or ()).encode(errors="surrogateescape").decode(errors="replace")
    if text == "-":
        text = "" if sys.stdin is None else sys.stdin.read()
    if not text.strip():
        raise UsageError("the quotation is blank", 'give one: rag quote "…"')
    return without_marks(text)


def without_marks(text: str) -> str:
    """Take off the quotation marks around a text, if they belong together."""
    bare = text.strip()
    while len(bare) > 2 and (bare[0] + bare[-1]) in _PAIRS and bare[-1] not in bare[1:-1]:
        bare = bare[1:-1].strip()
    return bare
