"""The lexical leg: BM25 over terms that we make ourselves, in a tantivy index.

Latin words stay whole, runs of Han characters become single characters and overlapping pairs; no
dictionary is needed. Pairs of characters beat dictionary words as units of Chinese retrieval
(J.-Y. Nie, J. Gao, J. Zhang, M. Zhou, "On the use of words and n-grams for Chinese information
retrieval", IRAL 2000), which `bench/` confirms on our sets.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from rag.text import HAN, HANGUL, KANA, fold

if TYPE_CHECKING:
    import tantivy

# Words keep inner apostrophes and signs (don't, gpt-4o, c++ is c), numbers their decimal points.
_RUN = re.compile(rf"[{HAN}]+|[{KANA}]+|[{HANGUL}]+|\d+(?:[.,]\d+)*|[^\W\d_{HAN}{KANA}{HANGUL}]+")
_HAN_RUN = re.compile(rf"[{HAN}{KANA}{HANGUL}]")
MOST_TERMS = 256
"""Distinct terms of a question that are searched; a longer question is a pasted document."""

_K1 = 1.2  # fixed in tantivy
_WRITER_MEMORY = 64 << 20  # bytes; tantivy's least is 15 MB

# Words of a question that say nothing about its answer. Chinese ones are removed before pairs are
# made, so that 怎么用 does not become a pair of 么用.
_STOP_ZH = re.compile(
    "请问|为啥|啥时候|啥样|啥|咋样|咋|怎么办|这么|那么|是不是|有没有|能不能|会不会|为什么|什么时候|什么样|什么|怎么样|怎样|怎么|如何"
    "|哪一个|哪一些|哪些|哪个|哪里|哪儿|谁|多少|吗|呢|吧|啊|呀|的|了|过"
    "|他们|她们|它们|我们|你们|您|他|她|它|我|你|这个|那个|这些|那些|这|那"
    "|是否|是|关于|认为|觉得|说"
)
_STOP_EN = frozenset(
    "a an the of to in on at for by with from as and or but if is are was were be been being am"
    " do does did doing have has had having will would can could should shall may might must"
    " what which who whom whose when where why how that this these those there here it its"
    " he she they them his her their him you your we our us i me my not no so than then too very"
    " just about into over such say says said tell told think thinks thought"
    " s t re ve ll d m".split()
)


def terms(text: str) -> list[str]:
    """Return the index terms of `text`, with repetitions, in order."""
    return list(_terms(fold(text)))


def question_terms(text: str) -> dict[str, float]:
    """Return the terms of a question that are worth searching, weighted by how often they occur.

    At most `MOST_TERMS`. When nothing but stop words is left, they are what was asked for.
    """
    folded = fold(text)
    content = Counter(t for t in _terms(_STOP_ZH.sub(" ", folded)) if t not in _STOP_EN)
    counts = content or Counter(_terms(folded))
    return {term: float(count) for term, count in counts.most_common(MOST_TERMS)}


def _terms(folded: str) -> Iterator[str]:
    for match in _RUN.finditer(folded):
        run = match[0]
        if not _HAN_RUN.match(run):
            yield _stem(run)
            continue
        yield from run
        yield from map("".join, pairwise(run))


def _stem(word: str) -> str:
    """Take off the English plural and possessive only: cars, companies; never analysis, us, gas."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and word[-2] not in "suiao":
        return word[:-1]
    return word


@dataclass(frozen=True, slots=True)
class Match:
    """A passage found by its words, with its BM25 score."""

    id: int
    score: float


class Lexical:
    """A tantivy index opened for reading."""

    def __init__(self, index: tantivy.Index) -> None:
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def open(cls, folder: Path) -> Lexical:
        """Open the index in `folder`.

        Raises:
            ValueError: when there is none, or it is damaged.
        """
        import tantivy

        return cls(tantivy.Index.open(str(folder)))

    def best(self, weights: Mapping[str, float]) -> float:
        """Return the BM25 score that no passage can exceed: every term, as often as you like."""
        idf = self.weigh(weights)
        return sum(weight * idf[term] for term, weight in weights.items()) * (_K1 + 1)

    def weigh(self, words: Iterable[str]) -> dict[str, float]:
        """Return the BM25 inverse document frequency of each term (Robertson & Zaragoza 2009)."""
        documents = self._searcher.num_docs
        frequencies = {term: self._searcher.doc_freq("terms", term) for term in words}
        return {
            term: math.log(1 + (documents - n + 0.5) / (n + 0.5)) for term, n in frequencies.items()
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
            for term, weight in weights.items()
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


@dataclass(frozen=True, slots=True)
class Entry:
    """What the lexical index keeps of one passage."""

    id: int
    text: str
    speakers: tuple[str, ...]
    transcript: str


def build(folder: Path, entries: Iterable[Entry]) -> None:
    """Write a new index of `entries` into the empty `folder`, on one thread."""
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_unsigned_field("id", fast=True, indexed=False)
        .add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
        .add_text_field("speaker", tokenizer_name="raw", index_option="basic")
        .add_text_field("transcript", tokenizer_name="raw", index_option="basic")
        .build()
    )
    folder.mkdir(parents=True, exist_ok=True)
    index = tantivy.Index(schema, path=str(folder))
    writer = index.writer(_WRITER_MEMORY, num_threads=1)
    for entry in entries:
        document = tantivy.Document(
            terms=" ".join(terms(entry.text)),
            transcript=entry.transcript,
            speaker=[fold(speaker) for speaker in entry.speakers],
        )
        document.add_unsigned("id", entry.id)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
