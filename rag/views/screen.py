"""Values as plain text for people: on a terminal, in a chat, behind a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.errors import UsageError, safe
from rag.pipeline import transcript_at
from rag.text import clock, language, one_line, unnamed
from rag.types import Address, Answer, Citation, Hit, Passage, Section, Transcript, Turn
from rag.views.contracts import plain

if TYPE_CHECKING:
    from rag.store import Report
    from rag.store.contract import Store
    from rag.store.copying import Copied


def at(opened: Store, address: str) -> Transcript:
    """Return the transcript at an address with only the turns or sections that it covers.

    Raises:
        UsageError: when it is not an address, or nothing stands there.
    """
    wanted = Address.parse(address)
    item = transcript_at(opened, wanted.transcript)

    def covered(part: Turn | Section) -> bool:
        return wanted.first <= part.number <= wanted.last

    turns = () if wanted.section else tuple(filter(covered, item.turns))
    sections = tuple(filter(covered, item.sections)) if wanted.section else ()
    if not turns and not sections:
        there = f"{len(item.turns)} turns and {len(item.sections)} sections"
        raise UsageError(f"nothing stands at {address}", f"{item.id} has {there}")
    return replace(item, turns=turns, sections=sections)


def turns(item: Transcript) -> str:
    """Show a transcript as text: address, line, speaker, words."""
    lines = [
        f"[{item.id}:s{section.number}] line {section.line}"
        f"{f' {section.title}' if section.title else ''}\n  {one_line(section.text)}"
        for section in item.sections
    ]
    lines += [
        f"[{item.id}:{turn.number}] line {turn.line}"
        f"{_time(turn.start)} {turn.speaker or unnamed(item.language)}"
        f"\n  {one_line(turn.text)}"
        for turn in item.turns
    ]
    return safe("\n".join(lines))


def lines(item: Transcript) -> str:
    """Show a file as it is read: every line of a turn beside the file line and the second of it."""
    rows: list[str] = []
    for section in item.sections:
        rows.append(f"[{item.id}:s{section.number}] {section.title}".rstrip())
        rows += _numbered(section, ())
    for turn in item.turns:
        label = f" ← {turn.label}" if turn.label not in ("", turn.speaker) else ""
        at = f" line {turn.line}" if turn.line != turn.lines[0] else ""
        name = turn.speaker or unnamed(item.language)
        rows.append(f"[{item.id}:{turn.number}]{at}{_time(turn.start)} {name}{label}")
        rows += _numbered(turn, turn.times)
    return safe("\n".join(rows))


def _numbered(part: Turn | Section, times: Sequence[float]) -> list[str]:
    clocks = [clock(second) for second in times] or [""] * len(part.lines)
    words = part.text.split("\n")
    return [
        f"{line:>6}  {f'{at}  ' if at else ''}{text}"
        for line, at, text in zip(part.lines, clocks, words, strict=False)
    ]


def _time(second: float | None) -> str:
    return "" if second is None else f" {clock(second)}"


def hits(items: Sequence[Hit], verbose: bool) -> str:
    """List hits as text, best first."""
    blocks = []
    for number, item in enumerate(items, start=1):
        scores = f"  (dense {item.dense:.3f}, lexical {item.lexical:.3f})" if verbose else ""
        time = _time(item.passage.spans[0].second(0))
        head = f"{number}. [{item.passage.address}] {item.score:.3f}{scores}{time}  {item.link}"
        words = "\n".join(
            f"   {_label(span.speaker, item.passage)}{one_line(span.text)}"
            for span in item.passage.spans
        )
        blocks.append(f"{head}\n{words}")
    return safe("\n".join(blocks)) or "no passage found"


def _label(speaker: str, passage: Passage) -> str:
    if passage.section:
        return ""
    return f"{speaker or unnamed(language(passage.text))}: "


def where(item: Citation) -> str:
    """Show where words stand: address, line, second, who said them, link."""
    said_by = item.speaker or ("—" if item.address.section else unnamed(language(item.quote)))
    return f"{item.address}  line {item.line}{_time(item.start)}  {said_by}  {item.link}"


def sources(reply: Answer) -> str:
    """Show where an answer comes from: its citations, the hits with both scores, the times."""
    lines = [where(item) for item in reply.citations]
    lines += [
        f"{item.passage.address}  score {item.score:.3f}"
        f" (dense {item.dense:.3f}, lexical {item.lexical:.3f})  {item.link}"
        for item in reply.hits
    ]
    times = ", ".join(f"{name} {value} ms" for name, value in reply.timings.items())
    lines.append(f"confidence {reply.confidence:.2f}; {times}")
    if reply.standalone:
        lines.append(f"asked as: {one_line(reply.standalone)}")
    if reply.left_out:
        lines.append(f"{reply.left_out} passages found did not fit into the model's window")
    if reply.usage:
        tokens = ", ".join(f"{name} {count}" for name, count in reply.usage.items())
        price = f"; cost {reply.cost:.6f}" if reply.cost is not None else ""
        lines.append(f"{reply.model}: {tokens}{price}")
    return safe("\n".join(lines))


def recall(share: float) -> str:
    """Say how many of the nearest passages are found where not all vectors are compared."""
    return f"nearest passages by codes: recall@10 {share:.3f} of exact search"


def report(result: Report, name: str) -> str:
    """Say in one line what a build did."""
    if not result.changed:
        return safe(
            f"{name}: up to date, {result.transcripts} transcripts, {result.passages} passages"
        )
    dropped = f", {result.dropped} removed" if result.dropped else ""
    files = f"; {result.read} files read, {result.unchanged} unchanged" if result.unchanged else ""
    files += f"; {result.removed} files gone" if result.removed else ""
    found = "" if result.recall is None else f"; {recall(result.recall)}"
    return safe(
        f"{name}: {result.transcripts} transcripts, {result.turns} turns,"
        f" {result.passages} passages ({result.embedded} embedded, {result.reused} reused{dropped})"
        f"{files}{found}"
    )


def copied(result: Copied) -> str:
    """Say in one line what a copy to a server did."""
    there = f"{result.transcripts} transcripts, {result.passages} passages"
    if not result.changed:
        return safe(f"{result.index} at {result.address}: up to date, {there}")
    removed = f", {result.removed} removed" if result.removed else ""
    return safe(
        f"{result.index} at {result.address}: {there}"
        f" ({result.sent} transcripts sent, {result.kept} kept{removed})"
    )


def checks(results: Sequence[object]) -> str:
    """Show the results of `rag doctor`, one a line."""
    lines = []
    for item in results:
        values: Mapping[str, object] = plain(item)  # type: ignore[assignment]  # a dataclass
        hint = f" ({values['hint']})" if values["hint"] else ""
        lines.append(
            f"{'ok  ' if values['ok'] else 'BAD '} {values['name']}: {values['found']}{hint}"
        )
    return safe("\n".join(lines))
