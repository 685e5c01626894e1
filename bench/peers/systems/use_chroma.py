"""chroma after its getting-started page: a persistent client, a collection, `add`, `query`.

Chosen: it has no chunker, so a line that is not blank is a document, as in the plain script.
"""

# The packages used here are in an environment of their own, without types that we could see.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _collection(index: Path, encoder: str) -> tuple[Any, Any]:
    import chromadb
    from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

    client = chromadb.PersistentClient(path=str(index))
    function = SentenceTransformerEmbeddingFunction(model_name=encoder)
    return client, client.get_or_create_collection("turns", embedding_function=function)


def _add(index: Path, encoder: str, files: Sequence[Path]) -> list[str]:
    client, collection = _collection(index, encoder)
    ids, texts = [], []
    for file in files:
        lines = [line for line in file.read_text("utf-8").splitlines() if line]
        ids += [f"{file.name}:{number}" for number in range(len(lines))]
        texts += lines
    most = client.get_max_batch_size()
    for start in range(0, len(texts), most):
        collection.add(ids=ids[start : start + most], documents=texts[start : start + most])
    return texts


def build(files: Sequence[Path], index: Path, encoder: str) -> list[str]:
    """Add everything; it is on disk when that returns."""
    return _add(index, encoder, files)


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return the query of the collection."""
    _, collection = _collection(index, encoder)

    def search(question: str) -> list[str]:
        return list(collection.query(query_texts=[question], n_results=k)["documents"][0])

    return search


def add(index: Path, encoder: str, file: Path) -> None:
    """Add the lines of a file."""
    _add(index, encoder, [file])


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """It has no ranking by words without a service; `$contains` only filters."""
    del index, texts, k
    return None
