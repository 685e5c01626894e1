"""Reading the training pairs: every file of the data folder becomes one source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

QUESTION_CHARS = 300
"""Left sides (questions, headings, source sentences) are cut at this many characters."""

PASSAGE_CHARS = 500
"""Right sides (answers, paragraphs, translations) are cut at this many characters."""

# Sources are drawn in proportion to the square root of their size times this factor (1 if absent).
WEIGHTS = {
    "cc_cedict": 1.5,
    "csl_zh": 1.5,
    "tatoeba_cmn_eng": 2.0,
    "xling_doc_heads": 2.0,
}


class BadData(Exception):
    """Training or evaluation data that cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Source:
    """The pairs of one file: `left[i]` should find `right[i]`.

    Of a `parallel` one the left side is Chinese and the right side says the same in English.
    """

    name: str
    left: list[str]
    right: list[str]
    parallel: bool = False

    @property
    def share(self) -> float:
        """How often batches come from this source, relative to the others."""
        return float(len(self.left) ** 0.5 * WEIGHTS.get(self.name, 1.0))


def read_sources(folder: Path) -> list[Source]:
    """Read `pairs/*.jsonl` (keys q, p) and `parallel/*.jsonl` (keys zh, en) in a fixed order.

    Raises `BadData` if there is nothing to read or a line is not what it should be.
    """
    sources = [
        _read_source(path, keys, parallel=kind == "parallel")
        for kind, keys in (("pairs", ("q", "p")), ("parallel", ("zh", "en")))
        for path in sorted((folder / kind).glob("*.jsonl"))
    ]
    if not sources:
        raise BadData(f"{folder}: no pairs/*.jsonl or parallel/*.jsonl in this folder")
    return sources


def _read_source(path: Path, keys: tuple[str, str], *, parallel: bool) -> Source:
    rows = read_rows(path)
    if not rows:
        raise BadData(f"{path}: holds no pair")
    return Source(
        path.stem,
        [row.text(keys[0])[:QUESTION_CHARS] for row in rows],
        [row.text(keys[1])[:PASSAGE_CHARS] for row in rows],
        parallel,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a JSONL file and where it stands, as `file:line`."""

    place: str
    values: dict[str, object]

    def text(self, key: str) -> str:
        """Return the text under `key`; raise `BadData` if there is none."""
        value = self.values.get(key)
        if not isinstance(value, str):
            raise BadData(f"{self.place}: {key!r} must be there and be text")
        return value


def read_rows(path: Path) -> list[Row]:
    """Read the objects of a JSONL file; blank lines are skipped, anything else is `BadData`."""
    rows: list[Row] = []
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            values = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadData(f"{place}: not JSON ({error.msg})") from None
        if not isinstance(values, dict):
            raise BadData(f"{place}: not a JSON object")
        rows.append(Row(place, values))
    return rows


def read_lines(path: Path) -> list[str]:
    """Read a UTF-8 file as lines, cut at line feeds alone (texts may hold other separators)."""
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise BadData(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadData(f"{path}:{line}: not UTF-8") from None
