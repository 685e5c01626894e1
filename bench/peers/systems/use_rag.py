"""This project by its Python interface, for what its commands cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

_LAST = 10**8  # more turns than any file has


def load(index: Path, encoder: str, k: int) -> Callable[[str], list[str]]:
    """Return the search of an index, as `rag search` does it."""
    from rag.pipeline import Rag
    from rag.settings import Settings

    rag = Rag.open(chosen=Settings(index=str(index), encoder=encoder))
    return lambda question: [hit.passage.text for hit in rag.find(question, k).hits]


def words(index: Path, texts: Sequence[str], k: int) -> Callable[[str], list[str]] | None:
    """Return the ranking by words alone, one of the two that `rag search` fuses."""
    from rag import embedder, pipeline, retrieve
    from rag.settings import Settings
    from rag.store import Store

    del texts
    settings = Settings(index=str(index))
    store = Store.open(pipeline.index_folder(settings))
    encoder = embedder.load(settings.encoder)

    def search(question: str) -> list[str]:
        weights = retrieve.prepare(question, (), encoder).weights
        found = [match.id for match in store.lexical.search(weights, k)]
        return [passage.text for passage in store.catalog.passages(found)]

    return search


def chunks(index: Path) -> list[str]:
    """Return the text of every passage."""
    from rag import pipeline
    from rag.settings import Settings
    from rag.store import Store
    from rag.types import Address

    catalog = Store.open(pipeline.index_folder(Settings(index=str(index)))).catalog
    everything = [
        Address(transcript.id, 1, _LAST, section=section)
        for transcript in catalog.transcripts()
        for section in (False, True)
    ]
    return [passage.text for place in everything for passage in catalog.passages_at(place)]


def turns(files: Sequence[Path]) -> dict[str, list[str]]:
    """Return speaker, label and words of every turn and section, by address."""
    from rag import transcripts

    found: dict[str, list[str]] = {}
    for file in files:
        read = transcripts.read(file)
        for turn in read.turns:
            found[f"{file.stem}:{turn.number}"] = [turn.speaker, turn.label, turn.text]
        for section in read.sections:
            found[f"{file.stem}:s{section.number}"] = ["", "", section.text]
    return found
