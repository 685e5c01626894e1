"""Quality: how often each leg alone, and both fused, find what answers a question."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import beir
from bench.measure import ROOT, heading, note, progress, table
from rag import embedder, pipeline, retrieve
from rag.retrieve import Query
from rag.settings import Settings
from rag.store import Store
from rag.types import Address, Encoder, Passage

SETS = {
    "cmrc2018_dev": "zh, Wikipedia",
    "drcd_dev": "zh traditional, Wikipedia",
    "rgb_zh_refine": "zh, news on the web",
    "vcsum_dev": "zh, round tables: headline → turn",
    "tf_interviews_zh_open": "zh, interviews: question → reply",
    "changelog_open": "en, podcasts: question → reply",
    "btc_bilingual": "zh → en, talks",
}
KINDS = ("direct", "paraphrased", "cross-lingual", "follow-up")
MOST_QUERIES = 1500
LEGS = ("Lexical", "Dense", "Fused")

_DEPTH = 10
_LEGEND = (
    f"Cells are hit@1 / hit@5 / MRR@{_DEPTH} in per cent. “Fused − better” compares each figure"
    " with the better of the two legs alone, in points; “held” says whether MRR lost nothing."
)

Ranks = tuple[int, ...]
"""One question: the rank from 1 of the first right hit in each of `LEGS`, 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Score:
    """hit@1, hit@5 and MRR@10, in per cent."""

    first: float
    five: float
    mrr: float

    @classmethod
    def of(cls, ranks: Sequence[int]) -> Score:
        """Return the score of one leg's ranks."""
        count = len(ranks)
        return cls(
            100 * sum(rank == 1 for rank in ranks) / count,
            100 * sum(1 <= rank <= 5 for rank in ranks) / count,
            100 * sum(1 / rank for rank in ranks if rank) / count,
        )

    @property
    def figures(self) -> tuple[float, float, float]:
        """All three, in the order in which they are shown."""
        return self.first, self.five, self.mrr

    def __str__(self) -> str:
        return " / ".join(f"{figure:.1f}" for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Row:
    """A set of questions under one name, with the score of each leg."""

    name: str
    queries: int
    scores: tuple[Score, ...]

    @classmethod
    def of(cls, name: str, ranks: Sequence[Ranks]) -> Row:
        """Return the row of these questions."""
        legs = zip(*ranks, strict=True)
        return cls(name, len(ranks), tuple(Score.of(leg) for leg in legs))

    @classmethod
    def average(cls, rows: Sequence[Row]) -> Row:
        """Return the macro average: every set counts the same, however many questions it has."""
        legs = zip(*(row.scores for row in rows), strict=True)
        scores = tuple(_mean(leg) for leg in legs)
        return cls("macro average", sum(row.queries for row in rows), scores)

    def cells(self) -> tuple[object, ...]:
        """Return the row as it is shown."""
        *alone, fused = (score.figures for score in self.scores)
        gains = [both - max(legs) for both, *legs in zip(fused, *alone, strict=True)]
        gain = " / ".join(f"{gain:+.1f}" for gain in gains)
        held = "yes" if gains[-1] >= 0 else "no"
        return self.name, self.queries, *self.scores, gain, held


def measure(data: Path) -> None:
    """Print the tables of the sample corpus and of the collections under `data`."""
    encoder = embedder.load(Settings().encoder)
    heading("Retrieval on the sample corpus")
    note(_LEGEND)
    _show("Kind", *_cases(encoder))
    heading("Retrieval on public test collections")
    note(
        "Every document is one passage. At most"
        f" {MOST_QUERIES:,} questions a set, drawn at random with a fixed seed."
    )
    present = [name for name in SETS if (data / name).is_dir()]
    if missing := [name for name in SETS if name not in present]:
        note(f"Not found under `{data}` and left out: {', '.join(missing)}.")
    if present:
        rows = [_collection(data / name, encoder) for name in present]
        _show("Set", rows, Row.average(rows))


def _show(what: str, rows: Iterable[Row], total: Row) -> None:
    headings = (what, "Queries", *LEGS, "Fused − better", "held")
    table(headings, [row.cells() for row in (*rows, total)])


def _cases(encoder: Encoder) -> tuple[list[Row], Row]:
    """Rank the passages of corpus/ for its cases, follow-ups with the questions before them."""
    progress("retrieval: corpus/")
    lines = (ROOT / "corpus" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases: list[dict[str, Any]] = [json.loads(line) for line in lines]
    answered = [case for case in cases if case["relevant"]]
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(index=str(Path(temporary) / "index"))
        pipeline.build([ROOT / "corpus"], settings)
        store = Store.open(pipeline.index_folder(settings))
        rag = pipeline.Rag(store, encoder, settings)
        found: list[tuple[str, Ranks]] = []
        for case in answered:
            query = rag.query(case["question"], case.get("history", ()))
            found.append((case["kind"], _ranks(store, query, _covers(case["relevant"]))))
        store.close()
    kinds = {kind: [ranks for is_, ranks in found if is_ == kind] for kind in KINDS}
    rows = [Row.of(kind, ranks) for kind, ranks in kinds.items() if ranks]
    return rows, Row.of("all", [ranks for _, ranks in found])


def _collection(folder: Path, encoder: Encoder) -> Row:
    progress(f"retrieval: {folder.name}")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary) / "index"
        beir.index(place, beir.documents(folder), encoder)
        store = Store.open(place)
        ranks = []
        for asked in beir.queries(folder, MOST_QUERIES):
            query = retrieve.prepare(asked.text, (), encoder)
            ranks.append(_ranks(store, query, _is_in(asked.relevant), asked.exclude))
        store.close()
    return Row.of(f"{folder.name} ({SETS[folder.name]})", ranks)


def _covers(relevant: Iterable[str]) -> Callable[[Passage], bool]:
    addresses = [Address.parse(text) for text in relevant]
    return lambda passage: any(passage.address.covers(address) for address in addresses)


def _is_in(relevant: frozenset[str]) -> Callable[[Passage], bool]:
    return lambda passage: passage.transcript in relevant


def _ranks(
    store: Store,
    query: Query,
    right: Callable[[Passage], bool],
    exclude: frozenset[str] = frozenset(),
) -> Ranks:
    """Rank with the words alone, with the vectors alone, and as the product does."""
    depth = _DEPTH + len(exclude)  # those left out must not shorten the list
    lexical = [match.id for match in store.lexical.search(query.weights, depth)]
    dense = [id_ for id_, _ in store.nearest(query.vector, depth)]
    hits = retrieve.search(store, query, depth, Settings())
    rankings = (
        store.catalog.passages(lexical),
        store.catalog.passages(dense),
        [hit.passage for hit in hits],
    )
    return tuple(
        _first(right, [found for found in ranking if found.transcript not in exclude][:_DEPTH])
        for ranking in rankings
    )


def _first(right: Callable[[Passage], bool], ranking: Sequence[Passage]) -> int:
    return next((rank for rank, found in enumerate(ranking, start=1) if right(found)), 0)


def _mean(scores: Sequence[Score]) -> Score:
    figures = zip(*(score.figures for score in scores), strict=True)
    first, five, mrr = (sum(column) / len(scores) for column in figures)
    return Score(first, five, mrr)
