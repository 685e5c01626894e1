"""Labels that mean one person become one speaker."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping

from rag.text import fold, is_han, is_unnamed
from rag.transcripts.names import is_name, is_role

_GROUP = re.compile(r"((?:现场)?观众|听众(?:朋友)?|网友|读者|学生)(?:提问|问)\d*")
_BETWEEN = re.compile(r"\s*[,，、&/＆]\s*|\s+(?:and|und|et)\s+|\s*[和与]\s*")
_AUDIENCE = re.compile(r"audience (?:member|question)", re.IGNORECASE)


def canonical(
    labels: Iterable[str], declared: Iterable[str], aliases: Mapping[str, str]
) -> dict[str, str]:
    """Map each label as written to the speaker it means.

    An explicit alias wins; a group that asks (`观众提问`) is the group; a label that is the first
    or last words, or the initials, of exactly one longer name in the file is that person, as `Sam`
    and `SA` are `Sam Altman`. A label of several people (`Ann, Bob`, `张三和李四`) is all of them,
    written as `rag.types.people` takes it apart.
    """
    labels = list(dict.fromkeys(labels))
    table = {fold(alias): name for alias, name in aliases.items()}
    names = dict.fromkeys([*declared, *(table.get(fold(label), label) for label in labels)])
    single = [name for name in names if not _BETWEEN.search(name)]
    known = {*map(fold, single), *table, *_longer(single)}
    several = {label: parts for label in labels if (parts := _several(label, known, table))}
    longer = _longer(name for name in names if name not in several)
    return {
        label: _joint([_speaker(part, longer, table) for part in several[label]])
        if label in several
        else _speaker(label, longer, table)
        for label in labels
    }


def _longer(names: Iterable[str]) -> dict[str, set[str]]:
    """For each part of a name that may stand for it, the names."""
    longer: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for short in shortened(fold(name)):
            longer[short].add(name)
    return longer


def _several(label: str, known: Container[str], table: Mapping[str, str]) -> list[str]:
    """Return the people whom one label names, or nothing when it names one.

    Behind a comma may stand a title or a first name (`Smith, John`), and `&` stands in the names of
    companies (`Marks & Spencer`): there everybody has to be known from elsewhere in the file.
    Otherwise one of them has to, and the others look like names.
    """
    parts = _BETWEEN.split(label)
    if len(parts) < 2 or not all(parts) or fold(label) in table:
        return []
    sure = [fold(part) in known for part in parts]
    if all(sure):
        return parts
    if not any(sure) or re.search("[,&＆]", label):
        return []
    people = (yes or is_name(part) for yes, part in zip(sure, parts, strict=True))
    return parts if all(people) else []


def _joint(names: Iterable[str]) -> str:
    names = list(dict.fromkeys(names))
    return ("、" if all(is_han(name[0]) for name in names) else " & ").join(names)


def _speaker(label: str, longer: Mapping[str, set[str]], table: Mapping[str, str]) -> str:
    if (alias := table.get(fold(label))) is not None:
        return alias
    if is_unnamed(label):
        return ""
    if match := _GROUP.fullmatch(label):
        return match[1]
    if _AUDIENCE.fullmatch(label):
        return label.partition(" ")[0]
    if is_role(label):
        return label
    names = longer.get(fold(label), set())
    # The name may itself be written at several lengths: Sam, Sam Altman, Samuel is another.
    whole = [name for name in names if names.isdisjoint(longer.get(fold(name), ()))]
    return table.get(fold(whole[0]), _one(whole[0])) if len(whole) == 1 else _one(label)


def _one(name: str) -> str:
    """The name of one party, its `&` between blanks that do not part it into people."""
    return name.replace(" & ", "\N{NO-BREAK SPACE}&\N{NO-BREAK SPACE}")


def shortened(name: str) -> set[str]:
    """The word-wise beginnings and ends of a name of several words, and its initials."""
    words = name.split()
    beginnings = {" ".join(words[:count]) for count in range(1, len(words))}
    ends = {" ".join(words[count:]) for count in range(1, len(words))}
    initials = {"".join(word[0] for word in words)} if len(words) > 1 else set()
    return beginnings | ends | initials
