"""Score an embedder alone: `python -m training.measure rag/data/builtin ../shared/eval`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from training.data import BadData, Row, read_lines, read_rows

Floats = npt.NDArray[np.float32]

WITHIN_DOCUMENT = frozenset({"vcsum_dev", "qmsum_val", "friendsqa_dev"})
"""Sets whose queries do not name their document: ranked among the passages of `doc` alone."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to be found, and the document it is from."""

    id: str
    text: str
    doc: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question, the passages that answer it, and those it must not be allowed to find."""

    text: str
    doc: str
    gold: frozenset[str]
    excluded: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of queries answered at rank 1 and in the first 5, and the mean of 1/rank to 10."""

    queries: int
    hit1: float
    hit5: float
    mrr10: float


class Encoder:
    """A model folder without torch: a text is the normalised mean of its tokens' rows."""

    def __init__(self, table: Floats, tokenizer: Tokenizer) -> None:
        self._table = table
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read a folder written by `training.train`; raise `BadData` if it is not one."""
        try:
            tensors = load_file(folder / "model.safetensors")
            table = tensors["embeddings"].astype(np.float32) * tensors["weights"][:, None]
            # The library raises bare exceptions: reading the text first names a missing file.
            text = (folder / "tokenizer.json").read_text(encoding="utf-8")
        except (OSError, KeyError, SafetensorError) as error:
            raise BadData(f"{folder}: not a model folder ({error})") from None
        return cls(table, Tokenizer.from_str(text))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, shape (texts, dimensions); zeros for a text without known tokens."""
        vectors = np.zeros((len(texts), self._table.shape[1]), dtype=np.float32)
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        for vector, encoding in zip(vectors, encodings, strict=True):
            if encoding.ids:
                vector[:] = self._table[encoding.ids].mean(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Floats = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        return unit


def read_set(folder: Path) -> tuple[list[Passage], list[Query]]:
    """Read one set in the BEIR layout; queries without a gold passage are left out."""
    passages = [
        Passage(row.text("_id"), row.text("text"), _document(row))
        for row in read_rows(folder / "corpus.jsonl")
    ]
    gold = _read_gold(folder / "qrels.tsv", {passage.id for passage in passages})
    queries = [
        Query(row.text("text"), _document(row), frozenset(gold[row.text("_id")]), _excluded(row))
        for row in read_rows(folder / "queries.jsonl")
        if row.text("_id") in gold
    ]
    return passages, queries


def _document(row: Row) -> str:
    return row.text("doc") if "doc" in row.values else ""


def _excluded(row: Row) -> frozenset[str]:
    """Return the ids under `exclude`, which holds one id, a list of ids or nothing."""
    value = row.values.get("exclude") or []
    return frozenset([value] if isinstance(value, str) else map(str, _as_list(row, value)))


def _as_list(row: Row, value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadData(f"{row.place}: 'exclude' must be an id or a list of ids")
    return value


def _read_gold(path: Path, known: set[str]) -> dict[str, set[str]]:
    """Read the relevant passages of each query from tab-separated lines under a heading."""
    gold: dict[str, set[str]] = {}
    for number, line in enumerate(read_lines(path)[1:], start=2):
        if not line:
            continue
        try:
            query, passage, grade = line.rstrip("\r").split("\t")
            relevant = float(grade) > 0
        except ValueError:
            raise BadData(f"{path}:{number}: not query, passage and grade") from None
        if relevant and passage in known:
            gold.setdefault(query, set()).add(passage)
    return gold


def score(name: str, passages: list[Passage], queries: list[Query], encoder: Encoder) -> Score:
    """Rank all passages for every query by cosine and compare with the gold ones.

    A query's rank is that of its best gold passage; ties count against the encoder.
    """
    vectors = encoder.encode([passage.text for passage in passages])
    questions = encoder.encode([query.text for query in queries])
    documents = np.array([passage.doc for passage in passages])
    place = {passage.id: number for number, passage in enumerate(passages)}
    ranks = np.empty(len(queries), dtype=np.int64)
    for number, (query, question) in enumerate(zip(queries, questions, strict=True)):
        scores = vectors @ question
        if name in WITHIN_DOCUMENT:
            scores[documents != query.doc] = -np.inf
        scores[[place[name] for name in query.excluded if name in place]] = -np.inf
        gold = [place[name] for name in query.gold]
        best = scores[gold].max()
        scores[gold] = -np.inf
        ranks[number] = 1 + np.count_nonzero(scores >= best)
    return Score(
        len(ranks),
        float(np.mean(ranks == 1)),
        float(np.mean(ranks <= 5)),
        float(np.mean(np.where(ranks <= 10, 1 / ranks, 0))),
    )


def table(scores: Sequence[tuple[str, Score]]) -> str:
    """Lay the scores out as a Markdown table."""
    lines = ["| set | queries | hit@1 | hit@5 | MRR@10 |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {s.queries} | {s.hit1:.3f} | {s.hit5:.3f} | {s.mrr10:.3f} |"
        for name, s in scores
    ]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status: 0, or 2 for what cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m training.measure", description=__doc__)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("data", type=Path, help="folder of evaluation sets")
    chosen = parser.parse_args(arguments)
    try:
        encoder = Encoder.load(chosen.model)
        folders = sorted(path.parent for path in chosen.data.glob("*/qrels.tsv"))
        if not folders:
            raise BadData(f"{chosen.data}: no set (*/qrels.tsv) in this folder")
        scores = [(path.name, score(path.name, *read_set(path), encoder)) for path in folders]
    except BadData as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(table(scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
