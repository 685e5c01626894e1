"""Generations: an index folder holds complete, immutable ones, and `CURRENT` names the one to use.

A new generation is written under a temporary name, synced, renamed, and only then named in
`CURRENT` by an atomic replacement. Killed at any instant, the folder still opens as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import NotReady, UsageError

FORMAT = 1
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
_TEMPORARY = "building-"
_GENERATION = "gen-"
_HASHED_ON_OPEN = 32 << 20  # bytes; larger files are compared by size, `rag doctor` hashes them


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of and with; every field is compared or shown by someone."""

    encoder: str
    fingerprint: str
    dimension: int
    passage_tokens: int
    transcripts: int
    passages: int
    roots: tuple[str, ...]
    version: str
    built: str
    format: int = FORMAT
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def current(folder: Path) -> Path:
    """Return the folder of the generation in use.

    Raises:
        NotReady: when there is no index, or its `CURRENT` names nothing.
    """
    try:
        name = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        hint = f"build one: rag index PATH -i {label(folder)}"
        raise NotReady(f"no index at {folder}", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotReady(f"{folder / CURRENT}: {error}", repair(folder)) from error
    generation = folder / name
    if not name.startswith(_GENERATION) or "/" in name or not generation.is_dir():
        raise NotReady(f"{folder / CURRENT} names {name!r}, which is not there", repair(folder))
    return generation


def label(folder: Path) -> str:
    """Return what `-i` takes for this folder: its name under `index/`, else its path."""
    return folder.name if folder.parent.name == "index" else str(folder)


def repair(folder: Path) -> str:
    """Return the hint that names the one command that mends an index."""
    return f"rebuild it: rag index PATH -i {label(folder)}"


def read_manifest(folder: Path, generation: Path) -> Manifest:
    """Read a generation's manifest.

    Raises:
        NotReady: when it is missing, damaged, or of another format.
    """
    path = generation / MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            found = values["format"]
            raise NotReady(f"{path}: format {found}, this version reads {FORMAT}", repair(folder))
        return Manifest(**{**values, "roots": tuple(values["roots"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotReady(f"{path} is damaged: {error}", repair(folder)) from error


def verify(folder: Path, generation: Path, manifest: Manifest, *, thorough: bool = False) -> None:
    """Compare the files of a generation with its manifest: sizes, and hashes where that is cheap.

    Raises:
        NotReady: naming the first file that differs.
    """
    for name, expected in manifest.files.items():
        path = generation / name
        try:
            size = path.stat().st_size
        except OSError as error:
            raise NotReady(f"{path} is missing", repair(folder)) from error
        if size != expected["bytes"]:
            wrong = f"{size} bytes, {expected['bytes']} expected"
            raise NotReady(f"{path} is damaged: {wrong}", repair(folder))
        if (thorough or size <= _HASHED_ON_OPEN) and _sha256(path) != expected["sha256"]:
            raise NotReady(f"{path} is damaged: its checksum differs", repair(folder))


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Lock `folder` and yield a temporary folder in it, which is gone afterwards unless published.

    Raises:
        NotReady: when another process is writing.
        UsageError: when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise NotReady(f"{folder} is being written by another process", "wait for it") from None
    except OSError as error:
        raise UsageError(
            f"{folder}: {error.strerror or error}", "give a writable place: -i /some/folder"
        ) from error
    try:
        for stale in folder.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(stale, ignore_errors=True)
        temporary = folder / f"{_TEMPORARY}{os.getpid()}"
        temporary.mkdir()
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    finally:
        lock.release()


def publish(folder: Path, temporary: Path, manifest: Manifest) -> Path:
    """Make the finished files in `temporary` the current generation; drop the old ones."""
    files = sorted(path for path in temporary.rglob("*") if path.is_file())
    listed = {
        path.relative_to(temporary).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": _sha256(path),
        }
        for path in files
        if not path.name.endswith(".lock")  # tantivy's, empty and of no meaning to readers
    }
    text = json.dumps({**asdict(manifest), "files": listed}, ensure_ascii=False, indent=1)
    (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8")
    for path in [*files, temporary / MANIFEST, temporary]:
        _sync(path)
    old = sorted(folder.glob(f"{_GENERATION}*"))
    number = max((int(path.name.removeprefix(_GENERATION)) for path in old), default=0) + 1
    generation = folder / f"{_GENERATION}{number:06}"
    temporary.rename(generation)
    pointer = folder / f"{CURRENT}.new"
    pointer.write_text(generation.name + "\n", encoding="utf-8")
    _sync(pointer)
    pointer.replace(folder / CURRENT)
    _sync(folder)
    for path in old:
        # A reader that has its files open keeps them; one about to open them tries again.
        shutil.rmtree(path, ignore_errors=True)
    return generation


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder to sync it
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
