"""Text to vectors: the built-in static model, or any sentence-transformers model.

The built-in model is a table with one row per token. A text's vector is the mean of its tokens'
rows, normalised: no attention, no torch, milliseconds to load. Its folder holds int8 rows with one
scale each, in the layout that sentence-transformers' `StaticEmbedding` reads as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import paths
from rag.errors import NotReady

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from rag.types import Encoder, Matrix, Vector

BUILTIN = "builtin"
_ONE_THREAD = 1 << 18  # multiplications, up to which OpenBLAS stays on one thread
_BATCH = 256
_LONGEST = 8192  # characters of one text that are read; a passage has far fewer
_REMEMBERED = 4096  # texts of which the tokens are kept
_HASHED = 1 << 20  # bytes at each end of a model file that go into its fingerprint


def load(name: str) -> Encoder:
    """Return the encoder called `name`: `builtin`, or a sentence-transformers name or folder.

    Raises:
        NotReady: when the model is not there or cannot be loaded.
    """
    if name == BUILTIN:
        return StaticEncoder.load(paths.builtin_model())
    return SentenceEncoder.load(name)


class StaticEncoder:
    """The built-in model: `rows` int8 (vocabulary, dimension), `scales` float32 (vocabulary,)."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        rows: NDArray[np.int8],
        scales: NDArray[np.float32],
        fingerprint: str,
    ) -> None:
        if tokenizer.get_vocab_size() != len(rows) or len(rows) != len(scales):
            raise NotReady(
                f"{tokenizer.get_vocab_size()} tokens, {len(rows)} rows and {len(scales)} scales in"
                " the built-in model",
                "reinstall the package",
            )
        self._tokenizer = tokenizer
        self._rows = rows
        self._scales = scales
        self._fingerprint = fingerprint
        # A passage is among the best hits for many questions of a batch.
        self._distinct = lru_cache(maxsize=_REMEMBERED)(self._words_in)

    @classmethod
    def load(cls, folder: Path) -> StaticEncoder:
        """Load `model.safetensors` and `tokenizer.json` from `folder`.

        Raises:
            NotReady: when they are missing or damaged.
        """
        from safetensors import safe_open
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            with safe_open(folder / "model.safetensors", framework="numpy") as tensors:
                rows = tensors.get_tensor("embeddings")
                scales = tensors.get_tensor("weights")
            fingerprint = f"static:{_digest(folder)}:{rows.shape[1]}"
        except Exception as error:
            # tokenizers raises bare Exception for a missing or malformed file.
            raise NotReady(f"{folder}: {error}", "reinstall the package") from error
        tokenizer.no_truncation()
        return cls(tokenizer, rows, scales, fingerprint)

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and the tokenizer, and the dimension."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._rows.shape[1])

    def passages(self, texts: Sequence[str], /) -> Matrix:
        """Embed texts; shape (len(texts), dimension), rows of unit length (zero without words)."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [text[:_LONGEST] for text in texts[start : start + _BATCH]]
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(encodings, start=start):
                if encoding.ids:
                    ids = np.asarray(encoding.ids)
                    # The sum of scaled rows is one matrix product; the mean's length is irrelevant.
                    vectors[row] = self._scales[ids] @ self._rows[ids].astype(np.float32)
        return _normalised(vectors)

    def question(self, text: str, /) -> Vector:
        """Embed a question; shape (dimension,), unit length."""
        vector: Vector = self.passages([text])[0]
        return vector

    def words(self, text: str, /) -> tuple[Matrix, Vector]:
        """Return the directions of a text's distinct tokens, and what each weighs in its vector.

        Shapes (n, dimension), rows of unit length, and (n,); punctuation is left out.
        """
        import numpy as np

        ids = self._distinct(text[:_LONGEST])
        rows = self._rows[ids].astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1)
        return _normalised(rows), (lengths * self._scales[ids]).astype(np.float32)

    def closest(self, directions: Matrix, texts: Sequence[str], /) -> Matrix:
        """Return the cosine of each direction with the word of each text that is nearest to it.

        Shape (len(texts), len(directions)); zeros for a text without words.
        """
        import numpy as np

        nearest = np.zeros((len(texts), len(directions)), dtype=np.float32)
        words = [self._distinct(text[:_LONGEST]) for text in texts]
        spoken = [row for row, ids in enumerate(words) if len(ids)]
        if not spoken or not len(directions):
            return nearest
        # Texts that are alike share most of their words: each is looked up once.
        ids, places = np.unique(np.concatenate([words[row] for row in spoken]), return_inverse=True)
        rows = self._rows[ids].astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        # By pieces too small for a thread of their own: waking one costs more than it saves.
        step = max(1, _ONE_THREAD // directions.size)
        pieces = [directions @ rows[at : at + step].T for at in range(0, len(rows), step)]
        cosines = np.concatenate(pieces, axis=1) / np.where(lengths == 0, 1, lengths)
        starts = np.cumsum([0, *(len(words[row]) for row in spoken[:-1])])
        nearest[spoken] = np.maximum.reduceat(cosines[:, places], starts, axis=1).T
        return nearest

    def _words_in(self, text: str) -> NDArray[np.int64]:
        import numpy as np

        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        pairs = zip(encoding.ids, encoding.tokens, strict=True)
        distinct = dict.fromkeys(id_ for id_, token in pairs if any(map(str.isalnum, token)))
        return np.fromiter(distinct, dtype=np.int64, count=len(distinct))


class SentenceEncoder:
    """Any sentence-transformers model; its own prompts for queries and documents are honoured."""

    def __init__(self, model: Any, fingerprint: str) -> None:
        self._model = model
        self._fingerprint = fingerprint

    @classmethod
    def load(cls, name: str) -> SentenceEncoder:
        """Load a model by hub name or folder; imports torch, which takes seconds.

        Raises:
            NotReady: when it is not there or cannot be loaded.
        """
        if name.startswith(("./", "../", "/", "~")):
            name = str(Path(name).expanduser())
        if name.startswith((".", "/")) and not Path(name).is_dir():
            raise NotReady(f"no encoder at {name}", "give a folder, or --encoder builtin")
        try:
            from sentence_transformers import SentenceTransformer

            model = SentenceTransformer(name)
        except (OSError, ValueError, ImportError) as error:
            reason = str(error).strip().split("\n")[0]
            raise NotReady(
                f"encoder {name!r} cannot be loaded: {reason}",
                "give a folder, a cached or reachable hub name, or --encoder builtin",
            ) from error
        dimension = model.get_embedding_dimension()
        prompts = "|".join(f"{key}={value}" for key, value in sorted(model.prompts.items()))
        identity = _digest(Path(name)) if Path(name).is_dir() else f"{name}@{_revision(model)}"
        return cls(model, f"sentence-transformers:{identity}:{dimension}:{prompts}")

    @property
    def fingerprint(self) -> str:
        """Name and revision, or hash of the folder; dimension; prompts."""
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return int(self._model.get_embedding_dimension())

    def passages(self, texts: Sequence[str], /) -> Matrix:
        """Embed texts with the model's document prompt, rows of unit length."""
        vectors: Matrix = self._model.encode_document(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return vectors.astype("float32", copy=False)

    def question(self, text: str, /) -> Vector:
        """Embed a question with the model's query prompt, unit length."""
        vector: Vector = self._model.encode_query(
            text, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return vector.astype("float32", copy=False)


def _revision(model: Any) -> str:
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    return str(getattr(config, "_commit_hash", None) or "unknown")


def _digest(folder: Path) -> str:
    """Hash names, sizes and both ends of all files: enough to see that a model changed."""
    digest = hashlib.sha256()
    for path in _weights(folder):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}:{size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(_HASHED))
            if size > 2 * _HASHED:
                file.seek(-_HASHED, 2)
                digest.update(file.read())
    return digest.hexdigest()[:16]


def _weights(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".safetensors", ".json", ".bin", ".txt", ".model"):
            yield path


def _normalised(vectors: Matrix) -> Matrix:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Matrix = (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32, copy=False)
    return unit
