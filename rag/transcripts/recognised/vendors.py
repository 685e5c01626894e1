"""Readers of JSON that is more than a list of texts with times, in the order they are tried."""

from __future__ import annotations

from collections.abc import Callable

from rag.transcripts.recognised.phrases import azure, google, rev
from rag.transcripts.recognised.pieces import Piece, Word, joined, speaker
from rag.transcripts.recognised.services import aws, deepgram, speechmatics
from rag.transcripts.recognised.times import seconds
from rag.transcripts.recognised.tree import Item, Tree, first, mapping, objects, written

Reader = Callable[[Tree, object], list[Piece] | None]
"""Reads a value of its own shape, and returns None for any other."""


def youtube(tree: Tree, value: object) -> list[Piece] | None:
    """YouTube: `events` of `segs`; those that only append a line break to a window are left out."""
    events = [item for item in objects(mapping(value).get("events")) if "tStartMs" in item]
    if not any("segs" in event for event in events):
        return None
    pieces: list[Piece] = []
    for event in events:
        start = seconds(event.get("tStartMs"), 1e-3)
        length = seconds(event.get("dDurationMs"), 1e-3)
        parts = [
            (utf8, (start or 0) + (seconds(seg.get("tOffsetMs"), 1e-3) or 0))
            for seg in objects(event.get("segs"))
            if isinstance(utf8 := seg.get("utf8"), str)
        ]
        text = written("".join(part for part, _ in parts))
        if not text or start is None:
            continue
        words = tuple(Word(part, at, None) for part, at in parts) if len(parts) > 1 else ()
        end = start + length if length is not None else None
        line = tree.line(event, parts[0][0])
        pieces.append(Piece(text, start, end, line, "", words))
    return _shortened(pieces)


def whisper_cpp(tree: Tree, value: object) -> list[Piece] | None:
    """whisper.cpp: `transcription` with offsets in milliseconds, or clocks."""
    items = objects(mapping(value).get("transcription"))
    if not any("offsets" in item or "timestamps" in item for item in items):
        return None
    pieces: list[Piece] = []
    for item in items:
        start, end = (_span(item, key) for key in ("from", "to"))
        text = written(item.get("text"))
        if text:
            line = tree.line(item, str(item.get("text")))
            pieces.append(Piece(text, start, end, line, speaker(item.get("speaker"))))
    return pieces


def _span(item: Item, key: str) -> float | None:
    offset = seconds(mapping(item.get("offsets")).get(key), 1e-3)
    return offset if offset is not None else seconds(mapping(item.get("timestamps")).get(key), 1)


def parallel(tree: Tree, value: object) -> list[Piece] | None:
    """Meetings for research: one list of what was said, one beside it of who said it."""
    top = mapping(value)
    said = first(top, "context", "utt", "utterances", "dialogue", "text")
    names = first(top, "speaker", "speakers")
    if not isinstance(said, list) or not isinstance(names, list) or len(said) != len(names):
        return None
    texts = [_sentences(item) for item in said]
    if not all(isinstance(name, str | int) for name in names) or not any(texts):
        return None
    # The first sentence of a turn is found in the file, the turn as put together is not.
    firsts = [item[0] if isinstance(item, list) and item else item for item in said]
    lines = tree.lines(top, [one if isinstance(one, str) else "" for one in firsts])
    return [
        Piece(text, None, None, line, speaker(name))
        for text, name, line in zip(texts, names, lines, strict=True)
        if text
    ]


def _sentences(value: object) -> str:
    if isinstance(value, list):
        return joined([written(part) for part in value])
    return written(value)


def _shortened(pieces: list[Piece]) -> list[Piece]:
    """Captions on two rolling lines stay on the screen while the next is spoken: end them there."""
    ends = [piece.start for piece in pieces[1:]] + [None] * bool(pieces)
    return [
        Piece(
            piece.text,
            piece.start,
            min(filter(None, (piece.end, after)), default=None),
            piece.line,
            piece.speaker,
            piece.words,
        )
        for piece, after in zip(pieces, ends, strict=True)
    ]


READERS: tuple[Reader, ...] = (
    youtube, whisper_cpp, aws, deepgram, speechmatics, google, azure, rev, parallel,
)  # fmt: skip
