"""Searching an index of terms, scored by BM25."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.lexical.bm25 import highest, rarity

if TYPE_CHECKING:
    import tantivy

_REMEMBERED = 10_000  # frequencies of terms


@dataclass(frozen=True, slots=True)
class Match:
    """A passage found by its words, with its BM25 score."""

    id: int
    score: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Passages and terms in an index or a layer of it, and how many of both are dead in it.

    tantivy counts what is deleted as if it were not: its statistics are those of all that is there.
    """

    documents: int = 0
    terms: int = 0
    dead: int = 0
    dead_terms: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.documents + other.documents,
            self.terms + other.terms,
            self.dead + other.dead,
            self.dead_terms + other.dead_terms,
        )


class Lexical:
    """A tantivy index opened for reading; `counts` say how much of it is dead."""

    def __init__(self, index: tantivy.Index, counts: Counts | None = None) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()
        self._counts = counts or Counts()
        self._frequencies: dict[str, int] = {}

    @classmethod
    def open(cls, folder: Path, counts: Counts | None = None) -> Lexical:
        """Open the index in `folder`, which is all alive unless `counts` say otherwise.

        Raises:
            ValueError: when there is none, or it is damaged.
        """
        import tantivy

        return cls(tantivy.Index.open(str(folder)), counts)

    def best(self, weights: Mapping[str, float]) -> float:
        """Return the BM25 score that no passage can exceed: every term, as often as you like."""
        return highest(weights, self.weigh(weights))

    def weigh(self, words: Iterable[str]) -> dict[str, float]:
        """Return the BM25 inverse document frequency of each term."""
        documents = self._alive()
        return {term: rarity(documents, self._frequency(term)) for term in words}

    def _alive(self) -> int:
        alive = self._counts.documents - self._counts.dead
        return alive if self._counts.dead else self._searcher.num_docs

    def _frequency(self, term: str) -> int:
        """Return how many passages have a term; where some are dead, they are counted."""
        import tantivy

        if not self._counts.dead:
            return self._searcher.doc_freq("terms", term)
        if term not in self._frequencies:
            if len(self._frequencies) > _REMEMBERED:
                self._frequencies.clear()
            query = tantivy.Query.term_query(self._schema, "terms", term, "freq")
            found = self._searcher.search(query, 1, count=True)
            self._frequencies[term] = found.count or 0  # type: ignore[attr-defined]  # its stubs
        return self._frequencies[term]

    def _corrected(self, weights: Mapping[str, float]) -> Mapping[str, float]:
        """Weigh terms such that tantivy, which counts the dead, scores as if they were not there.

        The mean length of passages is right already: see `_balance`.
        """
        if not self._counts.dead:
            return weights
        seen = {term: self._searcher.doc_freq("terms", term) for term in weights}
        true = self.weigh(term for term in weights if seen[term])
        return {
            term: weights[term] * idf / rarity(self._counts.documents, seen[term])
            for term, idf in true.items()
        }

    def search(
        self, weights: Mapping[str, float], limit: int, only: Sequence[tuple[str, str]] = ()
    ) -> list[Match]:
        """Return the best `limit` passages for weighted terms, best first.

        `only` restricts by exact field values, such as `("speaker", "sam altman")`; passages must
        satisfy one value of every field named.
        """
        import tantivy

        if not weights or not self._searcher.num_docs:
            return []
        clauses = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(
                    tantivy.Query.term_query(self._schema, "terms", term, "freq"), weight
                ),
            )
            for term, weight in self._corrected(weights).items()
        ]
        query = tantivy.Query.boolean_query(clauses)
        if only:
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), *self._restrictions(only)]
            )
        found = self._searcher.search(query, limit, count=False)
        hits = [(score, address) for score, address in found.hits]
        ids = self._searcher.fast_field_values("id", [address for _, address in hits])
        pairs = zip(hits, ids, strict=True)
        return [Match(int(id_), score) for (score, _), id_ in pairs if id_ is not None]

    def containing(
        self, groups: Iterable[Iterable[str]], only: Sequence[tuple[str, str]] = ()
    ) -> list[int]:
        """Return the ids of all passages that have at least one term of every group.

        Without groups that is every passage; `only` restricts as in `search`.
        """
        import tantivy

        documents = self._searcher.num_docs
        if not documents:
            return []
        queries = [
            tantivy.Query.term_set_query(self._schema, "terms", list(dict.fromkeys(group)))
            for group in groups
        ]
        clauses = [(tantivy.Occur.Must, query) for query in queries]
        clauses += self._restrictions(only)
        # Without scores: whoever asks for all wants none of them first.
        query = tantivy.Query.boolean_query(clauses) if clauses else tantivy.Query.all_query()
        query = tantivy.Query.const_score_query(query, 0.0)
        found = self._searcher.search(query, documents, count=False)
        ids = self._searcher.fast_field_values("id", [address for _, address in found.hits])
        return sorted(int(id_) for id_ in ids if id_ is not None)

    def _restrictions(
        self, only: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[tantivy.Occur, tantivy.Query]]:
        import tantivy

        for name in dict.fromkeys(name for name, _ in only):
            values = [value for field, value in only if field == name]
            one_of = tantivy.Query.term_set_query(self._schema, name, values)
            yield tantivy.Occur.Must, tantivy.Query.const_score_query(one_of, 0.0)
