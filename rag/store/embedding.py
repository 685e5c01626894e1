"""New transcripts to passages and vectors; a text that has a vector is not embedded again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag import embedder
from rag.chunker import passages as cut
from rag.store.blocks import Blocks
from rag.store.files import Progress
from rag.store.generation import Manifest
from rag.store.index import Store
from rag.types import Encoder, Passage, Transcript

if TYPE_CHECKING:
    from rag.types import Matrix

_AT_ONCE = 1024  # passages


@dataclass(frozen=True, slots=True)
class Embedding:
    """How texts become vectors: by an encoder of this `name`, here or by `workers`.

    Finished blocks are kept in `folder`, unless the built-in encoder works here: it makes one in
    less time than it takes to write one down safely.
    """

    encoder: Encoder
    name: str = embedder.BUILTIN
    workers: str = "1"
    folder: Path | None = None

    def blocks(
        self, hashes: Sequence[Sequence[bytes]], texts: Callable[[int], list[str]]
    ) -> Iterator[tuple[int, Matrix]]:
        """Yield the numbers of blocks with their vectors, in any order.

        `hashes` are those of the texts of each block, `texts` gives the texts of one.

        Raises:
            NotReady: when there are no workers to be had, or one of them fails.
        """
        quick = self.name == embedder.BUILTIN and self.workers == "1"
        kept = Blocks(
            None if quick else self.folder, self.encoder.fingerprint, self.encoder.dimension
        )
        keys = [kept.key(some) for some in hashes]
        missing = []
        for number, key in enumerate(keys):
            found = kept.read(key, len(hashes[number]))
            if found is None:
                missing.append(number)
            else:
                yield number, found
        for number, made in self._made(missing, texts):
            kept.write(keys[number], made)
            yield number, made

    def _made(
        self, numbers: Sequence[int], texts: Callable[[int], list[str]]
    ) -> Iterator[tuple[int, Matrix]]:
        from rag.store.workers import spread, wanted

        workers = wanted(self.workers, self.name, len(numbers))
        if workers != "1":
            yield from spread(numbers, texts, self.name, self.encoder, workers)
            return
        for number in numbers:
            yield number, self.encoder.passages(texts(number))


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
    embedding: Embedding,
    progress: Progress,
) -> Cut:
    """Cut transcripts into passages, and embed those whose text has no vector yet.

    Raises:
        NotReady: as `Embedding.blocks` does.
    """
    import numpy as np

    encoder = embedding.encoder
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
    blocks = [new[start : start + _AT_ONCE] for start in range(0, len(new), _AT_ONCE)]
    done = 0
    progress("embedding", done, len(new))
    for number, made in embedding.blocks(
        [[hashes[row] for row in block] for block in blocks],
        lambda number: [found[row].searchable for row in blocks[number]],
    ):
        vectors[blocks[number]] = made
        done += len(made)
        progress("embedding", done, len(new))
    return Cut(found, hashes, vectors, len(new))


def _hash(passage: Passage) -> bytes:
    return hashlib.blake2b(passage.searchable.encode(), digest_size=16).digest()
