"""A catalog that remembers: thousands of questions find the same few passages again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from rag.store import Catalog
from rag.types import Passage, Transcript

_MOST = 50_000  # passages; more are read again


class _Remembering:
    """What retrieval asks of a catalog, read once; all else is the catalog's own."""

    def __init__(self, catalog: Catalog) -> None:
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


def remembering(catalog: Catalog) -> Catalog:
    """Return a catalog that reads every passage once."""
    return cast(Catalog, _Remembering(catalog))
