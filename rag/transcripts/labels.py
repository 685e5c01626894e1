"""Which lines begin with the name of a speaker, and which only look as if they did.

Two passes. `candidate` reads one line and says what label it may carry, in which style. `accept`
looks at all candidates of a file together: a label is a speaker when it is a known role, when the
file declares it, or when it recurs in a style in which the file marks its speakers. A bold list
item with a colon inside somebody's reply is none of these, and stays text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.text import HAN, fold
from rag.transcripts.markup import bare, plain
from rag.transcripts.names import is_name, is_role, never_speaks

TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_STAMP = rf"\\?[\[(（【]?{TIME}\\?[\])）】]?"
_LEADING_STAMP = re.compile(
    rf"[-*]?\s*({_STAMP})(?:\s*(?:-->|[-–—~至到])\s*{_STAMP})?\s*[-–—|]?\s*"
)
_LONE_STAMP = re.compile(rf"\s*({_STAMP})\s*")
_TRAILING_STAMP = re.compile(rf"\s*[-–—|,，]?\s*({_STAMP})\s*$")
_LIST = re.compile(r"(?:>\s?|[-*+•]\s+(?=\*\*|\[|[^\s*]))+")
_BOLD = ("bold", "bold-out", "bold-time")
_REMEMBERED = 4096  # labels; a file repeats the same few all the time
_LONGEST = 40  # characters of a name; a remark behind it may take as many again

_Patterns = tuple[tuple[str, re.Pattern[str]], ...]  # style and how it is written
_STARRED: _Patterns = (
    ("bold", re.compile(r"(?:\*\*|__)(?P<label>[^*]{1,90}?)\s*[:：]\s*(?:\*\*|__)(?P<rest>.*)")),
    ("bold", re.compile(r"\*\*(?P<label>[^*:：]{1,90})[:：](?P<rest>(?:(?!\*\*).)+)\*\*\s*$")),
    (
        "bold-out",
        re.compile(rf"\*\*(?P<label>[^*]{{1,90}}?)\*\*\s*(?P<time>{_STAMP})?\s*[:：](?P<rest>.*)"),
    ),
    (
        "bold-time",
        re.compile(rf"\*\*(?P<label>[^*]{{1,90}}?)\*\*\s*(?P<time>{_STAMP})(?P<rest>)\s*$"),
    ),
)
_HEADINGS: _Patterns = tuple(
    (
        f"heading{level}",
        re.compile(rf"#{{{level}}}\s+(?P<label>[^#]{{1,90}}?)\s*[:：]?\s*#*\s*(?P<rest>)$"),
    )
    for level in range(1, 7)
)
_PLAIN: _Patterns = (
    (
        "plain",
        re.compile(
            rf"(?P<label>[^\s:：#>*|][^:：]{{0,89}}?)\s*(?P<time>{_STAMP})?\s*"
            rf"(?:：|:(?=\s|$|[{HAN}“「『《（]))(?P<rest>.*)"
        ),
    ),
    (
        "plain-time",
        re.compile(rf"(?P<label>[^\s:：#>*|\d][^:：]{{0,89}}?)\s+(?P<time>{_STAMP})(?P<rest>)\s*$"),
    ),
)
_DASHED: _Patterns = (("dash", re.compile(r"(?P<label>[QqAa]|问|答)\s?[-–—]\s+(?P<rest>.*)")),)
_BRACKETED: _Patterns = (
    ("bracket", re.compile(r"\[(?P<label>[^\]]{1,90})\]\s*[:：](?P<rest>.*)")),
    ("bracket", re.compile(r"【(?P<label>[^】]{1,90})】\s*[:：]?(?P<rest>.*)")),
    *_PLAIN,
)
_FORBIDDEN = re.compile(r"[。！？!?；;“”\"…<>|=\\{}]|https?")
_OPEN, _CLOSE = r"[(（\[]", r"[)）\]]"
_INSIDE = r"[^()（）\[\]]"
_PARENTHESIS = re.compile(
    rf"\s*{_OPEN}(?:{_INSIDE}|{_OPEN}{_INSIDE}*{_CLOSE})*{_CLOSE}(?:\s*\W)?\s*$"
)
_AND = re.compile(r"\s*(?:[,，、&/]|\band\b|和|与)\s*")
_LOWER_WORD = re.compile(r"(?<![A-Za-z])[a-z]{2,}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may open a turn: its label, the text after it, and how the label is written.

    `label` is the name alone, `key` the name as it is compared; `written` has the remark behind it
    too: `Ann Lee (Example Ltd)`.
    """

    index: int
    label: str
    written: str
    key: str
    rest: str
    style: str
    seconds: float | None = None


