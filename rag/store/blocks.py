"""Finished blocks of vectors, kept in the index folder until the index that they are for is there.

A slow encoder takes hours for a large archive. What it has finished when the build is killed is
used by the next one, if that has the same texts in the same blocks for the same encoder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.types import Matrix

_FOLDER = "embedded"


class Blocks:
    """The blocks of one encoder in an index folder; `folder` None keeps nothing."""

    def __init__(self, folder: Path | None, fingerprint: str, dimension: int) -> None:
        self._folder = None if folder is None else folder / _FOLDER
        self._fingerprint = fingerprint
        self._dimension = dimension

    def key(self, hashes: Iterable[bytes]) -> str:
        """Return the name of the block of texts with these hashes, in this order."""
        digest = hashlib.blake2b(self._fingerprint.encode(), digest_size=20)
        for hash_ in hashes:
            digest.update(hash_)
        return digest.hexdigest()

    def read(self, key: str, rows: int) -> Matrix | None:
        """Return a block, shape (rows, dimension), or None where there is none that is whole."""
        if self._folder is None or not (path := self._folder / f"{key}.safetensors").exists():
            return None
        from safetensors import SafetensorError, safe_open

        with suppress(OSError, SafetensorError, KeyError), safe_open(path, "numpy") as file:
            vectors: Matrix = file.get_tensor("vectors")
            sound = vectors.dtype == "float32" and vectors.shape == (rows, self._dimension)
            if sound and (file.metadata() or {}).get("sha256") == _sha256(vectors):
                return vectors
        return None

    def write(self, key: str, vectors: Matrix) -> None:
        """Keep a block; half of one is never seen."""
        if self._folder is None:
            return
        from safetensors.numpy import save

        self._folder.mkdir(exist_ok=True)
        data = save({"vectors": vectors}, {"sha256": _sha256(vectors)})
        unfinished = self._folder / f"{key}.{os.getpid()}"
        unfinished.write_bytes(data)
        unfinished.replace(self._folder / f"{key}.safetensors")


def forget(folder: Path) -> None:
    """Remove what is kept in an index folder: its index is complete."""
    shutil.rmtree(folder / _FOLDER, ignore_errors=True)


def _sha256(vectors: Matrix) -> str:
    return hashlib.sha256(vectors.tobytes()).hexdigest()
