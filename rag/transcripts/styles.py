"""How the label of a speaker may be written in a line of Markdown or plain text.

A style is told apart by its name: the parser trusts a label more in a style that the file uses to
mark its speakers. Styles beginning with `heading` need more proof, for topics are written so too.
"""

from __future__ import annotations

import re

from rag.text import HAN

TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
STAMP = rf"\\?[\[(（【]?{TIME}\\?[\])）】]?"
LEADING_STAMP = re.compile(
    rf"(?:\*\*(?P<bold>{STAMP})\*\*|[-*]?\s*(?P<stamp>{STAMP})"
    rf"(?:\s*(?:-->|[-–—~至到])\s*{STAMP})?)\s*[-–—|]?\s*"
)
ENCLOSED_STAMP = re.compile(rf"\s*(\\?[\[(（【]{TIME}\\?[\])）】])\s*(?=\S)")
LONE_STAMP = re.compile(rf"\s*({STAMP})\s*")
TRAILING_STAMP = re.compile(rf"\s*[-–—|,，]?\s*({STAMP})\s*$")
LIST = re.compile(r"(?:>\s?|[-*+•]\s+(?=\*\*|\[|[^\s*]))+")
BOLD = ("bold", "bold-out", "bold-time")
LONGEST = 40  # characters of a name; a remark behind it may take as many again

Patterns = tuple[tuple[str, re.Pattern[str]], ...]  # style and how it is written
_STARRED: Patterns = (
    ("bold", re.compile(r"(?:\*\*|__)(?P<label>[^*]{1,90}?)\s*[:：]\s*(?:\*\*|__)(?P<rest>.*)")),
    ("bold", re.compile(r"\*\*(?P<label>[^*:：]{1,90})[:：](?P<rest>(?:(?!\*\*).)+)\*\*\s*$")),
    (
        "bold-out",
        re.compile(rf"\*\*(?P<label>[^*]{{1,90}}?)\*\*\s*(?P<time>{STAMP})?\s*[:：](?P<rest>.*)"),
    ),
    (
        "bold-time",
        re.compile(
            rf"\*\*(?P<label>[^*]{{1,90}}?)\*\*\s*[*_]{{0,2}}(?P<time>{STAMP})[*_]{{0,2}}(?P<rest>)\s*$"
        ),
    ),
    ("heading-bold", re.compile(r"\*\*(?P<label>[^*]{1,90}?)\*\*(?P<rest>)\s*$")),
)
_HEADINGS: Patterns = tuple(
    (
        f"heading{level}",
        re.compile(rf"#{{{level}}}\s+(?P<label>[^#]{{1,90}}?)\s*[:：]?\s*#*\s*(?P<rest>)$"),
    )
    for level in range(1, 7)
)
_PLAIN: Patterns = (
    (
        "plain",
        re.compile(
            rf"(?P<label>[^\s:：#>*|][^:：]{{0,89}}?)\s*(?P<time>{STAMP})?\s*"
            rf"(?:：|:(?=\s|$|[{HAN}“「『《（]))(?P<rest>.*)"
        ),
    ),
    (
        "plain-time",
        re.compile(
            r"(?P<label>[^\s:：#>*|\d][^:：]{0,89}?)(?:\s+|(?=[\[(（【]))"
            rf"(?P<time>{STAMP})(?P<rest>)\s*$"
        ),
    ),
)
_DASHED: Patterns = (("dash", re.compile(r"(?P<label>[QqAa]|问|答)\s?[-–—]\s+(?P<rest>.*)")),)
_WITH_COLON = (*_DASHED, *_PLAIN)
BEFORE, ABOVE, BELOW = "plain-time-before", "plain-time-above", "plain-time-below"
ALONE: Patterns = ((BEFORE, re.compile(r"(?P<label>[^:：]{1,80})(?P<rest>)$")),)
"""A time, then a name and nothing else: most lines with a time say something instead."""
_BRACKETED: Patterns = (
    ("bracket", re.compile(r"\[(?P<label>[^\]]{1,90})\]\s*[:：](?P<rest>.*)")),
    ("bracket", re.compile(r"【(?P<label>[^】]{1,90})】\s*[:：]?(?P<rest>.*)")),
    *_PLAIN,
)


def fitting(text: str) -> Patterns:
    """The patterns that can match at all: most lines of a transcript are nobody's label."""
    first = text[:1]
    if first == "#":
        level = len(text) - len(text.lstrip("#"))
        return _HEADINGS[level - 1 : level]
    if first == "*":
        return _STARRED
    if first == "_":
        return _STARRED + _PLAIN
    if first in ("[", "【"):
        return _BRACKETED
    # Behind this many characters a colon cannot belong to a label any more.
    head = text[: 3 * LONGEST]
    return _WITH_COLON if ":" in head or "：" in head else _DASHED
