"""Tiers: what each way of finding the nearest vectors costs, and how many of them it finds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import heading, note, percentile, progress, table

if TYPE_CHECKING:
    import random

    import faiss
    import numpy as np
    from numpy.typing import NDArray

    from rag.types import Matrix

    Rows = NDArray[np.int64]

SIZES = (100_000, 1_000_000)
QUESTIONS = 300

_SENTENCE = re.compile(r"(?<=[。！？!?])|(?<=[.;])\s+")
_TARGET = {"zh": 90, "en": 260}  # characters of a passage


def measure(data: Path, sizes: tuple[int, ...] = SIZES) -> None:
    """Print cost and recall on vectors of real texts: those of `data` and of its neighbour train.

    Passages are texts cut at different sentences, until there are enough; questions are real ones.
    """
    texts, questions = _texts([data, data.parent / "train" / "pairs"], max(sizes))
    if not texts:
        note(f"No texts under {data}: nothing measured.")
        return
    passages, asked = _vectors(texts, questions)
    heading("Finding the nearest vectors")
    rows: list[tuple[object, ...]] = []
    for size in sizes:
        rows += _compared(passages[: min(size, len(passages))], asked)
    note("CPU ms of one question on one thread; recall against the exact hundred.")
    table(
        ("Vectors", "Way", "Build CPU s", "MB", "p50 ms", "p95 ms", "Recall@10", "Recall@100"), rows
    )


def _compared(vectors: Matrix, asked: Matrix) -> list[tuple[object, ...]]:
    """Try every way on the same vectors."""
    import faiss

    faiss.omp_set_num_threads(1)
    count = len(vectors)
    _, exact = faiss.knn(asked, vectors, 100, metric=faiss.METRIC_INNER_PRODUCT)
    rows: list[tuple[object, ...]] = []
    for name, make in _ways(vectors):
        progress(f"tiers: {name} of {count:,}")
        started = time.process_time()
        index, search = make()
        built = time.process_time() - started
        size = faiss.serialize_index(index).nbytes / (1 << 20)
        taken, found = [], []
        for question in asked:
            started = time.process_time()
            found.append(search(question[None, :]))
            taken.append(1000 * (time.process_time() - started))
        shares = [_share(found, exact, depth) for depth in (10, 100)]
        rows.append(
            (f"{count:,}", name, f"{built:.1f}", f"{size:.0f}",
             *(f"{percentile(taken, at):.2f}" for at in (50, 95)), *(f"{s:.3f}" for s in shares))
        )  # fmt: skip
    return rows


def _share(found: list[Rows], exact: Rows, depth: int) -> float:
    pairs = zip(found, exact, strict=True)
    return sum(len({*a[:depth]} & {*b[:depth]}) for a, b in pairs) / (depth * len(found))


_Way = tuple["faiss.Index", Callable[["Matrix"], "Rows"]]


def _ways(vectors: Matrix) -> Iterator[tuple[str, Callable[[], _Way]]]:
    """Yield what is compared; each takes a question and returns a hundred rows."""
    import faiss

    from rag.store import sketches

    kinds = faiss.ScalarQuantizer
    yield "exact, whole floats", lambda: _plain(faiss.IndexFlatIP(vectors.shape[1]), vectors)
    for name, kind in (("half floats", kinds.QT_fp16), ("8 bits", kinds.QT_8bit)):
        yield f"exact, {name}", partial(_scalar, vectors, kind)
    halves, _ = _scalar(vectors, kinds.QT_fp16)

    yield "codes + half floats", lambda: _coded(sketches.scanned(vectors), halves, vectors)
    lists = max(1, len(vectors) // 500)
    for share in (16, 8, 4):
        way = partial(_listed, vectors, halves, max(1, lists // share))
        yield f"codes in {lists:,} lists, 1/{share} searched", way


def _listed(vectors: Matrix, halves: faiss.Index, probed: int) -> _Way:
    from rag.store import sketches

    made = sketches.listed(vectors)
    made.nprobe = probed
    return _coded(made, halves, vectors)


def _scalar(vectors: Matrix, kind: int) -> _Way:
    import faiss

    index = faiss.IndexScalarQuantizer(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:100_000])
    return _plain(index, vectors)


def _plain(index: faiss.Index, vectors: Matrix) -> _Way:
    index.add(vectors)
    return index, lambda question: index.search(question, 100)[1][0]


def _coded(codes: faiss.Index, halves: faiss.Index, vectors: Matrix) -> _Way:
    from rag.store import sketches

    codes.add(vectors)
    return codes, lambda question: sketches.search(codes, halves, question[0], 100, None)[1][0]


def _texts(folders: list[Path], enough: int) -> tuple[list[str], list[str]]:
    """Return distinct passages in a random order, and questions."""
    from random import Random

    dice = Random(5)
    texts: dict[str, None] = {}
    questions: list[str] = []
    for path in sorted(path for folder in folders for path in folder.rglob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                whole = row.get("p") or (row.get("text") if path.stem == "corpus" else "")
                asked = row.get("q") or (row.get("text") if path.stem == "queries" else "")
                if asked and dice.random() < 0.02:
                    questions.append(asked[:400])
                for again in range(4 if whole else 0):
                    texts |= dict.fromkeys(_pieces(whole, dice) if again else [whole[:1500]])
    mixed = list(texts)
    dice.shuffle(mixed)
    dice.shuffle(questions)
    return mixed[:enough], questions[:QUESTIONS]


def _pieces(text: str, dice: random.Random) -> list[str]:
    """Cut a text at sentences, into pieces of a passage's length or so."""
    from rag.text import language

    spoken = "zh" if language(text) == "zh" else "en"
    pieces, held, wanted = [], "", 0.0
    for sentence in _SENTENCE.split(text):
        wanted = wanted or dice.uniform(0.3, 1.7) * _TARGET[spoken]
        held += sentence + ("" if spoken == "zh" else " ")
        if len(held) >= wanted:
            pieces.append(held.strip()[:1200])
            held, wanted = "", 0.0
    return [*pieces, held.strip()[:1200]] if held.strip() else pieces


def _vectors(texts: list[str], questions: list[str]) -> tuple[Matrix, Matrix]:
    import numpy as np

    from rag import embedder

    encoder = embedder.load("builtin")
    found = np.empty((len(texts), encoder.dimension), dtype=np.float32)
    for start in range(0, len(texts), 4096):
        progress(f"tiers: {start:,} of {len(texts):,} embedded")
        found[start : start + 4096] = encoder.passages(texts[start : start + 4096])
    return found, np.stack([encoder.question(text) for text in questions])
