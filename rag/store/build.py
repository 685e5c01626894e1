"""Files to a new generation: read, cut, embed what is new, write, publish."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag import transcripts as reading
from rag.chunker import passages as cut
from rag.errors import NotReady, RagError
from rag.lexical import Entry
from rag.lexical import build as build_lexical
from rag.store import catalog as texts
from rag.store.generation import Manifest, publish, writing
from rag.store.index import PASSAGES, TERMS, VECTORS, Store, write_vectors
from rag.types import Encoder, Passage, Transcript

if TYPE_CHECKING:
    from rag.types import Matrix

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

_EMBEDDED_AT_ONCE = 1024


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


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


@dataclass(frozen=True, slots=True)
class _Read:
    """The files as read: transcripts with the hash of their file, and what went wrong."""

    items: tuple[tuple[Transcript, str], ...]
    problems: tuple[str, ...]

    @property
    def hashes(self) -> dict[str, str]:
        return {item.path: sha256 for item, sha256 in self.items}


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
    progress: Progress = silent,
) -> Report:
    """Bring the index in `folder` up to date with the transcripts under `roots`.

    Roots of earlier builds stay unless `fresh`. Paths are kept relative to `base` where they lie
    under it. Only passages whose text changed are embedded. A file that cannot be read any more
    keeps what it had.

    Raises:
        UsageError: when there is nothing to read, or the place is not writable.
        NotReady: when another process is writing.
    """
    with writing(folder) as temporary:
        old = _open_old(folder)
        kept = [] if fresh or old is None else [base / root for root in old.manifest.roots]
        every = list(dict.fromkeys(_resolved(root) for root in [*roots, *kept]))
        read = _read_all(reading.find(_existing(every, roots)), old, base, progress)
        manifest = Manifest(
            encoder=encoder_name,
            fingerprint=encoder.fingerprint,
            dimension=encoder.dimension,
            passage_tokens=passage_tokens,
            transcripts=len(read.items),
            passages=0,
            roots=tuple(_relative(root, base) for root in every),
            version=version,
            built=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if old is not None and _same(old, manifest, read):
            count = old.manifest.passages
            return _report(read, count, 0, old, changed=False)
        found = [p for item, _ in read.items for p in cut(item, passage_tokens)]
        hashes = [_hash(passage) for passage in found]
        vectors, embedded = _vectors(found, hashes, encoder, old, progress)
        texts.write(temporary / PASSAGES, read.items, zip(found, hashes, strict=True))
        write_vectors(temporary / VECTORS, vectors)
        build_lexical(temporary / TERMS, _entries(found))
        report = _report(read, len(found), embedded, old, changed=True)
        if old is not None:
            old.close()
        publish(folder, temporary, replace(manifest, passages=len(found)))
        return report


def _open_old(folder: Path) -> Store | None:
    try:
        return Store.open(folder)
    except NotReady:
        return None  # none yet, or damaged: then everything is made anew


def _existing(every: Sequence[Path], asked: Iterable[Path]) -> list[Path]:
    """Leave out roots of earlier builds that are gone; those asked for now must be there."""
    named = {_resolved(path) for path in asked}
    return [path for path in every if path in named or path.exists()]


def _resolved(path: Path) -> Path:
    return Path(os.path.abspath(path))  # links stay as the user wrote them


def _relative(path: Path, base: Path) -> str:
    absolute = _resolved(path)
    inside = absolute.is_relative_to(base)
    return (absolute.relative_to(base) if inside else absolute).as_posix()


def _read_all(files: Sequence[Path], old: Store | None, base: Path, progress: Progress) -> _Read:
    items: list[tuple[Transcript, str]] = []
    problems: list[str] = []
    aliases: dict[Path, dict[str, str]] = {}
    for number, path in enumerate(files):
        progress("reading", number, len(files))
        name = _relative(path, base)
        try:
            if path.parent not in aliases:
                aliases[path.parent] = reading.speaker_aliases(path.parent)
            data = reading.load(path)
            item = reading.parse(data, path, aliases[path.parent])
            items.append((replace(item, path=name), _content_hash(data, aliases[path.parent])))
        except RagError as error:
            problems.append(str(error))
            items += _as_last_read(old, name)
    if not items:
        raise NotReady("nothing was indexed: " + "; ".join(problems[:3]), "see the files named")
    return _Read(tuple(_distinct(items)), tuple(problems))


def _content_hash(data: bytes, aliases: Mapping[str, str]) -> str:
    """Hash a file together with the names of its speakers: both are what was read."""
    return hashlib.sha256(data + repr(sorted(aliases.items())).encode()).hexdigest()


def changed(files: Sequence[Path], known: Mapping[str, str], base: Path) -> list[str]:
    """List the files that are new, gone or different from the hashes of an index, by name."""
    found = {
        _relative(path, base): _content_hash(
            reading.load(path), reading.speaker_aliases(path.parent)
        )
        for path in files
    }
    return sorted(name for name in {*found, *known} if found.get(name) != known.get(name))


def _as_last_read(old: Store | None, name: str) -> list[tuple[Transcript, str]]:
    if old is None or name not in (hashes := old.catalog.hashes()):
        return []
    id_ = next(item.id for item in old.catalog.transcripts() if item.path == name)
    item = old.catalog.transcript(id_)
    return [] if item is None else [(item, hashes[name])]


def _distinct(items: Iterable[tuple[Transcript, str]]) -> list[tuple[Transcript, str]]:
    """Give transcripts of one file name the name of their folder, or a number, in addition."""
    taken: set[str] = set()
    distinct = []
    for item, sha256 in sorted(items, key=lambda pair: pair[0].path):
        id_ = item.id
        if id_ in taken:
            parent = reading.identifier(Path(Path(item.path).parent.name or "file"))
            id_ = f"{parent}-{item.id}"
        number = 2
        while id_ in taken:
            id_, number = f"{item.id}-{number}", number + 1
        taken.add(id_)
        distinct.append((replace(item, id=id_), sha256))
    return distinct


def _same(old: Store, manifest: Manifest, read: _Read) -> bool:
    was = old.manifest
    return (
        (was.fingerprint, was.passage_tokens, set(was.roots), was.version)
        == (manifest.fingerprint, manifest.passage_tokens, set(manifest.roots), manifest.version)
    ) and old.catalog.hashes() == read.hashes


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
    read: _Read, passages: int, embedded: int, old: Store | None, *, changed: bool
) -> Report:
    gone = set(old.catalog.hashes()) - set(read.hashes) if old is not None else set()
    return Report(
        transcripts=len(read.items),
        turns=sum(len(item.turns) for item, _ in read.items),
        passages=passages,
        embedded=embedded,
        reused=passages - embedded,
        removed=len(gone),
        changed=changed,
        problems=read.problems,
        warnings=tuple(warning for item, _ in read.items for warning in item.warnings),
    )
