"""Stand-ins at the seams: an encoder that needs no model, and an index built with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag import store
from rag.store import Report, Store

if TYPE_CHECKING:
    from rag.types import Matrix, Vector

_WORDS = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")


class HashEncoder:
    """A bag of hashed words: the same text has the same vector, shared words bring texts near.

    `seen` lists every passage that was embedded.
    """

    def __init__(self, dimension: int = 64, name: str = "hash") -> None:
        self.seen: list[str] = []
        self._dimension = dimension
        self._name = name

    @property
    def fingerprint(self) -> str:
        return f"fake:{self._name}:{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    def passages(self, texts: Sequence[str], /) -> Matrix:
        self.seen += texts
        return np.stack([self._vector(text) for text in texts])

    def question(self, text: str, /) -> Vector:
        return self._vector(text)

    def _vector(self, text: str) -> Vector:
        vector = np.zeros(self._dimension, dtype=np.float32)
        for word in _WORDS.findall(text.lower()):
            digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
            place = int.from_bytes(digest[:4], "big") % self._dimension
            vector[place] += 1 if digest[4] % 2 else -1
        length = float(np.linalg.norm(vector))
        return vector / np.float32(length) if length else vector


def build(
    folder: Path, *roots: Path, encoder: HashEncoder | None = None, fresh: bool = False
) -> Report:
    return store.build(
        folder,
        list(roots),
        encoder or HashEncoder(),
        encoder_name="fake",
        passage_tokens=400,
        base=folder.parent.parent,
        version="test",
        fresh=fresh,
    )


def ids(opened: Store) -> list[str]:
    return [item.id for item in opened.catalog.transcripts()]


def best(opened: Store, question: str) -> str:
    """The address that both legs agree upon for a question, or they do not."""
    ((near, _),) = opened.nearest(HashEncoder().question(question), 1)
    (match,) = opened.lexical.search(dict.fromkeys(question.split(), 1.0), 1)
    assert near == match.id
    return str(opened.catalog.passages([near])[0].address)