def candidate(line: str, index: int) -> Candidate | None:
    """Return the label that `line` may carry, or None when it cannot be one."""
    text = bare(line).strip()
    stamp = None
    if match := _LEADING_STAMP.match(text):
        stamp, text = match[1], text[match.end() :]
    if match := _LIST.match(text):
        text = text[match.end() :]
    # The first pattern that fits decides.
    for style, pattern in _fitting(text):
        if match := pattern.match(text):
            return _candidate(match, style, stamp, index)
    return None


def _fitting(text: str) -> _Patterns:
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
    head = text[: 3 * _LONGEST]
    return (*_DASHED, *_PLAIN) if ":" in head or "：" in head else _DASHED


def _candidate(match: re.Match[str], style: str, stamp: str | None, index: int) -> Candidate | None:
    groups = match.groupdict()
    written, inner = _split_stamp(groups["label"])
    rest, after = groups["rest"], None
    if not inner and (lone := _LONE_STAMP.fullmatch(rest)):
        rest, after = "", lone[1]
    label, written = clean(written), _unwrapped(written)
    if not _plausible(label):
        return None
    time = stamp or groups.get("time") or inner or after
    at = seconds(time) if time else None
    return Candidate(index, label, written, fold(label), rest, style, at)


def _split_stamp(label: str) -> tuple[str, str | None]:
    if match := _TRAILING_STAMP.search(label):
        return label[: match.start()], match[1]
    return label, None


@lru_cache(_REMEMBERED)
def clean(label: str) -> str:
    """Return a label without markup, brackets and a remark in parentheses behind the name."""
    text = _unwrapped(label)
    return _PARENTHESIS.sub("", text) or text


@lru_cache(_REMEMBERED)
def _unwrapped(label: str) -> str:
    text = plain(label).strip(" \t-–—•#")
    if len(text) > 2 and text[0] in "[【（(" and text[-1] in "]】）)":
        text = text[1:-1].strip()
    return text


def seconds(stamp: str) -> float:
    """Read `[hh:]mm:ss[.fff]`, brackets allowed, as seconds."""
    parts = re.sub(r"[\\\[\]()（）【】\s]", "", stamp).replace(",", ".").split(":")
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return total


def accept(
    candidates: Sequence[Candidate], declared: Iterable[str], lines: Iterable[str]
) -> list[Candidate]:
    """Return the candidates that really open a turn; empty when nobody speaks in the file.

    `declared` are names from the front matter, `lines` those of the file.
    """
    known = _known(candidates, declared)
    weights = Counter(item.style for item in candidates if (item.style, item.key) in known)
    if not weights:
        return []
    # Styles that mark a fair share of the turns; a stray style only adds labels known elsewhere.
    major = {style for style, weight in weights.items() if weight * 4 >= max(weights.values())}
    main = max(weights, key=lambda style: weights[style])
    speakers = {key for style, key in known if style in major}
    once = _named_once(candidates, main, speakers, lines)
    accepted = [
        item
        for item in candidates
        if (item.style in major and (item.style, item.key) in known)
        or (item.key in speakers and not _is_heading(item))
        or item.key in once
        or _together(item, speakers)
    ]
    return accepted if len(accepted) >= 2 else []


