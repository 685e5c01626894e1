"""Short codes of many vectors: candidates are found among codes, and compared by their vectors.

Up to `EXACT` passages every vector is compared with the question. Beyond, each also has a code of
one bit a dimension (J. Gao, C. Long, "RaBitQ: Quantizing High-Dimensional Vectors with a
Theoretical Error Bound for Approximate Nearest Neighbor Search", SIGMOD 2024): all codes are
compared, and of the best ones the vectors. Beyond `SCANNED` the codes lie in lists by their nearest
centroid, and a quarter of the lists is compared. Why these: `docs/decisions/tiers.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from rag.types import Matrix, Vector

    Codes = faiss.IndexRaBitQ | faiss.IndexIVFRaBitQ

EXACT = 100_000
"""Vectors that are compared one by one: 2.6 ms a question."""
SCANNED = 4_000_000
"""Codes that are compared one by one: 11 ms a million and question."""
CANDIDATES = 8
"""Vectors compared for each one wanted, and never fewer than `LEAST` in all."""
LEAST = 800

_TRAINED_ON = 100_000  # vectors; of the codes only the mean is learned from them
_QUERY_BITS = 4
_LISTS_EACH = 500  # codes in a list, about
_PROBED = 4  # one list of so many is searched
_POINTS_PER_LIST = 40  # FAISS warns below 39
_ROUNDS = 8  # of k-means; more changed nothing
_SEED = 1


def sketched(vectors: Matrix) -> Codes | None:
    """Return codes of `vectors`, shape (n, dimension), or None where they are few."""
    if len(vectors) <= EXACT:
        return None
    codes = scanned(vectors) if len(vectors) <= SCANNED else listed(vectors)
    codes.add(vectors)
    return codes


def scanned(vectors: Matrix) -> faiss.IndexRaBitQ:
    """Return trained, empty codes, all of which are compared."""
    import faiss

    codes = faiss.IndexRaBitQ(vectors.shape[1], faiss.METRIC_INNER_PRODUCT)
    codes.qb = _QUERY_BITS
    codes.train(_spread(vectors, _TRAINED_ON))
    return codes


def listed(vectors: Matrix) -> faiss.IndexIVFRaBitQ:
    """Return trained, empty codes in lists, some of which are searched."""
    import faiss

    count, dimension = vectors.shape
    lists = max(1, count // _LISTS_EACH)
    centroids = faiss.IndexFlatIP(dimension)
    codes = faiss.IndexIVFRaBitQ(centroids, dimension, lists, faiss.METRIC_INNER_PRODUCT)
    codes.cp.niter, codes.cp.seed = _ROUNDS, _SEED
    codes.cp.max_points_per_centroid = _POINTS_PER_LIST
    codes.qb = _QUERY_BITS
    codes.nprobe = max(1, lists // _PROBED)
    codes.train(_spread(vectors, _POINTS_PER_LIST * lists))
    return codes


def _spread(vectors: Matrix, count: int) -> Matrix:
    """Return about `count` vectors from all over: files follow each other by name, not chance."""
    import numpy as np

    return np.ascontiguousarray(vectors[:: max(1, len(vectors) // count)])


def search(
    codes: faiss.Index,
    stored: faiss.Index,
    vector: Vector,
    limit: int,
    selector: faiss.IDSelector | None,
) -> tuple[Matrix, NDArray[np.int64]]:
    """Search `codes` for candidates, and compare what is `stored` of them; scores and rows."""
    import faiss

    how = _parameters(codes, selector, max(CANDIDATES, LEAST / limit))
    return faiss.IndexRefine(codes, stored).search(vector[None, :], limit, params=how)


def _parameters(
    codes: faiss.Index, selector: faiss.IDSelector | None, factor: float
) -> faiss.SearchParameters:
    import faiss

    # SWIG's types do not know what its constructors take.
    inner: faiss.SearchParameters
    if isinstance(codes, faiss.IndexIVFRaBitQ):
        inner = faiss.IVFRaBitQSearchParameters(  # type: ignore[call-arg]
            nprobe=codes.nprobe, qb=codes.qb, sel=selector
        )
    else:
        inner = faiss.RaBitQSearchParameters(  # type: ignore[call-arg]
            qb=_QUERY_BITS, sel=selector
        )
    return faiss.IndexRefineSearchParameters(  # type: ignore[call-arg]
        k_factor=factor, base_index_params=inner
    )


def agreement(found: Sequence[Sequence[int]], exact: Sequence[Sequence[int]]) -> float:
    """Return the share of the exact nearest that were found: recall, 1 where there are none."""
    wanted = sum(len(ids) for ids in exact)
    there = sum(len({*ids} & {*others}) for ids, others in zip(found, exact, strict=True))
    return there / wanted if wanted else 1.0
