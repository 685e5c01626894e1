"""Labels that mean one person become one speaker."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from rag.text import fold
from rag.transcripts.names import is_role

_GROUP = re.compile(r"((?:现场)?观众|听众(?:朋友)?|网友|读者|学生)(?:提问|问)\d*")
_AUDIENCE = re.compile(r"audience (?:member|question)", re.IGNORECASE)


def canonical(
    labels: Iterable[str], declared: Iterable[str], aliases: Mapping[str, str]
) -> dict[str, str]:
    """Map each label as written to the speaker it means.

    An explicit alias wins; a group that asks (`观众提问`) is the group; a label that is the first
    or last words, or the initials, of exactly one longer name in the file is that person, as `Sam`
    and `SA` are `Sam Altman`.
    """
    labels = list(dict.fromkeys(labels))
    table = {fold(alias): name for alias, name in aliases.items()}
    names = dict.fromkeys([*declared, *(table.get(fold(label), label) for label in labels)])
    longer: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for short in _shortened(fold(name)):
            longer[short].add(name)
    return {label: _speaker(label, longer, table) for label in labels}


def _speaker(label: str, longer: Mapping[str, set[str]], table: Mapping[str, str]) -> str:
    if (alias := table.get(fold(label))) is not None:
        return alias
    if match := _GROUP.fullmatch(label):
        return match[1]
    if _AUDIENCE.fullmatch(label):
        return label.partition(" ")[0]
    if is_role(label):
        return label
    names = longer.get(fold(label), set())
    # The name may itself be written at several lengths: Sam, Sam Altman, Samuel is another.
    whole = [name for name in names if names.isdisjoint(longer.get(fold(name), ()))]
    return table.get(fold(whole[0]), whole[0]) if len(whole) == 1 else label


def _shortened(name: str) -> set[str]:
    """The word-wise beginnings and ends of a name of several words, and its initials."""
    words = name.split()
    beginnings = {" ".join(words[:count]) for count in range(1, len(words))}
    ends = {" ".join(words[count:]) for count in range(1, len(words))}
    initials = {"".join(word[0] for word in words)} if len(words) > 1 else set()
    return beginnings | ends | initials
