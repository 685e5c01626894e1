"""Numbers as they are written and spoken, so that 9.6 万, 9 万 6 and 96,000 are the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.text import fold

_SCALES = {
    "十": 10.0, "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9,
    "bn": 1e9, "trillion": 1e12,
}  # fmt: skip
_SCALE = (
    r"万亿|千万|百万|[十百千万亿]|(?:hundred|thousand|million|billion|trillion|bn|k|m)(?![a-z])"
)
_WRITTEN = re.compile(rf"(?<![\d.a-z-])(\d+(?:\.\d+)?)(?: ?({_SCALE}))?(?![\d]|\.\d)")
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3})")
# 9 万 6 is 96000 and 4 块 2 is 4.2: the digit behind counts tenths.
_AND_TENTHS = re.compile(r"(\d+) ?([百千万亿块]) ?(\d)(?![\d.]| ?[十百千万亿个月年天块])")
_SPOKEN = re.compile("[零〇一二两三四五六七八九十百千万亿]{2,}")
_DIGITS = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_SMALL = {
    word: n
    for n, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen".split(),
        start=1,
    )
} | {"a": 1}
_SPELT = re.compile(rf"\b({'|'.join(_SMALL)}) (hundred|thousand|million|billion)\b")


def even(text: str) -> str:
    """Return a text folded, its numbers without separators of thousands."""
    return _THOUSANDS.sub("", fold(text))


def written(text: str) -> Iterator[tuple[float, float]]:
    """Yield the values of the numbers written in digits in an evened text, and their exactness.

    Of 18.6 万 the last digit stands for a thousand: it is exact to half of that. A number without
    a scale is what it is.
    """
    for match in _AND_TENTHS.finditer(text):
        yield _with_tenths(match), 0.0
    for match in _WRITTEN.finditer(_AND_TENTHS.sub(" ", text)):
        scale = _SCALES[match[2]] if match[2] else 1.0
        places = len(match[1].partition(".")[2])
        yield float(match[1]) * scale, 0.5 * scale / 10**places if match[2] else 0.0


def mentioned(text: str) -> set[float]:
    """Return the values of all numbers of an evened text, however they are said."""
    values = {value for value, _ in written(text)}
    values |= {float(match[1]) for match in _WRITTEN.finditer(text)}
    values |= {_SMALL[m[1]] * _SCALES[m[2]] for m in _SPELT.finditer(text)}
    for match in _SPOKEN.finditer(text):
        values |= _spoken(match[0])
    return values


def _with_tenths(match: re.Match[str]) -> float:
    scale = _SCALES.get(match[2], 1.0)
    return int(match[1]) * scale + int(match[3]) * scale / 10


def _spoken(said: str) -> set[float]:
    """The values of a Chinese numeral; digit by digit where it has no scale (一九九八)."""
    if not set(said) & set("十百千万亿"):
        return {float("".join(str(_DIGITS[char]) for char in said))}
    total = section = digit = 0.0
    last = 10.0
    for char in said:
        if char in _DIGITS:
            digit, last = _DIGITS[char], 10.0 if char in "零〇" else last
            continue
        last = _SCALES[char]
        if last >= 1e4:
            total, section = (total + section + digit) * last, 0.0
        else:
            section += (digit or (1.0 if char == "十" else 0.0)) * last
        digit = 0.0
    # 两千六 and 四万二: what is left behind a scale counts its tenths.
    return {total + section + digit, total + section + digit * last / 10}
