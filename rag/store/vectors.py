"""Vectors on disk, one file a layer, searched exactly and mapped into memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from rag.types import Matrix, Vector

    Bits = NDArray[np.uint8]


class Vectors:
    """The vectors of all layers under their ids; those of `dead` ranges are never found."""

    def __init__(
        self, layers: Sequence[tuple[int, faiss.Index]], dead: Sequence[tuple[int, int]] = ()
    ) -> None:
        """Take each layer with its first id, in order."""
        self._layers = layers
        self._firsts = [first for first, _ in layers]
        self._alive = {first: _alive(first, index.ntotal, dead) for first, index in layers}

    @property
    def total(self) -> int:
        """How many there are, dead ones included."""
        return sum(index.ntotal for _, index in self._layers)

    def nearest(
        self, vector: Vector, limit: int, only: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and inner products of the `limit` nearest to a vector, best first."""
        import faiss

        # One thread: a second costs ten times its gain on a busy machine, on one query.
        faiss.omp_set_num_threads(1)
        found: list[tuple[int, float]] = []
        for first, index in self._layers:
            selector = self._selector(first, index.ntotal, only)
            parameters = None
            if selector is not None:
                parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # SWIG
            at_most = min(limit, index.ntotal)
            if not at_most:
                continue
            scores, rows = index.search(vector[None, :], at_most, params=parameters)
            # FAISS pads with -1 when there are fewer than `limit`.
            pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
            found += [(first + row, score) for row, score in pairs if row >= 0]
        if len(self._layers) > 1:
            found.sort(key=lambda pair: (-pair[1], pair[0]))
        return found[:limit]

    def rows(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of ids, shape (len(ids), dimension)."""
        import numpy as np

        wanted = np.asarray(ids, dtype=np.int64)
        found: Matrix = np.empty((len(wanted), self._layers[0][1].d), dtype=np.float32)
        layer = np.searchsorted(self._firsts, wanted, side="right") - 1
        for number, (first, index) in enumerate(self._layers):
            here = np.flatnonzero(layer == number)
            if len(here):
                found[here] = index.reconstruct_batch(wanted[here] - first)
        return found

    def _selector(
        self, first: int, count: int, only: Sequence[int] | None
    ) -> faiss.IDSelector | None:
        import faiss
        import numpy as np

        if only is not None:
            here = [id_ - first for id_ in only if first <= id_ < first + count]
            return faiss.IDSelectorBatch(np.asarray(here, dtype=np.int64))
        alive = self._alive[first]
        if alive is None:
            return None
        return faiss.IDSelectorBitmap(alive)  # type: ignore[call-arg, arg-type]  # SWIG


def _alive(first: int, count: int, dead: Sequence[tuple[int, int]]) -> Bits | None:
    """Return a bit for each row of a layer, set unless it is dead; None when none is."""
    start = bisect_right(dead, (first, -1))
    ranges = [pair for pair in dead[start:] if pair[0] < first + count]
    if not ranges:
        return None
    import numpy as np

    bits = np.ones(count, dtype=np.uint8)
    for begin, end in ranges:
        bits[begin - first : end - first + 1] = 0
    return np.packbits(bits, bitorder="little")


def name(first: int) -> str:
    """Return the name of the file with the vectors of the layer that begins with id `first`."""
    return f"vectors-{first:09}.faiss" if first else "vectors.faiss"


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
