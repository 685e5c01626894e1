"""The files of an index: those that changed are read; and what went wrong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rag import transcripts as reading
from rag.errors import NotReady, RagError, UsageError
from rag.store.index import Store
from rag.store.known import Seen, Surroundings, absolute_path, as_known, look, said
from rag.store.source import Source
from rag.store.sources import roots
from rag.transcripts.kinds import SUFFIXES, Kind
from rag.transcripts.naming import About, Naming
from rag.types import Transcript

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

# Kinds of which most files are something else than a transcript: one that is none is no mistake.
_FOREIGN = frozenset({Kind.JSON, Kind.TABLE, Kind.TTML})


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(slots=True)
class Files:
    """What became of the files: which were left alone, which read, and what went wrong.

    `items` are the transcripts of the files in `sources` that are new or different, with the hash
    of what was read. Of the files in `kept` everything stays as it is.
    """

    kept: dict[str, Source] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    items: list[tuple[Transcript, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    read: int = 0
    unchanged: int = 0
    touched: int = 0

    def problem(self, error: object) -> None:
        """Note what went wrong, once."""
        if str(error) not in self.problems:
            self.problems.append(str(error))


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


def read_changed(
    places: Sequence[Path],
    known: Mapping[str, Source],
    old: Store | None,
    base: Path,
    naming: Naming,
    progress: Progress = silent,
) -> Files:
    """Read the files under `places` that are not as `known`; of the others nothing is opened.

    What cannot be read keeps what `old` has of it.

    Raises:
        UsageError: when there is no transcript at all.
    """
    around = Surroundings(naming)
    seen = look(places, base, known)
    files = Files()
    suspects = [one for one in seen if not _left_alone(one, known.get(one.name), around, files)]
    for number, one in enumerate(suspects):
        progress("reading", number, len(suspects))
        files.read += 1
        try:
            _read(one, known.get(one.name), old, around, files)
        except RagError as error:
            files.problem(error)
            _keep(one.name, known, old, files)
    progress("reading", len(suspects), len(suspects))
    files.unchanged = len(seen) - len(suspects)
    for name, reason in _out_of_reach(old, places, {one.name for one in seen}, base):
        files.problem(f"{base / name}: {reason} (check its permissions)")
        _keep(name, known, old, files)
    return files


def changed(
    old: Store, places: Sequence[Path], base: Path, naming: Naming
) -> tuple[int, list[str]]:
    """Count the files under `places`; list those that are new, gone or different, by name."""
    known = old.catalog.sources()
    around, different, files = Surroundings(naming), [], Files()
    seen = look(places, base, known)
    for one in seen:
        was = known.get(one.name)
        if was is None:
            different.append(one.name)
        elif not _left_alone(one, was, around, files):
            data = reading.load(one.path)
            if _hash(data) != was.sha256 or around.digest(one.path) != was.about:
                different.append(one.name)
    different += known.keys() - {one.name for one in seen}
    return len(seen), sorted(different)


def _left_alone(one: Seen, was: Source | None, around: Surroundings, files: Files) -> bool:
    """Keep a file that is as it was; tell whether it is."""
    try:
        same = as_known(one, was, around)
    except RagError:
        return False  # what is said about it is wrong: whoever reads it says how
    if same is None:
        return False
    files.kept[one.name] = same
    files.touched += same != was
    return True


def _keep(name: str, known: Mapping[str, Source], old: Store | None, files: Files) -> None:
    """Keep what the index has of a file that cannot be read; it is tried again next time."""
    if name in known:
        files.kept[name] = known[name]
    elif old is not None and (was := old.catalog.sources().get(name)) is not None:
        files.sources[name] = replace(was, mtime=-1)
        files.items += _as_last_read(old, name)


def _read(
    one: Seen, was: Source | None, old: Store | None, around: Surroundings, files: Files
) -> None:
    if not _storable(one.name):
        raise UsageError(f"{one.name!r}: a file name that is not UTF-8", "rename it")
    digest = around.digest(one.path)
    data = reading.load(one.path)
    source = Source(one.name, one.size, one.mtime, _hash(data), around.beside(one.path), digest)
    if was is not None and (was.sha256, was.about) == (source.sha256, source.about):
        files.kept[one.name] = replace(source, note=was.note)
        files.touched += 1
        return
    members: list[tuple[Transcript, str]] = []
    failed: dict[str, RagError] = {}
    try:
        for path, content in reading.unpacked(data, one.path):
            name = one.name + path.as_posix().removeprefix(one.path.as_posix())
            try:
                members.append(_parsed(content, path, name, one.path, around))
            except RagError as error:
                failed[name] = error
    except UsageError as error:
        # In a folder an archive of something else is no mistake.
        if one.named or "no transcripts in it" not in error.message:
            raise
        failed[one.name] = error
    foreign = {} if one.named else {n: e for n, e in failed.items() if _is_foreign(n, e)}
    _settle(source, members, failed, foreign, old, files)


def _settle(
    source: Source,
    members: list[tuple[Transcript, str]],
    failed: Mapping[str, RagError],
    foreign: Mapping[str, RagError],
    old: Store | None,
    files: Files,
) -> None:
    """Record what a file held; a part that cannot be read keeps what the index has of it."""
    problems = {name: error for name, error in failed.items() if name not in foreign}
    if problems and source.path in problems:
        raise problems[source.path]
    for name, error in problems.items():
        files.problem(error)
        members += _as_last_read(old, name)
    if problems:
        source = replace(source, mtime=-1, sha256="")  # read again next time, to say so again
    for error in foreign.values():
        files.notes.append(f"{error.message}: left out")
    note = "; ".join(error.message for error in foreign.values())
    files.sources[source.path] = replace(source, note=note)
    files.items += members


def _is_foreign(name: str, error: RagError) -> bool:
    path = Path(name)
    kind = SUFFIXES.get(path.suffix.lower())
    return kind in _FOREIGN or "no transcripts in it" in error.message


def _parsed(
    data: bytes, path: Path, name: str, file: Path, around: Surroundings
) -> tuple[Transcript, str]:
    about = around.about(path, file.parent)
    try:
        item = reading.described(reading.parse(data, path, about.aliases), about)
    except RagError:
        raise
    except Exception as error:
        # A defect of a reader must not cost the other files their place in the index.
        what = f"{type(error).__name__}: {error}"
        raise UsageError(f"{path}: {what}", "not expected: please report it") from error
    if not _storable(name, item.title, item.date, item.source, *(t.speaker for t in item.turns)):
        raise UsageError(f"{path}: half a character in its front matter", "correct it")
    return replace(item, path=name), _content_hash(data, about)


def _storable(*texts: str) -> bool:
    """Tell whether texts are Unicode: YAML and file systems also give halves of characters."""
    return not any("\ud800" <= char <= "\udfff" for text in texts for char in text)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _content_hash(data: bytes, about: About) -> str:
    """Hash a file together with what is said beside it: both are what was read."""
    return hashlib.sha256(data + repr(said(about)).encode()).hexdigest()


def _as_last_read(old: Store | None, name: str) -> list[tuple[Transcript, str]]:
    """Return what the index has of a file, or of all files of an archive."""
    if old is None:
        return []
    hashes = old.catalog.hashes()
    found = []
    for described in old.catalog.transcripts():
        if described.path == name or described.path.startswith(f"{name}/"):
            item = old.catalog.transcript(described.id)
            if item is not None:
                found.append((item, hashes[item.path]))
    return found


def _out_of_reach(
    old: Store | None, places: Sequence[Path], found: set[str], base: Path
) -> Iterator[tuple[str, str]]:
    """Name the files indexed before that may still be there, in a folder that is closed to us."""
    for name in [] if old is None else sorted(old.catalog.sources().keys() - found):
        path = base / name
        if not any(path.is_relative_to(place) for place in places):
            continue
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield name, error.strerror or str(error)
