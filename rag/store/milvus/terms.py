"""The lexical leg on a server: our terms as sparse vectors, scored as tantivy scores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rag.lexical import Match, terms
from rag.lexical.bm25 import highest, rarity
from rag.store.milvus.client import Row, Server
from rag.store.milvus.rows import Rows, any_of, quoted
from rag.store.milvus.schema import WORDS
from rag.store.milvus.state import State, collection
from rag.store.milvus.texts import MilvusTexts, fitting
from rag.store.milvus.weights import again, spelt

_REMEMBERED = 10_000  # terms
_AT_ONCE = 500  # terms in a request
_SAME = 1e-9  # means that differ by less are the same
_MARGIN = 2  # candidates for each passage wanted, where the mean length has changed


class MilvusTerms:
    """The terms of one state: for each its dimension and how many passages have it."""

    def __init__(
        self, server: Server, prefix: str, rows: Rows, texts: MilvusTexts, state: State
    ) -> None:
        self._rows = rows
        self._texts = texts
        self._state = state
        self._look: Callable[[Iterable[str]], dict[str, Row]]
        self._look = lambda words: look_up(server, prefix, state, words)
        self._known: dict[str, tuple[int, int]] = {}

    def best(self, weights: Mapping[str, float]) -> float:
        """Return the BM25 score that no passage can exceed: every term, as often as you like."""
        return highest(weights, self.weigh(weights))

    def weigh(self, words: Iterable[str]) -> dict[str, float]:
        """Return the BM25 inverse document frequency of each term."""
        wanted = list(words)
        found, documents = self._found(wanted), self._state.manifest.passages
        return {term: rarity(documents, found[term][1]) for term in wanted}

    def search(
        self, weights: Mapping[str, float], limit: int, only: Sequence[tuple[str, str]] = ()
    ) -> list[Match]:
        """Return the best `limit` passages for weighted terms, best first.

        Without sparse vectors on the server there are none.
        """
        if not weights or not self._state.sparse or limit < 1:
            return []
        idf, found = self.weigh(weights), self._found(weights)
        vector = {
            dimension: weight * idf[term]
            for term, weight in weights.items()
            if (dimension := found[term][0])
        }
        wanted = self._filter(only)
        if not vector or wanted is None:
            return []
        scored = self._scored(vector, limit, wanted)
        matches = [Match(id_, score) for id_, score in scored if score > 0]
        return sorted(matches, key=lambda match: (-match.score, match.id))[:limit]

    def _scored(
        self, vector: Mapping[int, float], limit: int, wanted: str
    ) -> list[tuple[int, float]]:
        """Return the scores of the best passages.

        Weights were made for a mean length that later copies change: then the candidates are
        scored again for the mean as it is.
        """
        passages = self._state.manifest.passages
        mean, before = self._state.terms / passages if passages else 0.0, self._state.mean
        if abs(mean - before) <= _SAME * before:
            return [
                (id_, score) for id_, score, _ in self._rows.search("sparse", vector, limit, wanted)
            ]
        more = ("sparse", "length")
        found = self._rows.search("sparse", vector, _MARGIN * limit, wanted, more)
        return [
            (
                id_,
                sum(
                    weight * again(row["sparse"][dimension], row["length"], before, mean)
                    for dimension, weight in vector.items()
                    if dimension in row["sparse"]
                ),
            )
            for id_, _, row in found
        ]

    def containing(
        self, groups: Iterable[Iterable[str]], only: Sequence[tuple[str, str]] = ()
    ) -> list[int]:
        """Return the ids of all passages that have at least one term of every group, in order."""
        wanted = [list(dict.fromkeys(group)) for group in groups]
        scope = self._filter(only)
        if scope is None:
            return []
        if not wanted:
            return [row["id"] for row in self._rows.all(scope)] if scope else self._rows.ids()
        found = self._found(term for group in wanted for term in group)
        dimensions = [[n for term in group if (n := found[term][0])] for group in wanted]
        if not all(dimensions):
            return []
        single = [group[0] for group in dimensions if len(group) == 1]
        parts = [f"array_contains_all(terms, {single})"] if single else []
        parts += [f"array_contains_any(terms, {group})" for group in dimensions if len(group) > 1]
        whole = f"({' and '.join(parts)} or many == true)"
        rows = self._rows.all(f"{scope} and {whole}" if scope else whole, ("many",))
        sure = [row["id"] for row in rows if not row["many"]]
        unsure = [row["id"] for row in rows if row["many"]]
        return sorted([*sure, *self._with(unsure, wanted)])

    def _with(self, ids: Sequence[int], groups: Sequence[Sequence[str]]) -> list[int]:
        """Return those passages, with more terms than a row holds, that have one of every group."""
        having = []
        for id_, passage in zip(ids, self._texts.passages(ids), strict=True):
            there = set(terms(passage.searchable))
            if all(not there.isdisjoint(group) for group in groups):
                having.append(id_)
        return having

    def _filter(self, only: Sequence[tuple[str, str]]) -> str | None:
        """Return the filter for exact values of fields; None when nothing can have them."""
        parts = []
        voices = [value for field, value in only if field == "speaker"]
        transcripts = [value for field, value in only if field == "transcript"]
        if voices:
            parts.append(any_of("voices", map(fitting, voices)))
        if transcripts:
            numbers = self._texts.numbers(transcripts)
            if not numbers:
                return None
            parts.append(f"doc in {numbers}")
        return " and ".join(parts)

    def _found(self, words: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return dimension and frequency of terms, 0 and 0 of those that no passage has."""
        wanted = list(dict.fromkeys(words))
        missing = [term for term in wanted if term not in self._known]
        if missing:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
                missing = wanted
            rows = self._look(missing)
            for term in missing:
                row = rows.get(term)
                self._known[term] = (row["dimension"], row["passages"]) if row else (0, 0)
        return {term: self._known[term] for term in wanted}


def look_up(server: Server, prefix: str, state: State, words: Iterable[str]) -> dict[str, Row]:
    """Return the newest row of each term that is in a state; `stale` are the keys of older ones."""
    name = collection(prefix, state.generation, WORDS)
    spelt_as = {spelt(word): word for word in words}
    wanted, found = list(spelt_as), dict[str, Row]()
    for start in range(0, len(wanted), _AT_ONCE):
        listed = ", ".join(map(quoted, wanted[start : start + _AT_ONCE]))
        seen = f"term in [{listed}] and since in {list(state.copies)}"
        rows = server.query(name, seen, ("key", "term", "dimension", "passages"))
        for row in sorted(rows, key=lambda row: int(row["key"])):
            word = spelt_as[row["term"]]
            older = found.get(word)
            row["stale"] = [] if older is None else [*older["stale"], older["key"]]
            found[word] = row
    return found
