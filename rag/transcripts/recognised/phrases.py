"""Speech services whose files give phrases of words: Google, Azure, Rev.

Each reader returns None when the shape of a value is not its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from rag.transcripts.recognised.pieces import Piece, Word, speaker
from rag.transcripts.recognised.services import in_order, located
from rag.transcripts.recognised.times import seconds
from rag.transcripts.recognised.tree import Item, Tree, first, mapping, objects, written


def google(tree: Tree, value: object) -> list[Piece] | None:
    """Google Speech-to-Text: results of alternatives; the last one may repeat all with speakers."""
    top = mapping(value)
    top = mapping(top.get("response")) or top
    results = [item for item in objects(top.get("results")) if objects(item.get("alternatives"))]
    if not results or "type" in results[0]:
        return None
    best = [objects(item.get("alternatives"))[0] for item in results]
    listed = [objects(one.get("words")) for one in best]
    tagged = [items for items in listed if any(map(_google_name, items))]
    if tagged and len(tagged) < len(best):
        return located(tree, ((item, _google_word(item), False) for item in tagged[-1]))
    pieces: list[Piece] = []
    for one in best:
        words = tuple(map(_google_word, objects(one.get("words"))))
        start, end = (words[0].start, words[-1].end) if words else (None, None)
        raw = written(one.get("transcript"))
        name = words[0].speaker if words else ""
        pieces.append(Piece(raw, start, end, tree.line(one, raw), name, words))
    return [piece for piece in pieces if piece.text]


def _google_name(item: Item) -> str:
    tag = first(item, "speakerLabel", "speaker_label", "speakerTag", "speaker_tag")
    return "" if tag in (0, "0") else speaker(tag)  # 0 says that speakers were not told apart


def _google_word(item: Item) -> Word:
    start = first(item, "startTime", "startOffset", "start_time", "start_offset")
    end = first(item, "endTime", "endOffset", "end_time", "end_offset")
    # A word at the very beginning has no start at all.
    begin = seconds(start, 1) if start is not None else (0.0 if end is not None else None)
    return Word(written(item.get("word")), begin, seconds(end, 1), _google_name(item))


def azure(tree: Tree, value: object) -> list[Piece] | None:
    """Azure batch transcription: recognised phrases, the best of each with its words in ticks."""
    phrases = objects(mapping(value).get("recognizedPhrases"))
    if not any("nBest" in phrase for phrase in phrases):
        return None
    pieces: list[Piece] = []
    for phrase in phrases:
        best = next(iter(objects(phrase.get("nBest"))), {})
        text = written(first(best, "display", "itn", "lexical"))
        start, length = _azure_time(phrase, "offset"), _azure_time(phrase, "duration")
        end = start + length if start is not None and length is not None else None
        name = speaker(phrase.get("speaker"))
        words = tuple(_azure_words(best))
        if text:
            pieces.append(Piece(text, start, end, tree.line(best, text), name, words))
    return in_order(pieces)


def _azure_time(item: Item, key: str) -> float | None:
    if (ticks := seconds(item.get(f"{key}InTicks"), 1e-7)) is not None:
        return ticks
    return seconds(item.get(key), 1e-7)


def _azure_words(best: Item) -> Iterator[Word]:
    for item in objects(first(best, "displayWords", "words")):
        start, length = _azure_time(item, "offset"), _azure_time(item, "duration")
        end = start + length if start is not None and length is not None else None
        yield Word(written(first(item, "displayText", "word")), start, end)


def rev(tree: Tree, value: object) -> list[Piece] | None:
    """Rev: monologues of elements that bring their own spaces; speakers in a list aside."""
    top = mapping(value)
    monologues = [m for m in objects(top.get("monologues")) if "elements" in m]
    if not monologues:
        return None
    names = {
        item["id"]: written(item.get("name"))
        for item in objects(top.get("speakers"))
        if isinstance(item.get("id"), int)
    }
    pieces: list[Piece] = []
    for monologue in monologues:
        who = monologue.get("speaker")
        name = (names.get(who) if isinstance(who, int) else "") or _name(who)
        elements = objects(monologue.get("elements"))
        words = tuple(
            Word(
                text,
                seconds(first(item, "ts", "timestamp"), 1),
                seconds(first(item, "end_ts", "end_timestamp"), 1),
            )
            for item in elements
            if isinstance(text := item.get("value"), str)
        )
        text = written("".join(word.text for word in words))
        start = next((word.start for word in words if word.start is not None), None)
        end = next((word.end for word in reversed(words) if word.end is not None), None)
        line = tree.line(elements[0]) if elements else tree.line(monologue)
        pieces.append(Piece(text, start, end, line, name, words))
    return pieces


def _name(value: object) -> str:
    return written(value.get("name")) if isinstance(value, dict) else speaker(value)
