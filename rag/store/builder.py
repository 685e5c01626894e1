"""Files to a new generation: read, cut, embed what is new, write, publish."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag import transcripts
from rag.chunker import passages as cut
from rag.errors import NotReady
from rag.lexical import Entry
from rag.lexical import build as build_lexical
from rag.store import recording
from rag.store.files import Files, Progress, choose, read_all, relative, silent, unchanged
from rag.store.generation import Manifest, exists, publish, writing
from rag.store.index import PASSAGES, TERMS, VECTORS, Store, write_vectors
from rag.store.sources import anchor, names
from rag.store.sources import roots as recorded
from rag.transcripts.naming import Naming
from rag.types import Encoder, Passage

if TYPE_CHECKING:
    from rag.types import Matrix

_EMBEDDED_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did; `problems` are files that could not be read, one line each."""

    transcripts: int
    turns: int
    passages: int
    embedded: int
    reused: int
    removed: int
    changed: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def build(
    folder: Path,
    roots: Sequence[Path],
    encoder: Encoder,
    *,
    encoder_name: str,
    passage_tokens: int,
    base: Path,
    version: str,
    fresh: bool = False,
    naming: Naming | None = None,
    progress: Progress = silent,
) -> Report:
    """Bring the index in `folder` up to date with the transcripts under `roots`.

    Roots of earlier builds stay unless `fresh`; without any `roots` they are all there is. Paths
    are kept relative to `base` where both the index and they lie under it. Only passages whose
    text changed are embedded. A file that cannot be read any more keeps what it had. `naming` says
    whom labels mean; without it, and unless `fresh`, it is that of the build before.

    Raises:
        UsageError: when there is nothing to read, or the place is not writable.
        NotReady: when another process is writing, or no roots are known.
    """
    base = anchor(folder, base)
    if not exists(folder):
        # Before the folder is made: a mistyped path leaves nothing behind.
        transcripts.find(roots or recorded(folder))
    with writing(folder) as temporary, ExitStack() as opened:
        old = _open_old(folder)
        if old is not None:
            opened.callback(old.close)
        places, gone = choose(folder, roots, base, fresh=fresh)
        manifest = Manifest(
            encoder=encoder_name,
            fingerprint=encoder.fingerprint,
            dimension=encoder.dimension,
            passage_tokens=passage_tokens,
            roots=tuple(relative(root, base) for root in [*places, *gone]),
            version=version,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if naming is None:
            naming = Naming() if fresh else names(folder)
        same = old is not None and sorted(old.catalog.naming()) == naming.rows()
        kept = old if old is not None and same and _alike(old.manifest, manifest) else None
        if kept is not None and unchanged(places, kept, base, naming):
            return _untouched(kept, gone)
        read = read_all(places, old, base, progress, fresh=fresh, naming=naming)
        if kept is not None and kept.catalog.hashes() == read.hashes:
            return _report(read, gone, old, passages=kept.manifest.passages, embedded=0)
        return _write(folder, temporary, manifest, read, gone, old, encoder, naming, progress)


def _write(
    folder: Path,
    temporary: Path,
    manifest: Manifest,
    read: Files,
    gone: Sequence[Path],
    old: Store | None,
    encoder: Encoder,
    naming: Naming,
    progress: Progress,
) -> Report:
    """Write and publish a generation."""
    found = [p for item, _ in read.items for p in cut(item, manifest.passage_tokens)]
    hashes = [_hash(passage) for passage in found]
    vectors, embedded = _vectors(found, hashes, encoder, old, progress)
    hashed = zip(found, hashes, strict=True)
    recording.write(temporary / PASSAGES, read.items, hashed, manifest.roots, naming.rows())
    write_vectors(temporary / VECTORS, vectors)
    build_lexical(temporary / TERMS, _entries(found))
    report = _report(read, gone, old, passages=len(found), embedded=embedded, changed=True)
    if old is not None:
        old.close()
    counted = replace(manifest, transcripts=len(read.items), passages=len(found))
    publish(folder, temporary, counted)
    return report


def _open_old(folder: Path) -> Store | None:
    try:
        return Store.open(folder)
    except NotReady:
        return None  # none yet, or damaged: then everything is made anew


def _alike(was: Manifest, manifest: Manifest) -> bool:
    """Tell whether two manifests make the same index of the same files."""
    return (was.fingerprint, was.passage_tokens, set(was.roots), was.version) == (
        manifest.fingerprint,
        manifest.passage_tokens,
        set(manifest.roots),
        manifest.version,
    )


def _hash(passage: Passage) -> bytes:
    return hashlib.blake2b(passage.searchable.encode(), digest_size=16).digest()


def _vectors(
    found: Sequence[Passage],
    hashes: Sequence[bytes],
    encoder: Encoder,
    old: Store | None,
    progress: Progress,
) -> tuple[Matrix, int]:
    """Return one vector a passage, and how many were embedded rather than taken from before."""
    import numpy as np

    vectors = np.zeros((len(found), encoder.dimension), dtype=np.float32)
    rows: dict[bytes, int] = {}
    if old is not None and old.manifest.fingerprint == encoder.fingerprint:
        rows = old.catalog.hash_rows()
        known = [number for number, hash_ in enumerate(hashes) if hash_ in rows]
        if known:
            vectors[known] = old.vectors([rows[hashes[number]] for number in known])
    new = [number for number, hash_ in enumerate(hashes) if hash_ not in rows]
    for start in range(0, len(new), _EMBEDDED_AT_ONCE):
        progress("embedding", start, len(new))
        batch = new[start : start + _EMBEDDED_AT_ONCE]
        vectors[batch] = encoder.passages([found[number].searchable for number in batch])
    progress("embedding", len(new), len(new))
    return vectors, len(new)


def _entries(found: Iterable[Passage]) -> Iterable[Entry]:
    for id_, passage in enumerate(found):
        yield Entry(id_, passage.searchable, passage.speakers, passage.transcript)


def _report(
    read: Files,
    gone: Iterable[Path],
    old: Store | None,
    *,
    passages: int,
    embedded: int,
    changed: bool = False,
) -> Report:
    dropped = set(old.catalog.hashes()) - set(read.hashes) if old is not None else set()
    return Report(
        transcripts=len(read.items),
        turns=sum(len(item.turns) for item, _ in read.items),
        passages=passages,
        embedded=embedded,
        reused=passages - embedded,
        removed=len(dropped),
        changed=changed,
        problems=read.problems,
        warnings=(
            *_absent(gone),
            *read.warnings,
            *(warning for item, _ in read.items for warning in item.warnings),
        ),
    )


def _untouched(old: Store, gone: Iterable[Path]) -> Report:
    return Report(
        transcripts=old.manifest.transcripts,
        turns=old.catalog.count_turns(),
        passages=old.manifest.passages,
        embedded=0,
        reused=old.manifest.passages,
        removed=0,
        changed=False,
        warnings=_absent(gone),
    )


def _absent(gone: Iterable[Path]) -> tuple[str, ...]:
    return tuple(f"{path}: gone; what it held is not in the index any more" for path in gone)