def _known(candidates: Sequence[Candidate], declared: Iterable[str]) -> set[tuple[str, str]]:
    """Labels that speak for certain, each with the style in which it does."""
    names = _word_wise(fold(name) for name in declared)
    counts = Counter((item.style, item.key) for item in candidates)
    sure = Counter[str]()
    known: dict[tuple[str, str], None] = {}
    for item in candidates:
        role = is_role(item.label) and not _is_option(item, counts)
        if role or item.key in names or _recurs(item, counts):
            known[item.style, item.key] = None
            sure[item.style] += 1
    # Topics recur among headings as well: there must be two people, and most headings must be them.
    headings = Counter(item.style for item in candidates if _is_heading(item))
    people = Counter(style for style, _ in known)
    return {
        (style, key)
        for style, key in known
        if style not in headings or (people[style] > 1 and 2 * sure[style] > headings[style])
    }


def _word_wise(names: Iterable[str]) -> set[str]:
    """The names with their word-wise beginnings and ends: a label is declared when it is one."""
    found: set[str] = set()
    for name in names:
        words = name.split(" ")
        found |= {" ".join(words[:count]) for count in range(1, len(words) + 1)}
        found |= {" ".join(words[count:]) for count in range(len(words))}
        found -= {part for part in words if len(part) < 2 and part != name}
    return found


def _is_option(item: Candidate, counts: Counter[tuple[str, str]]) -> bool:
    """An `A:` without any `Q:` begins an answer only if there are several, else it is a choice."""
    partner = {"a": "q", "q": "a"}.get(item.key)
    if partner is None or counts[item.style, partner]:
        return False
    return counts[item.style, item.key] < 3 or counts[item.style, "b"] > 0


def _recurs(item: Candidate, counts: Counter[tuple[str, str]]) -> bool:
    count = counts[item.style, item.key]
    if item.style in _BOLD:
        return count >= 2
    if re.search(r"[,，、]", item.label):
        return False
    if item.style == "bracket":
        return count >= 2
    # Bare text and headings are full of colons that introduce no speaker: ask for more.
    return (count >= 2 and is_name(item.label)) or (count >= 3 and not _is_heading(item))


def _named_once(
    candidates: Sequence[Candidate], main: str, speakers: set[str], lines: Iterable[str]
) -> set[str]:
    """People who speak too rarely to be known otherwise: names, in the file's main style."""
    names = {
        item.key: item.label
        for item in candidates
        if item.style == main
        and not _is_heading(item)
        and len(item.key) > 1
        and is_name(item.label)
    }
    words = {key for key in names.keys() - speakers if key.isascii() and key.isalpha()}
    if words and main not in _BOLD:
        # A word that the file also writes small, like "problem", is nobody's name.
        for line in lines:
            words.difference_update(_LOWER_WORD.findall(line))
        return {key for key in names if key in words or not (key.isascii() and key.isalpha())}
    return set(names)


def _together(item: Candidate, speakers: set[str]) -> bool:
    """`Ann, Bob:` are people saying the same thing, one of them at least a known speaker."""
    parts = _AND.split(item.label)
    known = [fold(part) in speakers for part in parts]
    if len(parts) < 2 or _is_heading(item) or not any(known):
        return False
    return all(sure or is_name(part) for sure, part in zip(known, parts, strict=True))


def _is_heading(item: Candidate) -> bool:
    return item.style.startswith("heading")


@lru_cache(_REMEMBERED)
def _plausible(label: str) -> bool:
    if not label or len(label) > _LONGEST or _FORBIDDEN.search(label):
        return False
    if not any(char.isalpha() for char in label) or re.match(r"\d+[.、)]", label):
        return False
    if never_speaks(label):
        return False
    han = len(re.findall(f"[{HAN}]", label))
    return han <= 12 and len(label.split()) <= 6
