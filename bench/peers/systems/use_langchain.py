"""LangChain after its semantic search tutorial: recursive splitter, FAISS, BM25 of the community.

Chosen: FAISS of the stores that the tutorial offers, as it is the lightest one that survives the
process.
"""

# The packages used here are in an environment of their own, without types that we could see.
# mypy: disable-error-code="import-not-found"
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _embeddings(encoder: str) -> Any:
    from langchain_huggingface import HuggingFaceEmbeddings

    return HuggingFaceEmbeddings(model_name=encoder)


def _chunks(files: Sequence[Path]) -> list[Any]:
    from langchain_community.document_loaders import TextLoader
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    documents = [found for file in files for found in TextLoader(str(file), "utf-8").load()]
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=1000, chunk_overlap=200, add_start_index=True
    )
    return list(splitter.split_documents(documents))


def build(files: Sequence[Path], index: Path, encoder: str) -> list[str]:
    """Split, embed, save."""
    from langchain_community.vectorstores import FAISS

    chunks = _chunks(files)
    FAISS.from_documents(chunks, _embeddings(encoder)).save_local(str(index))
    return [chunk.page_content for chunk in chunks]


def _store(index: Path, encoder: str) -> Any:
    from langchain_community.vectorstores import FAISS

    return FAISS.load_local(str(index), _embeddings(encoder), allow_dangerous_deserialization=True)


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return the store as a retriever."""
    retriever = _store(index, encoder).as_retriever(search_kwargs={"k": k})
    return lambda question: [found.page_content for found in retriever.invoke(question)]


def add(index: Path, encoder: str, file: Path) -> None:
    """Load, add the chunks of a file, save."""
    store = _store(index, encoder)
    store.add_documents(_chunks([file]))
    store.save_local(str(index))


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """Return its BM25 retriever with its default tokeniser, `str.split`."""
    from langchain_community.retrievers import BM25Retriever

    del index
    retriever = BM25Retriever.from_texts(list(texts), k=k)
    return lambda question: [found.page_content for found in retriever.invoke(question)]
