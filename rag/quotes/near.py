"""What comes nearest to a quotation that is nowhere exactly, and how the two differ."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from itertools import accumulate

from rag.quotes.exact import Place, readings
from rag.quotes.words import ELLIPSIS, WIDE_CHARACTER, is_edge, places, spans, squash

ENOUGH = 0.7
"""Share of words in common (Ratcliff & Obershelp) from which a stretch is called near."""

_TRIED = 3  # sources that are compared word by word
_ALMOST = 0.95  # nothing better is looked for
_MOST_PAIRS = 48  # of a quotation; a longer one is sampled
_MOST_PLACES = 100  # of one pair in all texts
_SLACK = 8  # characters around what was found that may belong to it, too
_LONGEST = 6000  # characters of a source in which an ellipsis is followed


@dataclass(frozen=True, slots=True)
class Similar:
    """A stretch of text number `number` and its difference from the quotation."""

    number: int
    start: int
    end: int
    ratio: float
    difference: str


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of squashed text, and in which parts of it what is to be done to get the other.

    A part is the kind of change, where it stands in the squashed text (0 and 0 for what is only
    added), and which words of the quotation belong there.
    """

    number: int
    start: int
    end: int
    ratio: float
    parts: tuple[tuple[str, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The quotation: its words, squashed and as written, and where an ellipsis stood."""

    squashed: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    text: str
    gaps: frozenset[int]

    @classmethod
    def of(cls, quotation: str) -> _Wanted:
        text = ELLIPSIS.sub(" ", quotation)
        squashed = squash(text)
        where = tuple(spans(squashed))
        gaps, count = set(), 0
        for piece in readings(quotation)[-1][:-1]:
            count += len(spans(piece))
            gaps.add(count)
        return cls(squashed, tuple(squashed[a:b] for a, b in where), where, text, frozenset(gaps))

    def pairs(self) -> dict[str, int]:
        """Return where pairs of neighbouring words stand, in even distances."""
        step = max(1, len(self.spans) // _MOST_PAIRS)
        return {
            self.squashed[self.spans[n][0] : self.spans[n + 1][1]]: self.spans[n][0]
            for n in range(0, len(self.spans) - 1, step)
        }

    def written(self, first: int, last: int) -> str:
        """Return words as they stand in the quotation."""
        start, end = places(self.text).original(self.spans[first][0], self.spans[last - 1][1])
        return self.text[start:end]


def most_similar(quotation: str, texts: Sequence[str]) -> Similar | None:
    """Return the stretch of all texts that differs least from the quotation, if any is near."""
    wanted = _Wanted.of(quotation)
    if len(wanted.words) < 2:
        return None
    squashed = [squash(text) for text in texts]
    found = _places(wanted.pairs(), squashed)
    shared = {number: len({offset for _, offset in there}) for number, there in found.items()}
    best = None
    for number in nlargest(_TRIED, shared, key=lambda number: (shared[number], -number)):
        similar = _compared(wanted, found[number], number, squashed[number])
        if similar is not None and (best is None or similar.ratio > best.ratio):
            best = similar
        if best is not None and best.ratio >= _ALMOST:
            break
    if best is None or best.ratio < ENOUGH:
        return None
    text = texts[best.number]
    start, end = places(text).original(best.start, best.end)
    return Similar(best.number, start, end, best.ratio, _difference(wanted, text, best.parts))


def _compared(
    wanted: _Wanted, found: list[tuple[int, int]], number: int, squashed: str
) -> _Stretch | None:
    low, high = _window(wanted, found, squashed)
    where = spans(squashed, low, high)
    said = [squashed[a:b] for a, b in where]
    matcher = SequenceMatcher(None, said, wanted.words, autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return None
    # As many words more at either end as are wanted there: those in whose place they stand.
    last = blocks[-1]
    rest = len(wanted.words) - last.b - last.size
    first = max(0, blocks[0].a - blocks[0].b)
    end = min(len(said), last.a + last.size + rest)
    matcher.set_seq1(said[first:end])
    codes = [part for code in matcher.get_opcodes() for part in _split(code, wanted.gaps)]
    skipped = sum(b - a for kind, a, b, c, _ in codes if kind == "delete" and c in wanted.gaps)
    common = sum(block.size for block in matcher.get_matching_blocks())
    ratio = 2 * common / (end - first - skipped + len(wanted.words))
    parts = tuple(
        (kind, where[first + a][0], where[first + b - 1][1], c, d) if b > a else (kind, 0, 0, c, d)
        for kind, a, b, c, d in codes
    )
    return _Stretch(number, where[first][0], where[end - 1][1], ratio, parts)


def _split(
    code: tuple[str, int, int, int, int], gaps: frozenset[int]
) -> list[tuple[str, int, int, int, int]]:
    """Part what an ellipsis leaves out from the words beside it that are others."""
    kind, a, b, c, d = code
    more = (b - a) - (d - c)
    if kind != "replace" or more <= 0:
        return [code]
    if c in gaps:
        return [("delete", a, a + more, c, c), ("replace", a + more, b, c, d)]
    if d in gaps:
        return [("replace", a, b - more, c, d), ("delete", b - more, b, d, d)]
    return [code]


def _window(wanted: _Wanted, found: list[tuple[int, int]], squashed: str) -> tuple[int, int]:
    """Return where in a squashed text most of the pairs found there stand together."""
    if wanted.gaps:
        return 0, min(len(squashed), _LONGEST)
    length = len(wanted.squashed) * 5 // 4 + _SLACK
    inside: Counter[int] = Counter()  # of every pair how often it is between `first` and here
    best, low, high, first = 0, 0, 0, 0
    ordered = sorted(found)
    for at, offset in ordered:
        inside[offset] += 1
        while at - ordered[first][0] > length:
            gone = ordered[first][1]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if len(inside) > best:
            best, low = len(inside), ordered[first][0] - ordered[first][1]
            high = at - offset + len(wanted.squashed)
    low, high = max(0, low - _SLACK), min(len(squashed), max(low, high) + _SLACK)
    while not is_edge(squashed, low):
        low -= 1
    while not is_edge(squashed, high):
        high += 1
    return low, high


def _places(pairs: dict[str, int], texts: Sequence[str]) -> dict[int, list[tuple[int, int]]]:
    """Return, by number of text, where pairs stand in it, with their offsets in the quotation."""
    # One search through all texts together costs little more than one through a single text.
    joined = "\n".join(texts)
    begins = [0, *accumulate(len(text) + 1 for text in texts)]
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pair, offset in pairs.items():
        at = joined.find(pair)
        for _ in range(_MOST_PLACES):
            if at < 0:
                break
            number = bisect_right(begins, at) - 1
            found[number].append((at - begins[number], offset))
            at = joined.find(pair, at + 1)
    return found


def _difference(wanted: _Wanted, text: str, parts: Sequence[tuple[str, int, int, int, int]]) -> str:
    """Write the words of the source with `[-said-]{+quoted+}`, its own punctuation between."""
    shown, done = "", -1
    for kind, low, high, first, last in parts:
        if high:
            start, end = places(text).original(low, high)
            shown += text[done:start] if done >= 0 else ""
            done = end
            said = text[start:end]
            if kind == "equal":
                shown += said
            elif kind == "delete" and first in wanted.gaps:
                shown += "…"
            else:
                shown += f"[-{said}-]"
        if kind in ("insert", "replace"):
            added = f"{{+{wanted.written(first, last)}+}}"
            spaced = kind == "insert" and shown and not WIDE_CHARACTER.match(added[2])
            shown += f" {added}" if spaced else added
    return _squeezed(shown)


def marked(text: str, place: Place) -> str:
    """Write a place at which something is lost: the words, with what they lost as `[-said-]`."""
    gaps = [
        part
        for gap in place.gaps
        for part in _without(gap, place.lost)
        if squash(text[slice(*part)])
    ]
    shown, done = "", place.start
    for start, end in sorted((*place.lost, *gaps)):
        said = text[start:end]
        left_out = f"…{said[len(said.rstrip()) :]}" if (start, end) in gaps else _removed(said)
        shown += text[done:start] + left_out
        done = end
    return _squeezed(shown + text[done : place.end])


def _without(gap: tuple[int, int], lost: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of a gap at whose ends something else is shown."""
    start, end = gap
    for low, high in lost:
        if low == start:
            start = high
        elif high == end:
            end = low
    return [(start, end)] if start < end else []


def _removed(text: str) -> str:
    """Write words as left out, the spaces around them outside the brackets."""
    bare = text.strip()
    start = text.index(bare)
    return f"{text[:start]}[-{bare}-]{text[start + len(bare) :]}"


def _squeezed(text: str) -> str:
    """Put every run of white space into one space."""
    return " ".join(text.split())
