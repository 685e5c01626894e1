"""What one writes without any framework: a line is a chunk, vectors in a NumPy file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path


def _encode(encoder: str, texts: Sequence[str]):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(encoder).encode(list(texts), normalize_embeddings=True)


def _write(index: Path, texts: list[str], vectors: object) -> None:
    import numpy as np

    index.mkdir(exist_ok=True)
    np.save(index / "vectors.npy", np.asarray(vectors))
    (index / "texts.json").write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")


def build(files: Sequence[Path], index: Path, encoder: str) -> list[str]:
    """Embed every line that is not blank."""
    texts = [line for file in files for line in file.read_text("utf-8").splitlines() if line]
    _write(index, texts, _encode(encoder, texts))
    return texts


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return a search by one matrix product."""
    import numpy as np
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(encoder)
    vectors = np.load(index / "vectors.npy")
    texts = json.loads((index / "texts.json").read_text(encoding="utf-8"))

    def search(question: str) -> list[str]:
        vector = model.encode(question, normalize_embeddings=True)
        return [texts[place] for place in np.argsort(-(vectors @ vector))[:k]]

    return search


def add(index: Path, encoder: str, file: Path) -> None:
    """Append the lines of a file, writing both files anew."""
    import numpy as np

    texts = json.loads((index / "texts.json").read_text(encoding="utf-8"))
    lines = [line for line in file.read_text("utf-8").splitlines() if line]
    vectors = np.load(index / "vectors.npy")
    _write(index, texts + lines, np.concatenate([vectors, _encode(encoder, lines)]))


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """There is no lexical search in forty lines."""
    del index, texts, k
    return None
