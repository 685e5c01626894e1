"""Which lines begin with the name of a speaker, and which only look as if they did.

Two passes. `candidate` reads one line and says what label it may carry, in which style. `accept`
looks at all candidates of a file together: a label is a speaker when it is a known role, when the
file declares it, or when it recurs in a style in which the file marks its speakers. A bold list
item with a colon inside somebody's reply is none of these, and stays text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.text import HAN, fold
from rag.transcripts.markup import bare, plain
from rag.transcripts.names import is_name, is_role, never_speaks
from rag.transcripts.styles import (
    ABOVE,
    ALONE,
    BEFORE,
    BELOW,
    BOLD,
    ENCLOSED_STAMP,
    LEADING_STAMP,
    LIST,
    LONE_STAMP,
    LONGEST,
    TIME,
    TRAILING_STAMP,
    fitting,
)

__all__ = ["TIME", "Candidate", "accept", "candidate", "clean", "labelled", "seconds"]

_REMEMBERED = 4096  # labels; a file repeats the same few all the time
_FORBIDDEN = re.compile(r"[。！？!?；;“”\"…<>|=\\{}]|https?")
_OPEN, _CLOSE = r"[(（\[]", r"[)）\]]"
_INSIDE = r"[^()（）\[\]]"
_PARENTHESIS = re.compile(
    rf"\s*{_OPEN}(?:{_INSIDE}|{_OPEN}{_INSIDE}*{_CLOSE})*{_CLOSE}(?:\s*\W)?\s*$"
)
_AND = re.compile(r"\s*(?:[,，、&/]|\band\b|和|与)\s*")
_SHARES = {"heading-bold": 0.8}  # of the headings that must be names; half of them, elsewhere
_SENT = re.compile(r"From\s+(\S.{0,60}?)(?:\s+to\s+\S.*)?\s*")  # how meetings save their chat
_key = lru_cache(_REMEMBERED)(fold)
_LOWER_WORD = re.compile(r"(?<![A-Za-z])[a-z]{2,}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may open a turn: its label, the text after it, and how the label is written.

    `label` is the name alone, `key` the name as it is compared; `written` has the remark behind it
    too: `Ann Lee (Example Ltd)`. A label that stands on two lines takes `span` of them.
    """

    index: int
    label: str
    written: str
    key: str
    rest: str
    style: str
    seconds: float | None = None
    span: int = 1


def candidate(line: str, index: int) -> Candidate | None:
    """Return the label that `line` may carry, or None when it cannot be one."""
    text = bare(line).strip()
    stamp = None
    # Most lines begin with a letter: neither a time nor a mark of a list is there.
    if not text[:1].isalpha() and (match := LEADING_STAMP.match(text)):
        stamp, text = match["bold"] or match["stamp"], text[match.end() :]
    if not text[:1].isalpha() and (match := LIST.match(text)):
        text = text[match.end() :]
    # The first pattern that fits decides.
    for style, pattern in (*fitting(text), *(ALONE if stamp else ())):
        if match := pattern.match(text):
            return _candidate(match, style, stamp, index)
    return None


def labelled(name: str, stamp: str, style: str, index: int, span: int) -> Candidate | None:
    """Return the label that the lines of a name and a time may be together."""
    label = clean(name)
    if not _plausible(label):
        return None
    at = seconds(stamp)
    return Candidate(index, label, _unwrapped(name), _key(label), "", style, at, span)


def _candidate(match: re.Match[str], style: str, stamp: str | None, index: int) -> Candidate | None:
    groups = match.groupdict()
    written, inner = _split_stamp(groups["label"])
    rest, after = groups["rest"], None
    if not inner and ":" in rest and (lone := LONE_STAMP.fullmatch(rest)):
        rest, after = "", lone[1]
    elif ":" in rest and (lone := ENCLOSED_STAMP.match(rest)):
        rest, after = rest[lone.end() :], lone[1]
    if stamp and (sent := _SENT.fullmatch(written)):
        written = sent[1]
    label, written = clean(written), _unwrapped(written)
    if not _plausible(label):
        return None
    time = stamp or groups.get("time") or inner or after
    at = seconds(time) if time else None
    return Candidate(index, label, written, _key(label), rest, style, at)


def _split_stamp(label: str) -> tuple[str, str | None]:
    if ":" not in label:
        return label, None
    if match := TRAILING_STAMP.search(label):
        return label[: match.start()], match[1]
    if match := LEADING_STAMP.match(label):
        return label[match.end() :], match["bold"] or match["stamp"]
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
    lines = list(lines)
    known = _known(candidates, declared, _stamped(candidates, lines))
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
    # One label alone is somebody's when the file declares exactly that name, and marks it.
    names = {fold(name) for name in declared}
    sure = any(item.key in names and item.style in BOLD for item in accepted)
    return accepted if len(accepted) >= 2 or sure else []


def _stamped(candidates: Sequence[Candidate], lines: Iterable[str]) -> dict[str, int]:
    """For the styles in which any line with a time may be a name: how many there are.

    Whoever reads `[00:12] Yeah` has to see whether it is Yeah who speaks.
    """
    styles = {item.style for item in candidates} & {BEFORE, ABOVE, BELOW}
    if not styles:
        return {}
    filled = [text for line in lines if (text := bare(line).strip())]
    ends = [match.end() if (match := LEADING_STAMP.match(text)) else -1 for text in filled]
    alone = sum(end == len(text) for end, text in zip(ends, filled, strict=True))
    before = sum(end >= 0 for end in ends) - alone
    # Words follow a name; where the next time does, it was no name.
    if 2 * sum(first >= 0 and second >= 0 for first, second in pairwise(ends)) > before:
        before *= len(filled)
    return {style: before if style == BEFORE else alone for style in styles}


def _known(
    candidates: Sequence[Candidate], declared: Iterable[str], stamped: Mapping[str, int]
) -> set[tuple[str, str]]:
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
    headings.update(stamped)
    people = Counter(style for style, _ in known)
    return {
        (style, key)
        for style, key in known
        if style not in headings
        or (people[style] > 1 and sure[style] > headings[style] * _SHARES.get(style, 0.5))
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
    if item.style in BOLD:
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
    if words and main not in BOLD:
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
    if not label or len(label) > LONGEST or _FORBIDDEN.search(label):
        return False
    if not any(char.isalpha() for char in label) or re.match(r"\d+[.、)]", label):
        return False
    if never_speaks(label):
        return False
    han = len(re.findall(f"[{HAN}]", label))
    return han <= 12 and len(label.split()) <= 6
