"""Labels that mean one person become one speaker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rag.text import fold
from rag.transcripts.labels import is_role

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
    names = list(dict.fromkeys([*declared, *(table.get(fold(label), label) for label in labels)]))
    return {label: _speaker(label, names, table) for label in labels}


def _speaker(label: str, names: list[str], table: Mapping[str, str]) -> str:
    if (alias := table.get(fold(label))) is not None:
        return alias
    if match := _GROUP.fullmatch(label):
        return match[1]
    if _AUDIENCE.fullmatch(label):
        return label.partition(" ")[0]
    if is_role(label):
        return label
    longer = {name for name in names if _shortens(fold(label), fold(name))}
    # The name may itself be written at several lengths: Sam, Sam Altman, Samuel is another.
    whole = {name for name in longer if not any(_shortens(fold(name), fold(o)) for o in longer)}
    return _speaker_of(whole, label, table)


def _speaker_of(whole: set[str], label: str, table: Mapping[str, str]) -> str:
    if len(whole) != 1:
        return label
    name = whole.pop()
    return table.get(fold(name), name)


def _shortens(short: str, name: str) -> bool:
    if short == name or " " not in name:
        return False
    initials = "".join(word[0] for word in name.split())
    return name.startswith(short + " ") or name.endswith(" " + short) or initials == short
