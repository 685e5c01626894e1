"""Where the words of a passage stand in the turn or section that they are of."""

from __future__ import annotations

from rag.types import Section, Span, Turn


def span(source: Turn | Section, part: int, offset: int, length: int) -> Span:
    """Return the span of a turn or section that begins at `offset`."""
    text = source.text[offset : offset + length]
    first = source.text.count("\n", 0, offset)
    # A part may end with the line break behind its last line.
    touched = slice(first, first + text.rstrip("\n").count("\n") + 1)
    lines = source.lines[touched]
    if isinstance(source, Section):
        return Span(source.number, part, "", text, offset, lines)
    times = source.times[touched]
    start = times[0] if times else source.start
    return Span(source.number, part, source.speaker, text, offset, lines, start, times)
