"""Text as it is compared: words only, in one spelling, with the way back to the original.

`squash` turns a text into one string in which a quotation can be looked for with `str.find`, which
is some hundred times as fast as comparing word by word. `Places` leads from a place in that string
back to the original; it is only worked out for a text in which something was found.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from rag.errors import STEERING
from rag.text import HAN, HANGUL, KANA, fold

WIDE = f"{HAN}{KANA}{HANGUL}"
"""Scripts (as a character class without brackets) whose characters are words of their own."""

ELLIPSIS = re.compile(r"[\[(（【]?(?:[…⋯]+|\.(?:[ \u00a0]?\.){2,}|。{3,})[\])）】]?")

# A word keeps its inner apostrophes and its signs (don't, C++), a number what belongs to its value:
# thousands, its decimal point, 9:30, 3-5, 1/2, a sign and a percent sign. So no part of a number is
# a word.
_TEMPLATE = (
    r"(?:(?<!N)(?<![-–—−－])[-−－](?=\d))?"
    r"N+(?:(?:(?<=\d)(?:[.．:：/／⁄~～–—－-](?=\d)|[,，](?=\d\d\d(?!\d)))|['’‘＇ʼ])N+)*"
    r"(?:(?<=\d) ?[%％‰]|[+＋#＃]{1,2})?|[$＄€£￡¥￥+＋&＆°]"
)
_ASCII = re.compile(_TEMPLATE.replace("N", "[A-Za-z0-9]"))
_ANY = re.compile(_TEMPLATE.replace("N", rf"[^\W_{WIDE}]") + f"|[{WIDE}]+")
_BESIDE_WIDE = re.compile(rf" (?:(?<=[{WIDE}] )|(?=[{WIDE}]))")
_UNIT = re.compile(rf"[{WIDE}]|[^ {WIDE}]+")
WIDE_CHARACTER = re.compile(f"[{WIDE}]")
# Whatever may become several characters, or one with its neighbour, when it is normalised.
_ODD = re.compile(
    "[^\\x00-\\xac\\xae-\\xb1\\xb4-\\xbb\\xbf-\\u012f\\u0134-\\u013e\\u0141-\\u0148\\u014a-\\u017e"
    "\\u0391-\\u03c9\\u0400-\\u045f\\u2010-\\u2027\\u2030-\\u203b\\u2044\\u20ac\\u2190-\\u21ff"
    "\\u2212\\u2500-\\u26ff\\u3000-\\u3029\\u3030-\\u303f\\u3041-\\u3096\\u30a1-\\u30fe\\u4e00-\\u9fff"
    "\\u3400-\\u4dbf\\uac00-\\ud7a3\\uff01-\\uff5e\\uffe5\\U00020000-\\U0002a6df]"
)
# A model is shown a text without the characters that steer a terminal, and quotes it so.
_INVISIBLE = re.compile(f"{STEERING.pattern}|[\u00ad\u200c\u200d\ufe00-\ufe0f]")
_KEPT = 1024  # texts; an answer has some sixty sources, and a conversation returns to them


@lru_cache(maxsize=_KEPT)
def squash(text: str) -> str:
    """Return the words of `text`, folded, with one space between words of spaced scripts only."""
    plain = _plain(text)
    if plain.isascii():
        return _even(" ".join(_ASCII.findall(plain)))
    return _even(_BESIDE_WIDE.sub("", " ".join(_ANY.findall(plain))))


def _plain(text: str) -> str:
    """Return `text` in a form in which every character can be folded on its own."""
    if not _INVISIBLE.search(text) and (text.isascii() or not _ODD.search(text)):
        return text
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def _even(tokens: str) -> str:
    """Fold words and drop what numbers may or may not be written with."""
    if tokens.isascii():
        even = tokens.lower()
    else:
        even = fold(tokens).replace("’", "'").replace("‘", "'").replace("ʼ", "'")
        even = even.replace("–", "-").replace("—", "-").replace("−", "-").replace("~", "-")
        even = even.replace("⁄", "/").replace(" ‰", "‰")
    return even.replace(",", "").replace(" %", "%")


def units(squashed: str) -> list[str]:
    """Cut squashed text into single words."""
    return _UNIT.findall(squashed)


def spans(squashed: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Return where the single words of squashed text stand in it."""
    stop = len(squashed) if end is None else end
    return [match.span() for match in _UNIT.finditer(squashed, start, stop)]


def has_words(squashed: str) -> bool:
    """Tell whether there is more in it than signs."""
    return any(map(str.isalnum, squashed))


def is_edge(squashed: str, at: int) -> bool:
    """Tell whether a word may begin or end at this place in squashed text."""
    if at <= 0 or at >= len(squashed):
        return True
    before, after = squashed[at - 1], squashed[at]
    return (
        before == " "
        or after == " "
        or WIDE_CHARACTER.match(before) is not None
        or WIDE_CHARACTER.match(after) is not None
    )


@dataclass(frozen=True, slots=True)
class Places:
    """Where the words of a squashed text stand in the original.

    Token n begins at `squashed[n]` of the squashed text and stands at `begins[n] : ends[n]` of
    the plain one, which is the original itself unless characters had to be normalised first.
    """

    text: str
    plain: str
    squashed: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Places:
        """Work out the places of a text."""
        plain = _plain(text)
        squashed: list[int] = []
        begins: list[int] = []
        ends: list[int] = []
        position, wide_before = 0, True
        for match in (_ASCII if plain.isascii() else _ANY).finditer(plain):
            wide = WIDE_CHARACTER.match(match[0]) is not None
            position += not (wide or wide_before)
            squashed.append(position)
            begins.append(match.start())
            ends.append(match.end())
            position += len(_even(match[0]))
            wide_before = wide
        return cls(text, plain, tuple(squashed), tuple(begins), tuple(ends))

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where the words at `start : end` of the squashed text stand in the original."""
        first = bisect_right(self.squashed, start) - 1
        last = bisect_right(self.squashed, end - 1) - 1
        begin, stop = self.begins[first], self.ends[last]
        if WIDE_CHARACTER.match(self.plain[begin]):
            begin += start - self.squashed[first]
        if WIDE_CHARACTER.match(self.plain[self.begins[last]]):
            stop = self.begins[last] + end - self.squashed[last]
        if self.plain is self.text:
            return begin, stop
        return self._before(begin), self._after(stop)

    def _before(self, at: int) -> int:
        """The last place of the original whose text up to there has at most `at` plain ones."""
        return bisect_right(range(len(self.text) + 1), at, key=self._length) - 1

    def _after(self, at: int) -> int:
        place = self._before(at)
        return place if self._length(place) >= at else place + 1

    def _length(self, place: int) -> int:
        return len(unicodedata.normalize("NFKC", _INVISIBLE.sub("", self.text[:place])))


@lru_cache(maxsize=_KEPT // 4)
def places(text: str) -> Places:
    """Return the places of a text; the last few are remembered."""
    return Places.of(text)
