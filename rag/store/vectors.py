"""Vectors on disk, one file a layer, mapped into memory; beside large ones a file of short codes.

They are kept as half floats: the ten nearest of 955,019 were the same as with whole ones, at half
the size and half the time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.store import sketches

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from rag.types import Matrix, Vector

    Bits = NDArray[np.uint8]

_TESTED_AT = 10


@dataclass(frozen=True, slots=True)
class Part:
    """The vectors of one layer, which have ids from `first` on, and their codes if it is large."""

    first: int
    stored: faiss.Index
    codes: faiss.Index | None = None


class Vectors:
    """The vectors of all layers under their ids; those of `dead` ranges are never found."""

    def __init__(self, parts: Sequence[Part], dead: Sequence[tuple[int, int]] = ()) -> None:
        """Take the layers in order."""
        self._parts = parts
        self._firsts = [part.first for part in parts]
        self._alive = {part.first: _alive(part.first, part.stored.ntotal, dead) for part in parts}

    @property
    def total(self) -> int:
        """How many there are, dead ones included."""
        return sum(part.stored.ntotal for part in self._parts)

    def nearest(
        self,
        vector: Vector,
        limit: int,
        only: Sequence[int] | None = None,
        *,
        exact: bool = False,
    ) -> list[tuple[int, float]]:
        """Return ids and inner products of the `limit` nearest to a vector, best first.

        Codes are not used where `exact` is asked for, nor among the few that `only` names.
        """
        import faiss

        # One thread: a second costs ten times its gain on a busy machine, on one query.
        faiss.omp_set_num_threads(1)
        found: list[tuple[int, float]] = []
        for part in self._parts:
            selector = self._selector(part, only)
            at_most = min(limit, part.stored.ntotal)
            if not at_most:
                continue
            if part.codes is None or exact or only is not None:
                scores, rows = _search(part.stored, vector, at_most, selector)
            else:
                scores, rows = sketches.search(part.codes, part.stored, vector, at_most, selector)
            # FAISS pads with -1 when there are fewer than `limit`.
            pairs = zip(rows[0].tolist(), scores[0].tolist(), strict=True)
            found += [(part.first + row, score) for row, score in pairs if row >= 0]
        if len(self._parts) > 1:
            found.sort(key=lambda pair: (-pair[1], pair[0]))
        return found[:limit]

    def recall(self, questions: Matrix) -> float | None:
        """Return which share of the exact ten nearest to questions is found, shape (n, dimension).

        It is None where there are no codes: then all vectors are compared.
        """
        if all(part.codes is None for part in self._parts):
            return None
        found, true = (
            [[id_ for id_, _ in self.nearest(one, _TESTED_AT, exact=exact)] for one in questions]
            for exact in (False, True)
        )
        return sketches.agreement(found, true)

    def rows(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of ids, shape (len(ids), dimension)."""
        import numpy as np

        wanted = np.asarray(ids, dtype=np.int64)
        found: Matrix = np.empty((len(wanted), self._parts[0].stored.d), dtype=np.float32)
        layer = np.searchsorted(self._firsts, wanted, side="right") - 1
        for number, part in enumerate(self._parts):
            here = np.flatnonzero(layer == number)
            if len(here):
                found[here] = part.stored.reconstruct_batch(wanted[here] - part.first)
        return found

    def _selector(self, part: Part, only: Sequence[int] | None) -> faiss.IDSelector | None:
        import faiss

        first, count = part.first, part.stored.ntotal
        bits = self._alive[first] if only is None else _bits(only, first, count)
        if bits is None:
            return None
        return faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]  # SWIG


def _search(
    index: faiss.Index, vector: Vector, limit: int, selector: faiss.IDSelector | None
) -> tuple[Matrix, NDArray[np.int64]]:
    import faiss

    how = None
    if selector is not None:
        how = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # SWIG
    return index.search(vector[None, :], limit, params=how)


def _bits(ids: Sequence[int], first: int, count: int) -> Bits:
    """Return a bit for each row of a layer, set for these ids."""
    import numpy as np

    rows = np.asarray(ids, dtype=np.int64) - first
    bits = np.zeros(count, dtype=np.uint8)
    bits[rows[(rows >= 0) & (rows < count)]] = 1
    return np.packbits(bits, bitorder="little")


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


def names(first: int) -> tuple[str, str]:
    """Name the files of the layer that begins with id `first`: vectors, and codes if any."""
    vectors = f"vectors-{first:09}.faiss" if first else "vectors.faiss"
    return vectors, vectors.replace("vectors", "codes")


def write_vectors(folder: Path, vectors: Matrix, first: int = 0) -> None:
    """Write the vectors of a layer, shape (n, dimension), and their codes where they are many."""
    import faiss

    stored = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    stored.add(vectors)
    where, beside = names(first)
    _write(folder / where, stored)
    codes = sketches.sketched(vectors)
    if codes is not None:
        _write(folder / beside, codes)


def _write(path: Path, index: faiss.Index) -> None:
    import faiss

    # Through Python, bit by bit: FAISS cannot open non-ASCII paths on Windows.
    with path.open("wb") as file:
        writer = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined]  # SWIG
        faiss.write_index(index, writer)


def read_vectors(folder: Path, first: int = 0) -> Part:
    """Open the files of a layer, mapped into memory where the system allows it.

    Raises:
        RuntimeError: when FAISS cannot read one.
    """
    vectors, codes = (folder / name for name in names(first))
    return Part(first, _read(vectors), _read(codes) if codes.exists() else None)


def _read(path: Path) -> faiss.Index:
    import faiss
    import numpy as np

    if str(path).isascii():
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    return faiss.deserialize_index(np.fromfile(path, dtype=np.uint8))
