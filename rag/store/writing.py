"""One writer at a time, in a folder of its own, which is gone unless it is finished."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import NotReady, UsageError
from rag.store.blocks import forget

_TEMPORARY = "building-"
_FULL = re.compile(
    r"no space left|file too large|quota exceeded|disk is full|disk i/o error|\d requested and \d",
    re.IGNORECASE,
)


@contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Lock `folder` and yield a temporary folder in it, which is gone afterwards unless published.

    Raises:
        NotReady: when another process is writing, or the disk is full.
        UsageError: when the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise NotReady(f"{folder} is being written by another process", "try again later") from None
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        temporary = _temporary(folder)
        try:
            yield temporary
        except (OSError, ValueError, sqlite3.Error) as error:
            # Whoever writes says it in words of its own: Python, NumPy, SQLite and tantivy.
            if not _FULL.search(str(error)):
                raise
            forget(folder)  # whoever frees space is not to find it filled by us
            what = "free some space; the index is as it was"
            raise NotReady(_named(error, folder), what) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    finally:
        lock.release()


def _named(error: Exception, folder: Path) -> str:
    """Say in one line where there was no space."""
    where = getattr(error, "filename", None) or folder
    reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
    return f"{where}: {reason}"


def _temporary(folder: Path) -> Path:
    for stale in folder.glob(f"{_TEMPORARY}*"):
        shutil.rmtree(stale, ignore_errors=True)
    temporary = folder / f"{_TEMPORARY}{os.getpid()}"
    try:
        temporary.mkdir()
    except OSError as error:
        raise _not_writable(folder, error) from error
    return temporary


def _not_writable(folder: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{folder}: {error.strerror or error}", "give a writable place: -i /some/folder"
    )
