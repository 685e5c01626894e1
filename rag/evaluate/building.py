"""Indexes made for an evaluation: in a temporary folder, or kept under the hash of their making."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag import __version__, lexical, paths, store
from rag.lexical import Entry
from rag.settings import Settings
from rag.store import Manifest, recording
from rag.store.contract import Store
from rag.store.generation import publish
from rag.store.index import PASSAGES, TERMS, write_vectors
from rag.store.writing import writing
from rag.text import sentences
from rag.types import Encoder, Passage, Transcript

if TYPE_CHECKING:
    from rag.types import Matrix

_MAKERS = (
    "text.py", "tokens.py", "chunker.py", "embedder.py", "lexical", "transcripts", "types",
    "store", "evaluate", "data/han_simplified.txt",
)  # fmt: skip


class Shelf:
    """Where such indexes stand; closed, it closes them and removes those in temporary folders."""

    def __init__(self, cache: Path | None = None) -> None:
        """With a `cache`, indexes are kept in that folder and used again."""
        self._cache = cache
        self._opened = ExitStack()
        self._code = ""

    def index(self, made_of: Iterable[str], build: Callable[[Path], object]) -> Store:
        """Open the index made of these things, which `build` writes where it is not there yet."""
        if self._cache is None:
            kept = tempfile.TemporaryDirectory(prefix="rag-eval-", ignore_cleanup_errors=True)
            place = Path(self._opened.enter_context(kept)) / "index"
        else:
            place = self._cache / digest([self._made_by(), *made_of])
        if not store.exists(place):
            build(place)
        return self.keep(store.Store.open(place))

    def keep(self, opened: Store) -> Store:
        """Close an index together with the others."""
        self._opened.callback(opened.close)
        return opened

    def close(self) -> None:
        """Release everything."""
        self._opened.close()

    def _made_by(self) -> str:
        """Hash the code that makes an index: whoever works on it must not be given an old one."""
        if not self._code:
            places = [paths.PACKAGE / name for name in _MAKERS]
            self._code = digest([f"{p.name}:{content(p, '*.py')}" for p in places])
        return self._code


def digest(parts: Iterable[str]) -> str:
    """Hash texts, in their order."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def content(place: Path, pattern: str = "*") -> str:
    """Hash a file, or all files of a folder with their names."""
    found = [place] if place.is_file() else sorted(p for p in place.rglob(pattern) if p.is_file())
    hashes = []
    for path in found:
        with path.open("rb") as file:
            name = path.relative_to(place).as_posix()
            hashes.append(f"{name}:{hashlib.file_digest(file, 'sha256').hexdigest()}")
    return digest(hashes)


def from_files(place: Path, sources: Sequence[Path], encoder: Encoder, chosen: Settings) -> None:
    """Index transcripts with the product's own reader and chunker."""
    store.build(
        place,
        sources,
        encoder,
        encoder_name=chosen.encoder,
        passage_tokens=chosen.passage_tokens,
        base=place,
        version=__version__,
    )


def from_passages(
    place: Path,
    transcripts: Iterable[Transcript],
    passages: Sequence[Passage],
    vectors: Matrix,
    manifest: Manifest,
) -> None:
    """Write an index of passages that are already cut; `vectors` has one row for each."""
    with writing(place) as temporary:
        recording.write(
            temporary / PASSAGES,
            ((item, "") for item in transcripts),
            ((passage, b"") for passage in passages),
        )
        write_vectors(temporary, vectors)
        lexical.build(temporary / TERMS, _entries(passages))
        publish(place, temporary, manifest)


def _entries(passages: Sequence[Passage]) -> Iterator[Entry]:
    for id_, passage in enumerate(passages):
        yield Entry(id_, passage.searchable, passage.speakers, passage.transcript)


def manifest(encoder: Encoder, chosen: Settings, passages: int, transcripts: int) -> Manifest:
    """Return the manifest of an index made for an evaluation."""
    return Manifest(
        encoder=chosen.encoder,
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        passage_tokens=chosen.passage_tokens,
        transcripts=transcripts,
        passages=passages,
        roots=(),
        version=__version__,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def without_turns(
    place: Path, whole: Store, hidden: Mapping[str, set[int]], encoder: Encoder
) -> None:
    """Index anew what `whole` holds, but for the words of the turns that are `hidden`.

    The addresses of all else stay, and only passages that change are embedded.
    """
    import numpy as np

    ids = whole.catalog.ids()
    before = whole.catalog.passages(ids)
    items = whole_transcripts(whole)
    words = {
        item.id: " ".join(_even(t.text) for t in item.turns if t.number in hidden.get(item.id, ()))
        for item in items
    }
    after = [
        _hide(passage, hidden.get(passage.transcript, set()), words[passage.transcript])
        for passage in before
    ]
    kept = [(row, new) for row, new in zip(ids, after, strict=True) if new is not None]
    vectors = np.zeros((len(kept), encoder.dimension), dtype=np.float32)
    was = dict(zip(ids, before, strict=True))
    changed = [n for n, (row, new) in enumerate(kept) if new.searchable != was[row].searchable]
    same = sorted(set(range(len(kept))) - set(changed))
    if same:
        vectors[same] = whole.vectors([kept[n][0] for n in same])
    if changed:
        vectors[changed] = encoder.passages([kept[n][1].searchable for n in changed])
    made = replace(whole.manifest, passages=len(kept), roots=(), files={})
    from_passages(place, items, [new for _, new in kept], vectors, made)


def whole_transcripts(opened: Store) -> list[Transcript]:
    """Return all transcripts of an index with their turns."""
    found = (opened.catalog.transcript(item.id) for item in opened.catalog.transcripts())
    return [item for item in found if item is not None]


def _hide(passage: Passage, hidden: set[int], words: str) -> Passage | None:
    """Return a passage without hidden turns, in its spans and in its context; None if all are."""
    if passage.section or not hidden:
        return passage
    spans = tuple(span for span in passage.spans if span.number not in hidden)
    context = " ".join(
        sentence
        for start, end in sentences(passage.context)
        if _even(sentence := passage.context[start:end]) not in words
    )
    return replace(passage, spans=spans, context=context) if spans else None


def _even(text: str) -> str:
    return " ".join(text.split())
