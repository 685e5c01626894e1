"""A store that remembers: thousands of questions find the same few passages again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from rag.store.contract import Store, Terms, Texts
from rag.types import Passage, Transcript

if TYPE_CHECKING:
    from rag.store import Manifest
    from rag.types import Matrix, Vector

_MOST = 50_000  # passages; more are read again


class _Remembering:
    """What retrieval asks of a catalog, read once; all else is the catalog's own."""

    def __init__(self, catalog: Texts) -> None:
        self._catalog = catalog
        self._passages: dict[int, Passage] = {}
        self._languages: dict[int, str] = {}
        self._described: dict[str, Transcript] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._catalog, name)

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Return passages in the order of `ids`."""
        new = [id_ for id_ in ids if id_ not in self._passages]
        found = dict(zip(new, self._catalog.passages(new), strict=True))
        if len(self._passages) < _MOST:
            self._passages |= found
        return [self._passages[id_] if id_ in self._passages else found[id_] for id_ in ids]

    def languages(self, ids: Sequence[int]) -> list[str]:
        """Return the languages of passages, in the order of `ids`."""
        new = [id_ for id_ in ids if id_ not in self._languages]
        self._languages |= zip(new, self._catalog.languages(new), strict=True)
        return [self._languages[id_] for id_ in ids]

    def described(self, ids: Iterable[str]) -> dict[str, Transcript]:
        """Return the transcripts of these ids without their turns, by id."""
        wanted = list(dict.fromkeys(ids))
        new = [id_ for id_ in wanted if id_ not in self._described]
        if new:
            self._described |= self._catalog.described(new)
        return {id_: self._described[id_] for id_ in wanted if id_ in self._described}


class _Kept:
    """A store as it was opened, with a catalog that remembers."""

    def __init__(self, opened: Store) -> None:
        self._opened = opened
        self.manifest: Manifest = opened.manifest
        self.catalog = cast(Texts, _Remembering(opened.catalog))
        self.lexical: Terms = opened.lexical
        self.note = opened.note

    def nearest(
        self, vector: Vector, limit: int, only: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the passages nearest to a unit vector, best first."""
        return self._opened.nearest(vector, limit, only)

    def vectors(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of passages."""
        return self._opened.vectors(ids)

    def renew(self) -> bool:
        """Stay as it is: all questions of an evaluation are asked of one state."""
        return False

    def close(self) -> None:
        """Release what it holds."""
        self._opened.close()


def remembering(opened: Store) -> Store:
    """Return a store that reads every passage once."""
    return _Kept(opened)
