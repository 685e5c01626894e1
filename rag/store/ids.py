"""Ids of transcripts: the file's stem where that is enough to tell it from the others."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rag import transcripts as reading
from rag.types import Transcript

_CHOICES = 5


def distinct(
    items: Iterable[tuple[Transcript, str]], had: Mapping[str, str], taken: Iterable[str] = ()
) -> list[tuple[Transcript, str]]:
    """Give every transcript an id of its own, in the order of their paths.

    A file keeps the id that it had: an address noted down must not come to mean another file. New
    files of one stem get the name of their folder or their suffix in addition, all of them, so
    that the order in which they are found decides nothing. `taken` ids are those of other files.
    """
    ordered = sorted(items, key=lambda pair: pair[0].path)
    used = set(taken)
    ids = {item.path: had[item.path] for item, _ in ordered if item.path in had}
    used |= set(ids.values())
    for choice in range(_CHOICES):
        waiting = [item.path for item, _ in ordered if item.path not in ids]
        wanted = {path: _name(path, choice) for path in waiting}
        counts = Counter(wanted.values())
        for path, name in wanted.items():
            # The last choice is taken also by two whose paths share a hash: by turns.
            if name not in used and (counts[name] == 1 or choice == _CHOICES - 1):
                ids[path] = name
                used.add(name)
    for path in [item.path for item, _ in ordered if item.path not in ids]:
        number = 2
        while (name := f"{_name(path, _CHOICES - 1)}-{number}") in used:
            number += 1
        ids[path] = name
        used.add(name)
    return [(replace(item, id=ids[item.path]), sha256) for item, sha256 in ordered]


def _name(path: str, choice: int) -> str:
    place = Path(path)
    stem, kind = reading.identifier(place), place.suffix.lstrip(".").lower() or "file"
    parent = reading.identifier(Path(place.parent.name or "file"))
    if choice == _CHOICES - 1:
        return f"{stem}-{hashlib.sha256(path.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return (stem, f"{parent}-{stem}", f"{stem}-{kind}", f"{parent}-{stem}-{kind}")[choice]
