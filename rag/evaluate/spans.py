"""Transcripts with gold spans: the reader and the chunker are part of what is measured.

`transcripts/` holds the files, `gold_spans.jsonl` the lines in which each question is answered
(`{"query_id", "transcript", "line_spans": [[from, to]]}`, counted from 1), `queries.jsonl` the
questions. A passage is right when it shares a turn with a span. The turn that a question was taken
from (its `exclude`, a line of `corpus.jsonl`) is kept out of the indexed text, where it would find
itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.errors import UsageError
from rag.evaluate import beir
from rag.evaluate.cases import Case, rows, text, texts
from rag.evaluate.gold import Task
from rag.text import language
from rag.types import Address, Section, Transcript, Turn

WITHIN = ("qmsum", "friendsqa", "vcsum")
"""Sets whose questions do not name their transcript (QMSum asks “What did C think?”): they are
asked inside it."""


@dataclass(frozen=True, slots=True)
class Gold:
    """Where a question is answered: the name of a file, and ranges of its lines."""

    file: str
    lines: tuple[tuple[int, int], ...]
    where: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The turns and sections of the transcripts of an index, looked up by file and line."""

    items: Mapping[str, Transcript]

    @classmethod
    def of(cls, items: Iterable[Transcript]) -> Lines:
        """Return those of these transcripts."""
        return cls({Path(item.path).name: item for item in items})

    def at(self, file: str, first: int, last: int) -> Address | None:
        """Return the address of what stands in these lines, turns before sections."""
        item = self.items.get(file)
        if item is None:
            return None
        for parts, section in ((item.turns, False), (item.sections, True)):
            inside = [part.number for part in parts if _touches(part, first, last)]
            if inside:
                return Address(item.id, inside[0], inside[-1], section=section)
        return None


def _touches(part: Turn | Section, first: int, last: int) -> bool:
    return part.line <= last and first <= part.end_line


def is_one(folder: Path) -> bool:
    """Tell whether a folder holds transcripts with gold spans."""
    return (folder / "gold_spans.jsonl").is_file() and (folder / "transcripts").is_dir()


def tasks(folder: Path, items: Iterable[Transcript], within: bool) -> list[Task]:
    """Read the questions, and look up their gold turns.

    `within` asks each question inside its transcript only.

    Raises:
        UsageError: for a line that cannot be read, or when no span lies on a turn.
    """
    lines = Lines.of(items)
    golds = _golds(folder / "gold_spans.jsonl")
    found = []
    for where, row in rows(folder / "queries.jsonl"):
        id_ = text(row, "_id", where)
        if (gold := golds.get(id_)) is None:
            continue
        places = {span: lines.at(gold.file, *span) for span in gold.lines}
        asked = text(row, "text", where)
        item = lines.items.get(gold.file)
        case = Case(
            id_,
            asked,
            kind=beir.kind(row, where),
            language=language(asked),
            transcript=item.id if within and item is not None else "",
            where=gold.where,
        )
        there = dict.fromkeys(place for place in places.values() if place is not None)
        missing = [f"{gold.file}:{first}-{last}" for (first, last), p in places.items() if not p]
        found.append(Task(case, tuple(there), tuple(missing)))
    if not any(task.gold for task in found):
        raise UsageError(f"{folder}: no gold span lies on a turn of its transcripts", "check both")
    return found


def _golds(path: Path) -> dict[str, Gold]:
    found = {}
    for where, row in rows(path):
        spans = row.get("line_spans")
        if not isinstance(spans, list) or not all(_is_range(span) for span in spans):
            raise UsageError(f"{where}: line_spans is {spans!r}", "write [[from, to], …]")
        ranges = tuple((int(first), int(last)) for first, last in spans)
        file = text(row, "transcript", where)
        found[text(row, "query_id", where)] = Gold(file, ranges, where)
    return found


def _is_range(span: object) -> bool:
    whole = isinstance(span, list) and len(span) == 2 and all(type(end) is int for end in span)
    return whole and 1 <= span[0] <= span[1]  # type: ignore[index]  # `whole` says that it is one


def hidden(folder: Path, items: Iterable[Transcript]) -> dict[str, set[int]]:
    """Return the turns that questions were taken from, by transcript."""
    wanted = {
        id_ for where, row in rows(folder / "queries.jsonl") for id_ in texts(row, "exclude", where)
    }
    if not wanted or not (folder / "corpus.jsonl").is_file():
        return {}
    known = {item.id: item for item in items}
    by_stem = {Path(item.path).stem: item.id for item in known.values()}
    turns: dict[str, set[int]] = defaultdict(set)
    for where, row in rows(folder / "corpus.jsonl"):
        id_, line = by_stem.get(text(row, "doc", where)), row.get("line")
        if text(row, "_id", where) in wanted and id_ is not None and isinstance(line, int):
            turns[id_] |= {t.number for t in known[id_].turns if _touches(t, line, line)}
    return turns
