"""An index opened for reading: passages, vectors and terms of one generation."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import NotReady
from rag.lexical import Lexical
from rag.store.catalog import Catalog
from rag.store.generation import Manifest, current, read_manifest, repair, verify

if TYPE_CHECKING:
    import faiss

    from rag.types import Matrix, Vector

PASSAGES = "passages.sqlite"
VECTORS = "vectors.faiss"
TERMS = "lexical"
_TRIES = 5


class Store:
    """One complete generation of an index; ids are row numbers, the same in all three parts."""

    def __init__(
        self, manifest: Manifest, catalog: Catalog, lexical: Lexical, vectors: faiss.Index
    ) -> None:
        if vectors.ntotal != manifest.passages:
            raise NotReady(
                f"{vectors.ntotal} vectors but {manifest.passages} passages in the index",
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
            lexical = _open_terms(generation / TERMS)
            vectors = read_vectors(generation / VECTORS)
        except (sqlite3.Error, ValueError, RuntimeError, OSError) as error:
            reason = str(error).strip().split("\n")[0]
            raise NotReady(f"{generation} is damaged: {reason}", repair(folder)) from error
        return cls(manifest, catalog, lexical, vectors)

    def nearest(
        self, vector: Vector, limit: int, only: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the `limit` passages nearest to a unit vector, best first."""
        import faiss
        import numpy as np

        if not self._vectors.ntotal or (only is not None and not only):
            return []
        # One thread: a second costs ten times its gain on a busy machine, on one query.
        faiss.omp_set_num_threads(1)
        parameters = None
        if only is not None:
            selector = faiss.IDSelectorBatch(np.asarray(only, dtype=np.int64))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # SWIG
        limit = min(limit, self._vectors.ntotal)
        scores, ids = self._vectors.search(vector[None, :], limit, params=parameters)
        # FAISS pads with -1 when there are fewer than `limit`.
        pairs = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [(id_, score) for id_, score in pairs if id_ >= 0]

    def vectors(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of passages, shape (len(ids), dimension)."""
        import numpy as np

        found: Matrix = self._vectors.reconstruct_batch(np.asarray(ids, dtype=np.int64))
        return found

    def close(self) -> None:
        """Release the files."""
        self.catalog.close()


def _open_terms(folder: Path) -> Lexical:
    """Open the lexical index, also where nothing may be written.

    tantivy takes a lock in the folder even to read. No generation is ever changed, so the lock may
    as well be taken in a temporary folder that links to the files; once they are open, it can go.
    """
    try:
        return Lexical.open(folder)
    except ValueError as error:
        if "Lockfile" not in str(error):
            raise
    with tempfile.TemporaryDirectory(prefix="rag-") as shadow:
        for path in folder.iterdir():
            if path.suffix != ".lock":
                (Path(shadow) / path.name).symlink_to(path.resolve())
        return Lexical.open(Path(shadow))


def write_vectors(path: Path, vectors: Matrix) -> None:
    """Write an exact inner-product index of `vectors`, shape (n, dimension)."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    # Written by Python: FAISS cannot open non-ASCII paths on Windows.
    faiss.serialize_index(index).tofile(path)


def read_vectors(path: Path) -> faiss.Index:
    """Open a FAISS index, mapped into memory where the system allows it.

    Raises:
        RuntimeError: when FAISS cannot read it.
    """
    import faiss
    import numpy as np

    if str(path).isascii():
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    return faiss.deserialize_index(np.fromfile(path, dtype=np.uint8))
