"""The results of a batch in a file, kept while it grows, so that nothing is asked twice.

Every finished line is appended to a journal beside the file and synced; when all are there, the
file is written in the order of the questions, takes its place at once, and the journal goes. Each
line has a `fingerprint`: of what the replies depend on, and of the question it replies to. Whatever
line of the journal or of the file itself has the right one need not be asked for again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from io import BytesIO, FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from rag import views
from rag.errors import NotReady, UsageError
from rag.script.lines import Asked
from rag.script.replies import Line, failed
from rag.types import Earlier

if TYPE_CHECKING:
    from filelock import FileLock

FINGERPRINT = "fingerprint"
_FINGERPRINT = re.compile(r"(?P<context>[0-9a-f]{8})-(?P<key>[0-9a-f]{16})")
_OPENING = b'{"id"'
_FILE, _JOURNAL = 0, 1  # where a line stands: in the file as it was, or in the journal


class Results:
    """The file of results at `path`, the journal beside it, and what both have already.

    Of a line only its place is kept in memory, some 300 bytes. `foreign` counts the replies there
    that were given under other circumstances; they are not used, and not thrown away either.
    `ready` counts the questions so far that need not be asked.
    """

    def __init__(self, path: Path, context: str) -> None:
        """Open both; `context` is what the replies of this run depend on, hexadecimal.

        Raises:
            UsageError: when something else is in the file, or it cannot be written.
            NotReady: when another process is writing it.
        """
        self.path = path.resolve()
        self.partial = self.path.with_name(f"{self.path.name}.partial")
        self.foreign = 0
        self.ready = 0
        self._context = context
        self._seen: Counter[int] = Counter()
        self._order = array("Q")
        self._was = array("Q")
        self._places: dict[int, int] = {}  # key: twice the offset, and where
        self._failures: dict[int, int] = {}
        self._held = [0, 0]  # replies in the file and in the journal
        self._began = 0  # where this run's lines begin in the journal
        self._journal: FileIO | None = None
        self._published = False
        if self.path.exists() and not self.path.is_file():
            raise UsageError(f"{path} is not a file", "name one, or leave out --out and use >")
        if not self.path.parent.is_dir():
            raise UsageError(f"{self.path.parent} is no folder", "make it, or name another place")
        self._lock = self._locked()
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _locked(self) -> FileLock:
        from filelock import FileLock, Timeout

        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise NotReady(
                f"{self.path} is being written by another process", "try again later"
            ) from None
        except OSError as error:
            raise _not_writable(self.path, error) from error
        return lock

    def _open(self) -> None:
        try:
            # Unbuffered: a line is there as a whole, or torn at the end.
            self._journal = self.partial.open("ab", buffering=0)
            for number, (offset, data) in enumerate(_lines(self.path), start=1):
                if not self._note(data, offset, _FILE):
                    raise _not_ours(self.path, number)
            for offset, data in _lines(self.partial):
                whole = data.endswith(b"\n")
                ours = self._note(data, offset, _JOURNAL) if whole else data[:5] == _OPENING
                if offset == 0 and not ours and not _OPENING.startswith(data):
                    raise _not_ours(self.partial, 1)
                if whole:
                    self._began = offset + len(data)
            self._journal.truncate(self._began)
        except OSError as error:
            raise _not_writable(self.path, error) from error

    def _note(self, data: bytes, offset: int, where: int) -> bool:
        """Remember what one line of a file replies to; tell whether it is a reply at all."""
        try:
            value = json.loads(data)
            match = _FINGERPRINT.fullmatch(value[FINGERPRINT])
        except (ValueError, TypeError, KeyError, RecursionError):
            return False
        if match is None:
            return False
        ours, again, key = (
            match["context"] == self._context,
            failed(value),
            int(match["key"], 16),
        )
        if where == _FILE:
            self._was.append(key if ours and not again else 0)
        if again or (ours and key in self._places):
            return True
        self._held[where] += 1
        if ours:
            self._places[key] = offset * 2 + where
        else:
            self.foreign += 1
        return True

    @property
    def kept(self) -> int:
        """How many replies the journal has."""
        return self._held[_JOURNAL]

    def missing(self, lines: Iterator[Asked]) -> Iterator[tuple[int, Asked]]:
        """Yield what is not answered yet, with its key, and note the order of all."""
        for asked in lines:
            base = _key(asked, 0)
            key = _key(asked, self._seen[base]) if self._seen[base] else base
            self._seen[base] += 1
            self._order.append(key)
            if key in self._places:
                self.ready += 1
            else:
                yield key, asked

    def add(self, key: int, line: Line) -> None:
        """Keep a reply; when this returns, it outlives a crash.

        Raises:
            UsageError: when it cannot be written.
        """
        marked = {**line, FINGERPRINT: f"{self._context}-{key:016x}"}
        data = f"{views.to_json(marked)}\n".encode(errors="backslashreplace")
        assert self._journal is not None
        try:
            offset = self._journal.seek(0, os.SEEK_END)
            self._journal.write(data)
            os.fsync(self._journal.fileno())
        except OSError as error:
            raise _not_writable(self.partial, error) from error
        places = self._failures if failed(line) else self._places
        places[key] = offset * 2 + _JOURNAL
        self._held[_JOURNAL] += not failed(line)

    def all(self) -> Iterator[tuple[Line, bool]]:
        """Yield the lines in the order of the questions, and whether an earlier run gave them."""
        for data, before in self._all():
            yield json.loads(data), before

    def _all(self) -> Iterator[tuple[bytes, bool]]:
        with ExitStack() as opened:
            files = [
                opened.enter_context(path.open("rb") if path.exists() else BytesIO())
                for path in (self.path, self.partial)
            ]
            for key in self._order:
                place = self._places[key] if key in self._places else self._failures[key]
                offset, where = divmod(place, 2)
                files[where].seek(offset)
                yield files[where].readline(), where == _FILE or offset < self._began

    @property
    def complete(self) -> bool:
        """Whether the file is already as it has to be."""
        return self.path.exists() and self._was == self._order

    def publish(self) -> list[Path]:
        """Write the file and remove the journal; return where replies not used now are kept.

        Raises:
            UsageError: when it cannot be written.
        """
        used = [0, 0]
        for key in set(self._order):
            if key in self._places:
                used[self._places[key] % 2] += 1
        spare = [held > there for held, there in zip(self._held, used, strict=True)]
        try:
            kept = [self._spare(self.path)] if spare[_FILE] and not self.complete else []
            if not self.complete:
                self._replace()
            if spare[_JOURNAL]:
                kept.append(self._spare(self.partial, self._began))
        except OSError as error:
            raise _not_writable(self.path, error) from error
        self._published = True
        return kept

    def _replace(self) -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("wb") as file:
            for data, _ in self._all():
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if self.path.exists():
            shutil.copymode(self.path, new)
        new.replace(self.path)
        _sync(self.path.parent)

    def _spare(self, path: Path, size: int | None = None) -> Path:
        """Copy a file, or its beginning, to the first free name for what is kept of it."""
        number, spare = 1, path.with_name(f"{path.name}.bak")
        while spare.exists():
            number += 1
            spare = path.with_name(f"{path.name}.bak{number}")
        shutil.copy2(path, spare)
        if size is not None:
            os.truncate(spare, size)
        return spare

    def close(self) -> None:
        """Release the files; a journal that holds nothing is removed."""
        if self._journal is not None:
            self._journal.close()
        with suppress(OSError):
            if self._published or not self.partial.stat().st_size:
                self.partial.unlink()
        with suppress(OSError):
            Path(self._lock.lock_file).unlink()
        self._lock.release()


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file, which may be absent, each with its offset."""
    if not path.exists():
        return
    offset = 0
    with path.open("rb") as file:
        for data in file:
            yield offset, data
            offset += len(data)


def _key(asked: Asked, repeated: int) -> int:
    """Fingerprint what is asked; the same line a second time is another question."""
    history = [asdict(item) if isinstance(item, Earlier) else item for item in asked.history]
    values = json.dumps([asked.id, asked.question, history, repeated], sort_keys=True)
    digest = hashlib.blake2b(values.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


def _not_ours(path: Path, line: int) -> UsageError:
    return UsageError(
        f"{path}:{line}: not a result of a batch", "name another file, or remove this one"
    )


def _not_writable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: {error.strerror or error}", "check the place and its permissions")


def _sync(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows cannot open a folder to sync it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
