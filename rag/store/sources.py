"""What an index was made of: its files and folders, found again even when it is damaged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from rag import paths
from rag.errors import NotReady
from rag.store.catalog import Catalog
from rag.store.generation import MANIFEST, current, generations, label, read_manifest
from rag.store.index import PASSAGES
from rag.store.known import absolute_path
from rag.transcripts.naming import Naming


def anchor(folder: Path, base: Path) -> Path:
    """Return the folder to which the paths in an index are relative.

    That is `base`, the project, when the index lies in it. Another index names the same files from
    wherever it is opened: relative to its own project or, outside of any, by their whole paths.
    """
    absolute = absolute_path(folder)
    if absolute.is_relative_to(base):
        return base
    if absolute.parent.name == "index":
        return absolute.parent.parent
    around = paths.project(absolute.parent)
    # An index that is itself called `index` makes no project of the folder that it lies in: its
    # paths would be relative to another place once it is there.
    alone = around is not None and absolute == around / "index" and not paths.is_marked(around)
    return absolute if around is None or alone else around  # no transcript lies in the index itself


def roots(folder: Path) -> tuple[str, ...]:
    """Return what was indexed, as recorded, relative to `anchor` where it lies under it.

    Raises:
        NotReady: when there is no index, or no file of it tells any more.
    """
    try:
        return read_manifest(folder, current(folder)).roots
    except NotReady as error:
        for recorded in _recorded(folder):
            if recorded:
                return recorded
        again = f"name the files again: rag index PATH -i {label(folder)}"
        raise NotReady(error.message, again if generations(folder) else error.hint) from None


def names(folder: Path) -> Naming:
    """Return the names of speakers that were given by hand, of the newest generation that tells."""
    for generation in reversed(generations(folder)):
        with suppress(sqlite3.Error), closing(Catalog.open(generation / PASSAGES)) as catalog:
            return Naming.from_rows(catalog.naming())
    return Naming()


def _recorded(folder: Path) -> Iterator[tuple[str, ...]]:
    """Look for the roots wherever else they are written, newest generation first."""
    for generation in reversed(generations(folder)):
        with suppress(NotReady):
            yield read_manifest(folder, generation).roots
        with suppress(sqlite3.Error), closing(Catalog.open(generation / PASSAGES)) as catalog:
            yield tuple(catalog.roots())
        # A manifest of another format, or one that is damaged elsewhere.
        with suppress(OSError, ValueError, KeyError, TypeError):
            values = json.loads((generation / MANIFEST).read_text(encoding="utf-8"))
            yield tuple(str(root) for root in values["roots"])
