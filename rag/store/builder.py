"""Files to a new generation: read what changed, cut it, embed what is new, write, publish."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag import transcripts
from rag.errors import NotReady, UsageError
from rag.store.blocks import forget
from rag.store.embedding import Embedding
from rag.store.files import Files, Progress, choose, read_changed, silent
from rag.store.generation import Manifest, current, exists, verify
from rag.store.ids import distinct
from rag.store.index import Store
from rag.store.known import relative
from rag.store.sources import anchor, names
from rag.store.sources import roots as recorded
from rag.store.updating import Change, Done, Task, update, write
from rag.store.writing import writing
from rag.transcripts.naming import Naming
from rag.types import Encoder

_WORTH_RECORDING = 32
"""Files that were touched and are the same; fewer are read again next time."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did.

    `read` files were opened and `unchanged` ones were not; `removed` are files that are gone,
    `dropped` passages whose text stands nowhere any more. `recall` is the share of the exact
    nearest that is found, None where all are compared (`rag.store.sketches`). `problems` are files
    that could not be read, one line each, `notes` files found in folders that are no transcripts.
    """

    transcripts: int
    turns: int
    passages: int
    embedded: int
    reused: int
    removed: int
    changed: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    read: int = 0
    unchanged: int = 0
    dropped: int = 0
    notes: tuple[str, ...] = ()
    recall: float | None = None


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
    workers: str = "1",
    progress: Progress = silent,
) -> Report:
    """Bring the index in `folder` up to date with the transcripts under `roots`.

    Roots of earlier builds stay unless `fresh`; without any `roots` they are all there is. Paths
    are kept relative to `base` where both the index and they lie under it. Only files that changed
    are read, and only passages whose text changed are embedded. A file that cannot be read any more
    keeps what it had. `naming` says whom labels mean; without it, and unless `fresh`, it is that of
    the build before. `workers` says where passages are embedded (`rag.store.workers`).

    Raises:
        UsageError: when there is nothing to read, or the place is not writable.
        NotReady: when another process is writing, no roots are known, or workers fail.
    """
    base = anchor(folder, base)
    if not exists(folder):
        # Before the folder is made: a mistyped path leaves nothing behind.
        transcripts.find(roots or recorded(folder))
    with writing(folder) as temporary, ExitStack() as opened:
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
        work = _Work(folder, temporary, manifest, places, gone, naming, base, fresh)
        old = _open_old(folder)
        if old is not None:
            opened.callback(old.close)
        embedding = Embedding(encoder, encoder_name, workers, folder)
        try:
            report = _bring(work, old, embedding, progress)
        except (NotReady, sqlite3.Error):
            if old is None or _is_sound(folder, old.manifest):
                raise
            # A large file, of which opening compares only the size, is damaged.
            report = _bring(work, None, embedding, progress)
        forget(folder)
        return report


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be built, of what and where."""

    folder: Path
    temporary: Path
    manifest: Manifest
    places: list[Path]
    gone: list[Path]
    naming: Naming
    base: Path
    fresh: bool


def _bring(work: _Work, old: Store | None, embedding: Embedding, progress: Progress) -> Report:
    """Read what changed, and write a generation if anything did."""
    usable = old is not None and not work.fresh and _alike(old.manifest, work.manifest)
    kept = old if usable else None
    known = {} if kept is None else kept.catalog.sources()
    files = read_changed(work.places, known, old, work.base, work.naming, progress)
    if not files.items and not files.kept:
        some = "; ".join([*files.problems, *files.notes][:3])
        raise UsageError(f"nothing was indexed: {some}")
    lost = known.keys() - files.kept.keys() - files.sources.keys()
    said = (*_absent(work.gone), *_unused(work.naming, files, work.base), *_warnings(files))
    if kept is not None and _nothing_new(kept, work.manifest, work.naming, files, lost):
        verify(work.folder, current(work.folder), kept.manifest, thorough=True)
        return _report(files, said, Done(kept.manifest, kept.catalog.count_turns()))
    removed = _removed(old, files)
    change = _change(kept, files, lost, work.naming, work.fresh or old is None, old)
    task = Task(work.folder, work.temporary, work.manifest, change, embedding, progress)
    done = write(task, old) if kept is None else update(task, kept)
    return _report(files, said, done, removed=removed, changed=True)


def _is_sound(folder: Path, manifest: Manifest) -> bool:
    try:
        verify(folder, current(folder), manifest, thorough=True)
    except NotReady:
        return False
    return True


def _open_old(folder: Path) -> Store | None:
    try:
        return Store.open(folder)
    except NotReady:
        return None  # none yet, or damaged: then everything is made anew


def _alike(was: Manifest, manifest: Manifest) -> bool:
    """Tell whether an index can be brought up to date, made as it is of other files."""
    return bool(was.layers) and (was.fingerprint, was.passage_tokens, was.version) == (
        manifest.fingerprint,
        manifest.passage_tokens,
        manifest.version,
    )


def _nothing_new(
    kept: Store, manifest: Manifest, naming: Naming, files: Files, lost: Iterable[str]
) -> bool:
    return (
        not files.sources
        and not list(lost)
        and files.touched < _WORTH_RECORDING
        and set(kept.manifest.roots) == set(manifest.roots)
        and sorted(kept.catalog.naming()) == naming.rows()
    )


def _change(
    kept: Store | None,
    files: Files,
    lost: Iterable[str],
    naming: Naming,
    anew: bool,
    old: Store | None,
) -> Change:
    """Say which transcripts go and which come, under which ids."""
    had = {} if anew or old is None else old.catalog.paths()
    gone: dict[str, str] = {}
    if kept is not None:
        replaced = {*lost, *files.sources}
        inside = tuple(f"{name}/" for name in replaced - had.keys())  # of archives
        gone = {
            path: id_
            for path, id_ in had.items()
            if path in replaced or (inside and path.startswith(inside))
        }
    staying = [id_ for path, id_ in had.items() if path not in gone] if kept is not None else []
    known = [] if kept is None else list(files.kept.values())
    return Change(
        gone=tuple(gone.values()),
        items=tuple(distinct(files.items, had, staying)),
        sources=(*files.sources.values(), *known),
        forgotten=tuple(lost),
        naming=naming.rows(),
    )


def _removed(old: Store | None, files: Files) -> int:
    """Count the files of the index before that are in it no more."""
    if old is None:
        return 0
    return len(old.catalog.sources().keys() - files.kept.keys() - files.sources.keys())


def _report(
    files: Files, warnings: tuple[str, ...], done: Done, *, removed: int = 0, changed: bool = False
) -> Report:
    return Report(
        transcripts=done.manifest.transcripts,
        turns=done.turns,
        passages=done.manifest.passages,
        embedded=done.embedded,
        reused=done.manifest.passages - done.embedded,
        removed=removed,
        changed=changed,
        problems=tuple(files.problems),
        warnings=warnings,
        read=files.read,
        unchanged=files.unchanged,
        dropped=done.dropped,
        notes=tuple(files.notes),
        recall=done.manifest.recall,
    )


def _warnings(files: Files) -> tuple[str, ...]:
    return tuple(warning for item, _ in files.items for warning in item.warnings)


def _unused(naming: Naming, files: Files, base: Path) -> tuple[str, ...]:
    paths = [base / name for name in (*files.kept, *files.sources)] if naming.files else []
    return tuple(
        f"{file}: names are given for it, but it is not indexed" for file in naming.unused(paths)
    )


def _absent(gone: Iterable[Path]) -> tuple[str, ...]:
    return tuple(f"{path}: gone; what it held is not in the index any more" for path in gone)
