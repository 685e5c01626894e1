"""The files of an index: which ones, read, each under its own id, and what went wrong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag import transcripts as reading
from rag.errors import NotReady, RagError, UsageError
from rag.store.index import Store
from rag.store.sources import absolute_path, roots
from rag.transcripts.naming import About, Naming, Sidecars
from rag.types import Transcript

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files as read: transcripts with the hash of their file, and what went wrong."""

    items: tuple[tuple[Transcript, str], ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """The content hash of every file, by path."""
        return {item.path: sha256 for item, sha256 in self.items}


def choose(
    folder: Path, asked: Sequence[Path], base: Path, *, fresh: bool
) -> tuple[list[Path], list[Path]]:
    """Return the files and folders to index, and those of earlier builds that are gone.

    Raises:
        NotReady: when none is asked for, and none is known of the index in `folder`.
        UsageError: when all are gone.
    """
    named = [absolute_path(path) for path in asked]
    known: list[Path] = []
    try:
        if not (fresh and asked):
            known = [base / root for root in roots(folder)]
    except NotReady:
        if not asked:
            raise
    gone = [path for path in known if path not in named and not os.path.lexists(path)]
    there = [path for path in dict.fromkeys([*named, *known]) if path not in gone]
    if not there:
        names = ", ".join(map(str, gone))
        raise UsageError(f"{names}: gone, and nothing else is indexed", "name a folder that exists")
    return there, gone


def relative(path: Path, base: Path) -> str:
    """Return `path` as an index keeps it: relative to `base` where it lies under it."""
    absolute = absolute_path(path)
    inside = absolute.is_relative_to(base)
    return (absolute.relative_to(base) if inside else absolute).as_posix()


def read_all(
    places: Sequence[Path],
    old: Store | None,
    base: Path,
    progress: Progress,
    *,
    fresh: bool,
    naming: Naming,
) -> Files:
    """Read all transcripts under `places`; what cannot be read keeps what `old` has of it.

    `naming` says, beside the files in the folders themselves, whom labels mean.

    Raises:
        UsageError: when there is no transcript, or none could be read.
    """
    items: list[tuple[Transcript, str]] = []
    problems: dict[str, None] = {}
    sidecars = Sidecars(naming)
    paths = reading.find(places)
    names = [relative(path, base) for path in paths]
    for number, (path, name) in enumerate(zip(paths, names, strict=True)):
        progress("reading", number, len(paths))
        try:
            items.append(_read(path, name, sidecars))
        except RagError as error:
            problems[str(error)] = None
            items += _as_last_read(old, name)
    progress("reading", len(paths), len(paths))
    for name, reason in _out_of_reach(old, places, set(names), base):
        problems[f"{base / name}: {reason} (check its permissions)"] = None
        items += _as_last_read(old, name)
    if not items:
        some = "; ".join([*problems][:3])
        raise UsageError(f"nothing was indexed: {some}")
    unused = tuple(f"{file}: names are given for it, but it is not indexed"
                   for file in naming.unused(paths))  # fmt: skip
    return Files(tuple(_distinct(items, None if fresh else old)), tuple(problems), unused)


def changed(
    files: Sequence[Path], known: Mapping[str, str], base: Path, naming: Naming | None = None
) -> list[str]:
    """List the files that are new, gone or different from the hashes of an index, by name."""
    sidecars = Sidecars(naming)
    found = {
        relative(path, base): _content_hash(reading.load(path), sidecars.about(path))
        for path in files
    }
    return sorted(name for name in {*found, *known} if found.get(name) != known.get(name))


def unchanged(places: Sequence[Path], old: Store, base: Path, naming: Naming) -> bool:
    """Tell, without parsing anything, whether all files are what they were."""
    try:
        return not changed(reading.find(places), old.catalog.hashes(), base, naming)
    except RagError:
        return False  # whoever reads them says what is wrong


def _read(path: Path, name: str, sidecars: Sidecars) -> tuple[Transcript, str]:
    if not _storable(name):
        raise UsageError(f"{name!r}: a file name that is not UTF-8", "rename it")
    about = sidecars.about(path)
    data = reading.load(path)
    try:
        item = reading.described(reading.parse(data, path, about.aliases), about)
    except RagError:
        raise
    except Exception as error:
        # A defect of a reader must not cost the other files their place in the index.
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{path}: {what}", "not expected: please report it") from error
    if not _storable(item.title, item.date, item.source, *(turn.speaker for turn in item.turns)):
        raise UsageError(f"{path}: half a character in its front matter", "correct it")
    return replace(item, path=name), _content_hash(data, about)


def _storable(*texts: str) -> bool:
    """Tell whether texts are Unicode: YAML and file systems also give halves of characters."""
    return not any("\ud800" <= char <= "\udfff" for text in texts for char in text)


def _content_hash(data: bytes, about: About) -> str:
    """Hash a file together with what is said beside it: both are what was read."""
    beside = (sorted(about.aliases.items()), about.source, about.title, about.date)
    return hashlib.sha256(data + repr(beside).encode()).hexdigest()


def _as_last_read(old: Store | None, name: str) -> list[tuple[Transcript, str]]:
    if old is None or name not in (hashes := old.catalog.hashes()):
        return []
    id_ = next(item.id for item in old.catalog.transcripts() if item.path == name)
    item = old.catalog.transcript(id_)
    return [] if item is None else [(item, hashes[name])]


def _out_of_reach(
    old: Store | None, places: Sequence[Path], found: set[str], base: Path
) -> Iterator[tuple[str, str]]:
    """Name the files indexed before that may still be there, in a folder that is closed to us."""
    for name in [] if old is None else sorted(old.catalog.hashes().keys() - found):
        path = base / name
        if not any(path.is_relative_to(place) for place in places):
            continue
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield name, error.strerror or str(error)


def _distinct(
    items: Iterable[tuple[Transcript, str]], old: Store | None
) -> list[tuple[Transcript, str]]:
    """Give transcripts of one file name the name of their folder, or a number, in addition.

    A file keeps the id that it had: an address noted down must not come to mean another file.
    """
    had = {item.path: item.id for item in old.catalog.transcripts()} if old is not None else {}
    taken: set[str] = set()
    distinct = []
    for item, sha256 in sorted(items, key=lambda pair: (pair[0].path not in had, pair[0].path)):
        id_ = had.get(item.path, item.id)
        if id_ in taken:
            parent = reading.identifier(Path(Path(item.path).parent.name or "file"))
            id_ = f"{parent}-{item.id}"
        number = 2
        while id_ in taken:
            id_, number = f"{item.id}-{number}", number + 1
        taken.add(id_)
        distinct.append((replace(item, id=id_), sha256))
    return sorted(distinct, key=lambda pair: pair[0].path)
