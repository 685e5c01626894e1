"""ASS and SSA: a line for each event, whose fields are named by a `Format:` line.

Read by ourselves: pysubs2 keeps the names but not the file lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.transcripts.captions.build import Notes, caption, numbered, ordered
from rag.transcripts.captions.times import clock
from rag.transcripts.cues import Cue, Recording

_USUAL: tuple[str, ...] = (
    "layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text",
)  # fmt: skip
_CODES = re.compile(r"\{([^{}]*)\}")
_DRAWING = re.compile(r"\\p(\d+)")
_BREAK = re.compile(r"\\[Nn]")
_NO_TITLE = re.compile(r"(?:default|untitled|aegisub|<untitled>)\b.*", re.IGNORECASE)


def read(pieces: Iterable[str], place: str) -> Recording:
    """Read the dialogue of an ASS or SSA file; its comments and drawings are left out."""
    notes = Notes(place)
    fields, title = _USUAL, ""
    cues: list[Cue] = []
    for number, line in numbered(pieces):
        key, colon, rest = line.lstrip("\ufeff \t").partition(":")
        key = key.strip().lower()
        if not colon:
            continue
        if key == "format" and "start" in rest.lower():
            fields = tuple(name.strip().lower() for name in rest.split(","))
        elif key == "title" and not title and not _NO_TITLE.match(rest.strip()):
            title = rest.strip()
        elif key == "dialogue":
            cues += _event(rest, fields, number, notes)
    return Recording(ordered(cues, notes), title=title, warnings=notes.all())


def _event(rest: str, fields: tuple[str, ...], number: int, notes: Notes) -> Iterator[Cue]:
    values = rest.split(",", len(fields) - 1)
    event = dict(zip(fields, values, strict=False))
    if len(values) < len(fields):
        notes.add(number, "fields are missing")
        event["text"] = values[-1]
    start, _ = clock(event.get("start", ""))
    end, _ = clock(event.get("end", ""))
    if start is None or end is None:
        notes.add(number, "a damaged time")
        start = start if start is not None else end
        end = end if end is not None else start
    elif end < start:
        notes.add(number, "ends before it begins")
        end = start
    name = event.get("name", event.get("actor", "")).strip()
    lines = [(number, part) for part in _BREAK.split(_words(event.get("text", "")))]
    yield from caption(start, end, lines, name)


def _words(text: str) -> str:
    """Return the text of an event without override codes and the drawings they switch on."""
    kept, start, drawing = [], 0, False
    for match in _CODES.finditer(text):
        if not drawing:
            kept.append(text[start : match.start()])
        for level in _DRAWING.findall(match[1]):
            drawing = int(level[:9]) > 0
        start = match.end()
    if not drawing:
        kept.append(text[start:])
    return "".join(kept).replace("\\h", " ")
