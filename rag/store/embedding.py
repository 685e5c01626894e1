"""New transcripts to passages and vectors; a text that has a vector is not embedded again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.chunker import passages as cut
from rag.store.files import Progress
from rag.store.generation import Manifest
from rag.store.index import Store
from rag.types import Encoder, Passage, Transcript

if TYPE_CHECKING:
    from rag.types import Matrix

_AT_ONCE = 1024  # passages


@dataclass(frozen=True, slots=True)
class Cut:
    """New passages with the hashes of their texts and their vectors."""

    passages: list[Passage]
    hashes: list[bytes]
    vectors: Matrix
    embedded: int


def embedded(
    items: Iterable[tuple[Transcript, str]],
    manifest: Manifest,
    old: Store | None,
    encoder: Encoder,
    progress: Progress,
) -> Cut:
    """Cut transcripts into passages, and embed those whose text has no vector yet."""
    import numpy as np

    found = [passage for item, _ in items for passage in cut(item, manifest.passage_tokens)]
    hashes = [_hash(passage) for passage in found]
    vectors = np.zeros((len(found), encoder.dimension), dtype=np.float32)
    rows: dict[bytes, int] = {}
    if old is not None and old.manifest.fingerprint == encoder.fingerprint:
        rows = old.catalog.hash_rows(hashes)
        known = [number for number, hash_ in enumerate(hashes) if hash_ in rows]
        if known:
            vectors[known] = old.vectors([rows[hashes[number]] for number in known])
    new = [number for number, hash_ in enumerate(hashes) if hash_ not in rows]
    for start in range(0, len(new), _AT_ONCE):
        progress("embedding", start, len(new))
        batch = new[start : start + _AT_ONCE]
        vectors[batch] = encoder.passages([found[number].searchable for number in batch])
    progress("embedding", len(new), len(new))
    return Cut(found, hashes, vectors, len(new))


def _hash(passage: Passage) -> bytes:
    return hashlib.blake2b(passage.searchable.encode(), digest_size=16).digest()
