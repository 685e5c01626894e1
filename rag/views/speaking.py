"""Who speaks how much, as a table, and who of them may be one person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import safe
from rag.text import unnamed
from rag.transcripts.merging import Heard, Merge, suggest

if TYPE_CHECKING:
    from rag.store import Speaker


@dataclass(frozen=True, slots=True)
class Share:
    """How much one person says over all transcripts, and how else they are called.

    `minutes` is None where no file has times; `speaker` is None for what the files give to nobody.
    """

    speaker: str | None
    turns: int
    characters: int
    transcripts: tuple[str, ...]
    words: int = 0
    minutes: float | None = None
    aliases: tuple[str, ...] = ()


def speakers(rows: Sequence[Speaker], aliases: Iterable[tuple[str, str]] = ()) -> list[Share]:
    """Add up what each person says, most words first."""
    grouped: dict[str, list[Speaker]] = {}
    for row in rows:
        grouped.setdefault(row.name, []).append(row)
    others: dict[str, list[str]] = {}
    for other, name in aliases:
        others.setdefault(name, []).append(other)
    shares = [
        Share(
            name or None,
            sum(row.turns for row in said),
            sum(row.characters for row in said),
            tuple(row.transcript for row in said),
            sum(row.words for row in said),
            _minutes([row.seconds for row in said if row.seconds is not None]),
            tuple(others.get(name, ())),
        )
        for name, said in grouped.items()
    ]
    return sorted(shares, key=lambda share: (-share.words, -share.characters, share.speaker or ""))


def _minutes(seconds: Sequence[float]) -> float | None:
    return round(sum(seconds) / 60, 2) if seconds else None


def table(shares: Sequence[Share]) -> str:
    """Show speakers as tab-separated columns, which pipes and terminals both take."""
    rows = [("turns", "words", "minutes", "speaker", "transcripts")]
    rows += [
        (
            str(share.turns),
            str(share.words),
            "" if share.minutes is None else f"{share.minutes:.1f}",
            share.speaker or unnamed("en"),
            ", ".join(share.transcripts),
        )
        for share in shares
    ]
    return "\n".join("\t".join(safe(" ".join(cell.split())) for cell in row) for row in rows)


def suggestions(shares: Iterable[Share], aliases: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Return the lines for a `speakers.toml` that would merge who may be one person."""
    heard = {
        share.speaker: Heard(frozenset(share.transcripts), share.turns, share.words)
        for share in shares
        if share.speaker
    }
    return [_line(merge) for merge in suggest(heard, aliases)]


def _line(merge: Merge) -> str:
    others = ", ".join(map(_quoted, merge.others))
    return safe(f"{_quoted(merge.name)} = [{others}]")


def _quoted(text: str) -> str:
    """A text as TOML writes it: as JSON does, but for one control character that is none there."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
