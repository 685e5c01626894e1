"""Characters, languages and sentences: the little linguistics that every stage shares.

Everything here is pure and cheap to import. `fold` is the one spelling in which text is compared:
the lexical index, the built-in embedder and the quotation check all see folded text, so that
`ＡＩ`, `AI` and `ai`, or `漢語` and `汉语`, are the same word everywhere or nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from heapq import nlargest
from pathlib import Path

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Character class (without brackets) of Han ideographs."""

KANA = "\u3040-\u30ff\u31f0-\u31ff"
HANGUL = "\uac00-\ud7af"

_HAN = re.compile(f"[{HAN}]")
_HAN_RUN = re.compile(f"[{HAN}]+")
_KANA_RUN = re.compile(f"[{KANA}]+")
_WORD = re.compile(rf"[^\W\d_{HAN}{KANA}{HANGUL}]+")
_COUNTED = re.compile(
    rf"[{HAN}{KANA}]|[^\W_{HAN}{KANA}](?:[^\W_{HAN}{KANA}]|['’.,-](?=[^\W_{HAN}{KANA}]))*"
)
_FULL_WIDTH = re.compile("[\u3000-\u303f\uff00-\uffef]")
_WIDE = re.compile(f"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]")
_EITHER = "“”‘’—…"
_CHINESE = ("——", "……")  # that are doubled
_BREAK = re.compile(r"(?<![ \t])[ \t]*\n\s*")  # not from the middle of a long run: linear
_NEAR = 8  # characters beside a break that say what joins its lines
_UNNAMED = {"zh": "（未标明说话人）", "en": "(speaker not named)"}

