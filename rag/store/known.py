"""What is known of a file since it was last read: enough to tell whether it must be read again.

A file is unchanged when its size and time are; where the time moved, its content decides. A file
that was hardly older than the look at it may change again within the same tick of the clock, so
its time is not believed (as git does with its index).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag import transcripts as reading
from rag.store.source import Source
from rag.transcripts.naming import SOURCES, SPEAKERS, About, Naming, Sidecars

_TICK = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use, that of FAT
_UNSURE = -1


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stands there now; `named` when it was given itself rather than its folder."""

    path: Path
    name: str
    size: int
    mtime: int
    named: bool


def look(places: Sequence[Path], base: Path, known: Mapping[str, Source]) -> list[Seen]:
    """List the files under `places` with their sizes and times; none that is known is opened.

    Raises:
        UsageError: when there is no transcript at all.
    """
    given = {absolute_path(place) for place in places}
    now = time.time_ns()

    def is_known(path: Path) -> bool:
        was = known.get(relative(path, base))
        return was is not None and _told(path, now) == (was.size, was.mtime)

    return [
        Seen(path, relative(path, base), *_told(path, now), path in given)
        for path in reading.find(places, is_known)
    ]


def _told(path: Path, now: int) -> tuple[int, int]:
    """Return the size and time of a file, as far as they tell anything."""
    try:
        state = os.stat(path)
    except OSError:
        return _UNSURE, _UNSURE  # whoever reads it says why it cannot be read
    return state.st_size, state.st_mtime_ns if state.st_mtime_ns < now - _TICK else _UNSURE


def absolute_path(path: Path) -> Path:
    """Return `path` without dots, with its links as the user wrote them."""
    return Path(os.path.abspath(path))


def relative(path: Path, base: Path) -> str:
    """Return `path` as an index keeps it: relative to `base` where it lies under it."""
    absolute = absolute_path(path)
    inside = absolute.is_relative_to(base)
    return (absolute.relative_to(base) if inside else absolute).as_posix()


class Surroundings:
    """What stands beside the files, each folder looked at once."""

    def __init__(self, naming: Naming | None) -> None:
        self._sidecars = Sidecars(naming)
        self._given = repr((naming or Naming()).rows())
        self._hashes: dict[Path, str] = {}

    def about(self, path: Path, folder: Path | None = None) -> About:
        """Return what is said about a file; `folder` is where an archive stands that holds it.

        Raises:
            UsageError: when what stands beside it is not of the form that it should have.
        """
        return self._sidecars.about(path, folder)

    def beside(self, path: Path) -> str:
        """Hash all that stands beside a file, and the names given by hand."""
        folder = path.parent
        if folder not in self._hashes:
            parts = [_content(folder / name) for name in (SPEAKERS, SOURCES)]
            text = repr((parts, self._given))
            self._hashes[folder] = hashlib.sha256(text.encode()).hexdigest()
        return self._hashes[folder]

    def digest(self, path: Path) -> str:
        """Hash what is said about a file; of an archive all that stands beside it.

        Raises:
            UsageError: as `about`.
        """
        if path.suffix.lower() == ".zip":
            return self.beside(path)
        return hashlib.sha256(repr(said(self.about(path))).encode()).hexdigest()


def said(about: About) -> tuple[object, ...]:
    """Return what is said about a file in a fixed order."""
    return (sorted(about.aliases.items()), about.source, about.title, about.date)


def as_known(seen: Seen, known: Source | None, around: Surroundings) -> Source | None:
    """Return what is known of a file when nothing of it changed, as far as can be told unread.

    Raises:
        UsageError: as `Surroundings.about`.
    """
    if known is None or seen.mtime == _UNSURE:
        return None
    if (seen.size, seen.mtime) != (known.size, known.mtime):
        return None
    beside = around.beside(seen.path)
    if beside == known.beside:
        return known
    if around.digest(seen.path) != known.about:
        return None
    return Source(known.path, known.size, known.mtime, known.sha256, beside, known.about,
                  known.note)  # fmt: skip


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        return b"" if isinstance(error, FileNotFoundError) else str(error.errno).encode()
