"""LlamaIndex after its starter tutorial with local models, and its page on BM25.

Chosen: a retriever in place of the query engine, which would call a language model; the default
vector store, a JSON file; see also `_embeddings`.
"""

# The packages used here are in an environment of their own, without types that we could see.
# mypy: disable-error-code="import-not-found"
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _embeddings(encoder: str) -> Any:
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    # It refuses a model without a longest text, as a static one is; 8192 cuts nothing here.
    StaticEmbedding.max_seq_length = 8192  # type: ignore[assignment,method-assign]
    return HuggingFaceEmbedding(model_name=encoder)


def _read(files: Sequence[Path]) -> list[Any]:
    from llama_index.core import SimpleDirectoryReader

    return list(SimpleDirectoryReader(input_files=[str(file) for file in files]).load_data())


def build(files: Sequence[Path], index: Path, encoder: str) -> list[str]:
    """Read, split, embed, persist."""
    from llama_index.core import VectorStoreIndex

    built = VectorStoreIndex.from_documents(_read(files), embed_model=_embeddings(encoder))
    built.storage_context.persist(str(index))
    return [node.get_content() for node in built.docstore.docs.values()]


def _index(index: Path, encoder: str) -> Any:
    from llama_index.core import StorageContext, load_index_from_storage

    context = StorageContext.from_defaults(persist_dir=str(index))
    return load_index_from_storage(context, embed_model=_embeddings(encoder))


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return the retriever of the loaded index."""
    retriever = _index(index, encoder).as_retriever(similarity_top_k=k)
    return lambda question: [found.node.get_content() for found in retriever.retrieve(question)]


def add(index: Path, encoder: str, file: Path) -> None:
    """Load, insert the document, persist."""
    loaded = _index(index, encoder)
    for document in _read([file]):
        loaded.insert(document)
    loaded.storage_context.persist(str(index))


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """Return its BM25 retriever with its defaults over the nodes of the index."""
    from llama_index.core import StorageContext
    from llama_index.retrievers.bm25 import BM25Retriever

    del texts
    context = StorageContext.from_defaults(persist_dir=str(index))
    retriever = BM25Retriever.from_defaults(docstore=context.docstore, similarity_top_k=k)
    return lambda question: [found.node.get_content() for found in retriever.retrieve(question)]
