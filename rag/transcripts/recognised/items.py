"""Lists of objects with a text and perhaps a speaker and times: what most tools write.

Whisper and its kin, podcasts, caption lists, meetings and the exports of most vendors are of this
one shape and differ in the names of the keys.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

from rag.transcripts.recognised.fields import named
from rag.transcripts.recognised.pieces import Piece, Word, speaker, stretches
from rag.transcripts.recognised.times import (
    evident_scale,
    named_scale,
    seconds,
    stamp,
    words_in,
)
from rag.transcripts.recognised.tree import Item, Tree, first, keys, mapping, objects, written

_FIRST = 500  # pieces that tell words from sentences
_SAMPLE = 60  # items that tell what the keys of a list mean
_DEEPEST = 6
_MOST_LISTS = 2000
_LONGEST_NAME = 80
_WORDS = ("words", "Words", "result", "word_list", "alignment", "timestamps")
_WORD = ("punctuated_word", "word", "text", "Word", "w", "content", "value")


@dataclass(frozen=True, slots=True)
class Keys:
    """Which keys of the objects of a list say what; empty where none does."""

    text: str
    speaker: str
    start: str
    end: str
    duration: str

    def times(self, item: Item) -> tuple[object, object]:
        """Return what an object says of its beginning and its end, as written."""
        begin, end = item.get(self.start), item.get(self.end)
        if isinstance(begin, list):
            # `timestamp: [0.0, 5.2]`
            begin, end = (begin[0], begin[-1]) if begin else (None, None)
        return begin, end


def keys_of(sample: Sequence[Item]) -> Keys | None:
    """Tell the keys of the objects of a list; None when most of them have no text."""
    known = dict.fromkeys(key for item in sample for key in keys(item))

    def mostly_text(key: str) -> bool:
        return 2 * sum(bool(written(item.get(key))) for item in sample) >= len(sample)

    def is_time(key: str) -> bool:
        values = [_first(item[key]) for item in sample if item.get(key) is not None]
        return bool(values) and all(stamp(value) is not None for value in values)

    def is_speaker(key: str) -> bool:
        names = [_name(item[key]) for item in sample if item.get(key) is not None]
        return any(names) and all(len(name) <= _LONGEST_NAME for name in names)

    text = named("text", known, mostly_text)
    if not text:
        return None
    start = named("start", known, is_time)
    return Keys(
        text,
        named("speaker", (key for key in known if key not in (text, start)), is_speaker),
        start,
        named("end", known, is_time),
        named("duration", known, is_time),
    )


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _name(value: object) -> str:
    if isinstance(value, dict):
        value = first(value, "name", "displayName", "speaker_name", "label", "id")
    return speaker(value)


def find(values: Sequence[object]) -> tuple[list[Item], Keys] | None:
    """Return the list of a file in which people speak, the one that says most about it.

    Lists inside the objects of a list (the words of a segment) do not count for themselves.
    """
    found: list[tuple[list[Item], Keys]] = []
    for value, depth in _lists(values):
        items = objects(value)
        sample = [item for item in items[:_SAMPLE] if item]
        told = keys_of(sample) if sample else None
        # A bare text deep in a file of something else is no speech.
        if told is not None and (told.start or told.speaker or depth <= 1):
            found.append((items, told))
    if not found:
        return None
    best = max((bool(told.speaker), bool(told.start)) for _, told in found)
    fit = [(i, k) for i, k in found if (bool(k.speaker), bool(k.start)) == best]
    sizes = [sum(len(written(item.get(told.text))) for item in items) for items, told in fit]
    # The same words may be there as words, sentences and utterances: take the largest units.
    whole = [fit[n] for n, size in enumerate(sizes) if size * 10 >= max(sizes) * 7]
    return min(whole, key=lambda one: len(one[0]))


def _lists(values: Sequence[object]) -> Iterator[tuple[object, int]]:
    top = values[0] if len(values) == 1 else list(values)
    waiting: deque[tuple[object, int]] = deque([(top, 0)])
    seen = 0
    while waiting and seen < _MOST_LISTS:
        value, depth = waiting.popleft()
        seen += 1
        if isinstance(value, list):
            sample = [item for item in objects(value[:_SAMPLE]) if item]
            if sample and 2 * len(sample) >= len(value[:_SAMPLE]):
                yield value, depth
                if keys_of(sample) is not None:
                    continue
        if depth < _DEEPEST:
            inside = value[:_SAMPLE] if isinstance(value, list) else mapping(value).values()
            waiting += [(item, depth + 1) for item in inside if isinstance(item, dict | list)]


def read(
    tree: Tree, items: Sequence[Item], told: Keys, place: str, scale: float | None = None
) -> tuple[Iterator[Piece], list[str]]:
    """Read the objects of a list; return what they say, and a warning about doubtful times."""
    warning = ""
    if scale is None:
        scale = named_scale(told.start) if told.start else 1.0
    if scale is None:
        sample = items[:5000]
        spans = [told.times(item) for item in sample]
        scale, warning = evident_scale(spans, [written(i.get(told.text)) for i in sample], place)
    # One by one: the words of a whole recording take more memory than all else in it.
    read = (_piece(tree, item, told, scale) for item in items)
    pieces = (piece for piece in read if piece.text)
    first = list(islice(pieces, _FIRST))
    whole = chain(first, pieces)
    if told.start and _are_words(first):
        return _stretches(whole), [warning] if warning else []
    return whole, [warning] if warning else []


def _stretches(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Put words that a list has one by one together."""
    lines = array("q")

    def words() -> Iterator[Word]:
        for piece in pieces:
            lines.append(piece.line)
            yield Word(piece.text, piece.start, piece.end, piece.speaker)

    return stretches(words(), lines.__getitem__)


def _piece(tree: Tree, item: Item, told: Keys, scale: float) -> Piece:
    raw = item.get(told.text)
    text = written(raw)
    begin, end = told.times(item)
    start, stop = seconds(begin, scale), seconds(end, named_scale(told.end) or scale)
    if stop is None and start is not None and told.duration:
        length = seconds(item.get(told.duration), named_scale(told.duration) or scale)
        stop = start + length if length is not None else None
    line = tree.line(item, raw) if isinstance(raw, str) and text else 0
    words = tuple(_words(item, start, stop, scale)) if text else ()
    return Piece(text, start, stop, line, _name(item.get(told.speaker)), words)


def _words(item: Item, start: float | None, stop: float | None, scale: float) -> Iterator[Word]:
    """Yield the words of a segment that have times within it."""
    for word in objects(first(item, *_WORDS)):
        text = first(word, *_WORD)
        told, ending = _word_times(tuple(keys(word)))
        if not isinstance(text, str):
            continue
        begin = seconds(word.get(told), named_scale(told) or scale) if told else None
        end = seconds(word.get(ending), named_scale(ending) or scale) if ending else None
        # Times that count from somewhere else are worse than none.
        if begin is not None and start is not None and not start - 1 <= begin <= (stop or begin):
            begin = end = None
        yield Word(text, begin, end, _name(first(word, "speaker", "speaker_id", "spk")))


@lru_cache(256)
def _word_times(names: tuple[str, ...]) -> tuple[str, str]:
    return named("start", names, bool), named("end", names, bool)


def _are_words(pieces: Sequence[Piece]) -> bool:
    if len(pieces) < 2 or any(piece.words for piece in pieces):
        return False
    return sum(words_in(piece.text) for piece in pieces) <= 1.3 * len(pieces)
