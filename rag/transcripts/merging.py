"""Speakers of different files that may be one person: suggested, and never merged by itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rag.text import HAN, fold
from rag.transcripts.names import is_role
from rag.transcripts.speakers import shortened

_BETWEEN = re.compile(r"[\s.·・_'’-]+")
_HAN_NAME = re.compile(f"[{HAN}]{{3,4}}")
_SHORTEST_TYPO, _LONG = 6, 10  # characters from which one, or two, may be mistyped
_RARE = 4  # times as often somebody speaks than under a name mistyped in the same file


@dataclass(frozen=True, slots=True)
class Heard:
    """One name: in which transcripts it speaks, and how much."""

    transcripts: frozenset[str]
    turns: int
    words: int


@dataclass(frozen=True, slots=True)
class Merge:
    """A person, and other names that may be theirs."""

    name: str
    others: tuple[str, ...]


def suggest(heard: Mapping[str, Heard], aliases: Iterable[tuple[str, str]] = ()) -> list[Merge]:
    """Return who may be one person, most words first.

    That is names written alike but for spaces, width, case and script; a part or the initials of
    exactly one longer name of another file; a name that some file lists as another one of
    somebody; and names of which one looks mistyped. Roles are nobody, whatever they are alike.
    """
    names = [name for name in heard if name and not is_role(name)]
    listed = [(other, name) for other, name in aliases if {other, name} <= set(names)]
    found: dict[str, str] = {}
    for pairs in (_alike(names, heard), listed, _parts(names, heard), _mistyped(names, heard)):
        for other, name in pairs:
            if other != name and other not in found and found.get(name) != other:
                found[other] = name
    grouped: dict[str, list[str]] = defaultdict(list)
    for other in found:
        grouped[_end(other, found)].append(other)
    merges = [Merge(name, tuple(sorted(others))) for name, others in grouped.items()]
    return sorted(merges, key=lambda merge: (-heard[merge.name].words, merge.name))


def _end(name: str, found: Mapping[str, str]) -> str:
    seen = {name}
    while name in found and found[name] not in seen:
        name = found[name]
        seen.add(name)
    return name


def _alike(names: Iterable[str], heard: Mapping[str, Heard]) -> Iterator[tuple[str, str]]:
    same: dict[str, list[str]] = defaultdict(list)
    for name in names:
        same[_BETWEEN.sub("", fold(name))].append(name)
    for group in same.values():
        best = max(group, key=lambda name: heard[name].words)
        yield from ((name, best) for name in group if name != best)


def _parts(names: Iterable[str], heard: Mapping[str, Heard]) -> Iterator[tuple[str, str]]:
    """Short names that fit one longer name; who speak in one file are two."""
    names = list(names)
    longer: dict[str, list[str]] = defaultdict(list)
    for name in names:
        given = {name[1:]} if _HAN_NAME.fullmatch(name) else set()
        for short in shortened(fold(name)) | {fold(part) for part in given}:
            longer[short].append(name)
    for name in names:
        fits = longer.get(fold(name), [])
        # One name written in two ways is one name.
        if len(name) < 2 or len({_BETWEEN.sub("", fold(fit)) for fit in fits}) != 1:
            continue
        best = max(fits, key=lambda fit: heard[fit].words)
        if not any(_together(name, fit, heard) for fit in fits):
            yield name, best


def _mistyped(names: Iterable[str], heard: Mapping[str, Heard]) -> Iterator[tuple[str, str]]:
    """Names of one length but for a letter, found by the halves that a typo leaves whole."""
    folded = {name: fold(name) for name in names}
    halves: dict[tuple[int, str], list[str]] = defaultdict(list)
    for name, text in folded.items():
        third = max(1, len(text) // 3)
        for at, piece in enumerate((text[:third], text[-third:])):
            halves[at, piece].append(name)
    for group in halves.values():
        for first in group:
            for second in group:
                less, more = sorted((first, second), key=lambda n: (heard[n].words, n))
                if first < second and _near(folded[first], folded[second]):
                    rare = heard[more].turns >= _RARE * heard[less].turns
                    if rare or not _together(less, more, heard):
                        yield less, more


def _together(one: str, other: str, heard: Mapping[str, Heard]) -> bool:
    return not heard[one].transcripts.isdisjoint(heard[other].transcripts)


def _near(one: str, other: str) -> bool:
    if any(char.isdigit() for char in one + other):
        return False
    if _HAN_NAME.fullmatch(one) and _HAN_NAME.fullmatch(other):
        return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1
    shorter = min(len(one), len(other))
    if shorter < _SHORTEST_TYPO or abs(len(one) - len(other)) > 2:
        return False
    return 0 < _distance(one, other) <= (2 if shorter >= _LONG else 1)


def _distance(one: str, other: str) -> int:
    """Edits between two names, neighbours swapped counting as one (Damerau, restricted)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and (a, one[i - 2]) == (other[j - 2], b):
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