# A sentence ends at a full-width mark wherever it stands, at a Latin mark only before a space or
# the end (3.5 and example.com stay whole), at dots of hesitation only when a new sentence visibly
# begins ("Well... I" is one), and always takes its closing quotes and brackets along.
_CLOSERS = "[\"'”’」』）)】》〉］\\]]*"
_SENTENCE_END = re.compile(
    rf"(?:[。！？!?]+{_CLOSERS}"
    rf"|(?<!\.)\.{_CLOSERS}(?=\s|$)"
    rf"|(?:(?<!\.)\.\.++|(?<!…)…++){_CLOSERS}(?=\s*$|\s+[A-Z])"
    rf"|[；;](?=[{HAN}\s]|$)"
    r"|\n)\n*"
)
_ABBREVIATION = re.compile(
    r"(?<![^\s(\[\"“'])(?:mrs?|ms|dr|prof|hon|gen|gov|sen|st|vs|etc|fig|approx|dept|inc|ltd|jr|sr"
    r"|ph\.d|[a-z]|(?:[a-z]\.){1,3}[a-z])\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 12
_WIDE = re.compile(
    f"[\u1100-\u115f\u2e80-\ua4cf{HANGUL}\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
    "\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003fffd]"
)
_NARROWEST, _WIDEST = 40, 130  # columns at which people and programs wrap lines
_RAGGED = 12  # columns that wrapped lines of one text differ in


@cache
def _simplified() -> dict[int, int]:
    """Traditional to simplified characters, one to one, as `str.translate` wants it."""
    table = (Path(__file__).parent / "data" / "han_simplified.txt").read_text(encoding="utf-8")
    traditional, simplified = table.split("\n")[:2]
    return dict(zip(map(ord, traditional), map(ord, simplified), strict=True))


def fold(text: str) -> str:
    """Return `text` in the form used for comparison: NFKC, lower case, simplified characters.

    Idempotent. The length may change (NFKC expands ligatures); use it for matching, never for
    display.
    """
    return unicodedata.normalize("NFKC", text).lower().translate(_simplified())


def is_han(char: str) -> bool:
    """Tell whether one character is a Han ideograph."""
    return _HAN.match(char) is not None


def language(text: str) -> str:
    """Guess the language of `text`: `"zh"`, `"en"` (any other alphabet) or `""` if it has no words.

    One Han character carries about as much as one Latin word, so they are weighed one to one.
    Text with kana is not called Chinese even when most of it is kanji.
    """
    han = _length(_HAN_RUN, text)
    if not han:
        return "en" if _WORD.search(text) else ""
    if _length(_KANA_RUN, text) * 10 > han:
        return "en"
    return "zh" if han * 2 >= len(_WORD.findall(text)) else "en"


def _length(runs: re.Pattern[str], text: str) -> int:
    """Return the length of all runs together."""
    return sum(map(len, runs.findall(text)))


def count_words(text: str) -> int:
    """Count words: every ideograph and kana is one, and so is `don't`, `3.5` or `follow-up`."""
    return len(_COUNTED.findall(text))


def clock(seconds: float) -> str:
    """Write whole seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def unnamed(spoken: str) -> str:
    """Return what stands, in a language, for the name of somebody whom the file does not name."""
    return _UNNAMED["zh" if spoken == "zh" else "en"]


def is_unnamed(label: str) -> bool:
    """Tell whether a label is what stands for the name of somebody who is not named."""
    return label.strip().strip("()（）") in {name.strip("()（）") for name in _UNNAMED.values()}


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut `text` into sentences; return `(start, end)` offsets with outer white space left out.

    Chinese and Western marks end a sentence, and so do line breaks unless the line was wrapped.
    The spans are in order, do not overlap, and together hold every character of `text` that is
    not white space.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    column = _wrap_column(text)
    for match in _SENTENCE_END.finditer(text):
        if text[match.start()] == "\n":
            if _is_wrapped(text, match.start(), match.end(), column):
                continue
        elif _ABBREVIATION.search(
            text, max(start, match.end() - _LONGEST_ABBREVIATION), match.end()
        ):
            continue
        _append_trimmed(spans, text, start, match.end())
        start = match.end()
    _append_trimmed(spans, text, start, len(text))
    return spans


def _is_wrapped(text: str, end: int, begin: int, column: int) -> bool:
    """Tell whether the line break from `end` to `begin` is one inside a sentence.

    It is when the line above is long, stops without a mark, and the next goes on in small letters;
    or when it is as full as lines get in this text: the next word would not have fitted.
    """
    if begin != end + 1 or begin >= len(text):
        return False
    above = text[text.rfind("\n", 0, end) + 1 : end].rstrip()
    after = text[begin : begin + _WIDEST].split(maxsplit=1)
    if not above or not after or not (above[-1].isalnum() or above[-1] in ",，、;；-—"):
        return False
    width, word = _width(above), after[0]
    if width < _NARROWEST:
        return False
    if word[0].islower() and not is_han(above[-1]):
        return True
    room = 2 if is_han(word[0]) else _width(word) + 1
    # A full-width mark may not begin a line, so that a character more is moved down with it.
    full = width + room + 2 > column > 0
    return full and (word[0].isalnum() or word[0] in "“‘(（《「\"'")


def _wrap_column(text: str) -> int:
    """The width at which the lines of `text` are wrapped, or 0 when no two lines suggest one."""
    if "\n" not in text:
        return 0
    second, widest = nlargest(2, map(_width, text.split("\n")))[::-1]
    return widest if widest <= _WIDEST and widest - second < _RAGGED else 0


def _width(line: str) -> int:
    """Columns that a line takes on a screen, where an ideograph takes two."""
    return len(line) + (0 if line.isascii() else len(_WIDE.findall(line)))


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def joint(left: str, right: str) -> str:
    """Return what joins two texts that stand on lines of their own: a blank or nothing.

    As printers set them: nothing between two ideographs, and nothing beside a full-width mark,
    which brings its own room (`好吧。Okay`). Curly quotes, dashes and dots belong to either script;
    what they stand beside decides. Beside an empty text there is nothing to part.
    """
    if not left or not right:
        return ""
    last, first = left[-1], right[0]
    if _FULL_WIDTH.match(last) or _FULL_WIDTH.match(first) or last in "“‘" or first == "”":
        return ""
    doubled = left[-2:] in _CHINESE or right[:2] in _CHINESE
    if last in _EITHER or first in _EITHER:
        last, first = left.rstrip(_EITHER)[-1:], right.lstrip(_EITHER)[:1]
    if doubled and (_WIDE.match(last) or _WIDE.match(first)):
        return ""
    return "" if _WIDE.match(last or first) and _WIDE.match(first or last) else " "


def one_line(text: str) -> str:
    """Put the lines of a text into one, joined as its script joins them."""

    def joined(match: re.Match[str]) -> str:
        start, end = match.span()
        return joint(text[max(0, start - _NEAR) : start], text[end : end + _NEAR])

    return _BREAK.sub(joined, text)
