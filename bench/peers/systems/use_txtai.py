"""txtai after its README: one `Embeddings` object, rows of text, saved to a folder.

Chosen: it has no default chunker, so a line that is not blank is a row, as its own pipeline
`Segmentation(lines=True)` cuts; `content=True`, because an index without it returns no text.
"""

# The packages used here are in an environment of their own, without types that we could see.
# mypy: disable-error-code="import-not-found"
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _rows(files: Sequence[Path]) -> list[str]:
    lines = (line for file in files for line in file.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def build(files: Sequence[Path], index: Path, encoder: str) -> list[str]:
    """Embed and save."""
    from txtai import Embeddings

    embeddings = Embeddings(path=encoder, method="sentence-transformers", content=True)
    rows = _rows(files)
    embeddings.index(rows)
    embeddings.save(str(index))
    return rows


def _loaded(index: Path) -> Any:
    from txtai import Embeddings

    embeddings = Embeddings()
    embeddings.load(str(index))
    return embeddings


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return the search of the loaded index, which knows its encoder."""
    del encoder
    embeddings = _loaded(index)
    return lambda question: [found["text"] for found in embeddings.search(question, k)]


def add(index: Path, encoder: str, file: Path) -> None:
    """Load, upsert the rows of a file, save."""
    del encoder
    embeddings = _loaded(index)
    rows = _rows([file])
    embeddings.upsert([(f"{file.name}:{number}", row) for number, row in enumerate(rows)])
    embeddings.save(str(index))


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """Return its keyword index with its default tokeniser."""
    from txtai import Embeddings

    del index
    embeddings = Embeddings(keyword=True, content=True)
    embeddings.index(list(texts))
    return lambda question: [found["text"] for found in embeddings.search(question, k)]
