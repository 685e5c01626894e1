"""Haystack after its first tutorials: converter, splitter, embedder, in-memory store.

Chosen: the splitter's own defaults (200 words); the in-memory store of the tutorials, with its
`save_to_disk`, as the others that it offers need a server or a package more.
"""

# The packages used here are in an environment of their own, without types that we could see.
# mypy: disable-error-code="import-not-found"
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _embedded(files: Sequence[Path], encoder: str) -> list[Any]:
    from haystack.components.converters import TextFileToDocument
    from haystack.components.preprocessors import DocumentSplitter
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
    )

    documents = TextFileToDocument().run(sources=list(files))["documents"]
    splitter = DocumentSplitter()
    embedder = SentenceTransformersDocumentEmbedder(model=encoder, progress_bar=False)
    for part in (splitter, embedder):
        part.warm_up()
    pieces = splitter.run(documents=documents)["documents"]
    return list(embedder.run(documents=pieces)["documents"])


def build(files: Sequence[Path], index: Path, encoder: str) -> list[str]:
    """Convert, split, embed, write, save."""
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    documents = _embedded(files, encoder)
    store.write_documents(documents)
    index.mkdir(exist_ok=True)
    store.save_to_disk(str(index / "store.json"))
    return [document.content for document in documents]


def _store(index: Path) -> Any:
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    return InMemoryDocumentStore.load_from_disk(str(index / "store.json"))


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return a pipeline of text embedder and embedding retriever."""
    from haystack import Pipeline
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersTextEmbedder,
    )

    pipeline = Pipeline()
    embedder = SentenceTransformersTextEmbedder(model=encoder, progress_bar=False)
    pipeline.add_component("embedder", embedder)
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(_store(index), top_k=k))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")

    def search(question: str) -> list[str]:
        found = pipeline.run({"embedder": {"text": question}})
        return [document.content for document in found["retriever"]["documents"]]

    return search


def add(index: Path, encoder: str, file: Path) -> None:
    """Load, write the pieces of a file, save."""
    store = _store(index)
    store.write_documents(_embedded([file], encoder))
    store.save_to_disk(str(index / "store.json"))


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """Return its BM25 retriever with its defaults over the saved store."""
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever

    del texts
    retriever = InMemoryBM25Retriever(_store(index), top_k=k)
    return lambda question: [
        document.content for document in retriever.run(query=question)["documents"]
    ]
