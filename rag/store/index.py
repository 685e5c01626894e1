"""An index opened for reading: passages, vectors and terms of one generation."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import NotReady
from rag.lexical import Counts, Lexical
from rag.store.catalog import Catalog
from rag.store.generation import Manifest, current, read_manifest, repair, verify
from rag.store.vectors import Vectors, read_vectors, write_vectors

if TYPE_CHECKING:
    from rag.types import Matrix, Vector

__all__ = ["PASSAGES", "TERMS", "Store", "read_vectors", "write_vectors"]

PASSAGES = "passages.sqlite"
TERMS = "lexical"
_TRIES = 5


class Store:
    """One complete generation of an index; ids are row numbers, the same in all three parts.

    It satisfies `rag.store.contract.Store`, which is what readers ask for.
    """

    note = ""

    def __init__(
        self, manifest: Manifest, catalog: Catalog, lexical: Lexical, vectors: Vectors
    ) -> None:
        expected = manifest.rows or manifest.passages
        if vectors.total != expected:
            raise NotReady(
                f"{vectors.total} vectors but {expected} passages in the index",
                "rebuild it with rag index",
            )
        self.manifest = manifest
        self.catalog = catalog
        self.lexical = lexical
        self._vectors = vectors

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the current generation of the index in `folder`.

        Raises:
            NotReady: when there is none, or one of its files is missing or damaged.
        """
        generation = current(folder)
        for _ in range(_TRIES):
            try:
                return cls._open(folder, generation)
            except NotReady:
                # Between reading CURRENT and opening its files a writer may have replaced both.
                if generation == (generation := current(folder)):
                    raise
        return cls._open(folder, generation)

    @classmethod
    def _open(cls, folder: Path, generation: Path) -> Store:
        manifest = read_manifest(folder, generation)
        verify(folder, generation, manifest)
        try:
            catalog = Catalog.open(generation / PASSAGES)
            counts = sum((layer.counts for layer in manifest.layers), Counts())
            lexical = _open_terms(generation / TERMS, counts)
            firsts = [layer.first for layer in manifest.layers] or [0]
            parts = [read_vectors(generation, first) for first in firsts]
            vectors = Vectors(parts, catalog.dead())
        except (sqlite3.Error, ValueError, RuntimeError, OSError) as error:
            reason = str(error).strip().split("\n")[0]
            raise NotReady(f"{generation} is damaged: {reason}", repair(folder)) from error
        return cls(manifest, catalog, lexical, vectors)

    def nearest(
        self, vector: Vector, limit: int, only: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the `limit` passages nearest to a unit vector, best first."""
        if not self.manifest.passages or (only is not None and not only):
            return []
        return self._vectors.nearest(vector, limit, only)

    def vectors(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of passages, shape (len(ids), dimension)."""
        return self._vectors.rows(ids)

    def renew(self) -> bool:
        """Stay as it is: no generation is ever changed."""
        return False

    def close(self) -> None:
        """Release the files."""
        self.catalog.close()


def _open_terms(folder: Path, counts: Counts) -> Lexical:
    """Open the lexical index, also where nothing may be written.

    tantivy takes a lock in the folder even to read. No generation is ever changed, so the lock may
    as well be taken in a temporary folder that links to the files; once they are open, it can go.
    """
    try:
        return Lexical.open(folder, counts)
    except ValueError as error:
        if "Lockfile" not in str(error):
            raise
    with tempfile.TemporaryDirectory(prefix="rag-") as shadow:
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (Path(shadow) / path.name).symlink_to(path.resolve())
        return Lexical.open(Path(shadow), counts)
