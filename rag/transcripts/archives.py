"""The transcripts in a zip archive, unpacked in memory and within bounds.

Nothing is written to disk: the name of a member serves to call it `archive.zip/inner/name.srt`,
and one that leads elsewhere (`../x`, `/etc/x`) is only read without that part.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import NoReturn

from rag.errors import UsageError, safe
from rag.transcripts.encoding import decode

MOST_MEMBERS = 20_000
LARGEST_MEMBER = 200_000_000
LARGEST_TOTAL = 1_000_000_000
MOST_RATIO = 200
"""Text packs to a tenth, captions to a fiftieth; only what is made of one byte packs better."""

_ALWAYS_ALLOWED = 20_000_000  # bytes that need no ratio
_CHUNK = 1 << 18
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError,
            ValueError, OverflowError, IndexError, struct.error)  # fmt: skip
_DRIVE = re.compile(r"[A-Za-z]:")
_UNPACK = "unpack it and give the folder"


@dataclass(slots=True)
class _Budget:
    """What may still be unpacked, of the archive and of the archives in it together."""

    members: int
    total: int


def members(data: bytes, place: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the members whose name is `wanted`, in the archive's order.

    Names have forward slashes and no way out of the archive; a name that comes back is numbered.
    Folders, links, hidden files and what macOS adds are left out. An archive in the archive is
    read as a folder, one in that is refused.

    Raises:
        UsageError: for an archive that is damaged, encrypted, or unpacks to too much.
    """
    yield from _members(data, place, wanted, _Budget(MOST_MEMBERS, LARGEST_TOTAL), nested=False)


def _members(
    data: bytes, place: str, wanted: Callable[[str], bool], budget: _Budget, nested: bool
) -> Iterator[tuple[str, bytes]]:
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except _DAMAGED as error:
        _damaged(place, error)
    entries = archive.infolist()
    budget.members -= len(entries)
    if budget.members < 0:
        raise UsageError(f"{place}: more than {MOST_MEMBERS} files in it", _UNPACK)
    if sum(entry.compress_size for entry in entries) > len(data):
        raise UsageError(f"{place}: its files share their bytes, as in a zip bomb", _UNPACK)
    taken: set[str] = set()
    for plain, entry in zip(_names(entries, place), entries, strict=True):
        inner = plain.lower().endswith(".zip")
        if not _is_file(plain, entry) or not (inner or wanted(plain)):
            continue
        name = _unique(plain, taken)
        if inner and nested:
            raise UsageError(f"{place}/{name}: an archive in an archive in an archive", _UNPACK)
        unpacked = _unpacked(archive, entry, f"{place}/{name}", budget)
        if inner:
            found = _members(unpacked, f"{place}/{name}", wanted, budget, nested=True)
            yield from ((f"{name}/{below}", content) for below, content in found)
        else:
            yield name, unpacked


def _is_file(name: str, entry: zipfile.ZipInfo) -> bool:
    if entry.is_dir() or not name or stat.S_ISLNK(entry.external_attr >> 16):
        return False
    parts = PurePosixPath(name).parts
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _unpacked(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str, budget: _Budget
) -> bytes:
    """Unpack one member piece by piece: what its header says about its size is only a claim."""
    if entry.flag_bits & _ENCRYPTED:
        raise UsageError(f"{place}: encrypted", _UNPACK)
    _check(entry.file_size, entry, place, budget)
    chunks: list[bytes] = []
    size = 0
    try:
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                _check(size, entry, place, budget)
                chunks.append(chunk)
    except _DAMAGED as error:
        _damaged(place, error)
    budget.total -= size
    return b"".join(chunks)


def _check(size: int, entry: zipfile.ZipInfo, place: str, budget: _Budget) -> None:
    if size > LARGEST_MEMBER:
        limit = f"more than {LARGEST_MEMBER // 1_000_000} MB"
    elif size > _ALWAYS_ALLOWED and size > entry.compress_size * MOST_RATIO:
        limit = f"more than {MOST_RATIO} times its size, as a zip bomb does"
    elif size > budget.total:
        limit = f"more than {LARGEST_TOTAL // 1_000_000} MB together with the others"
    else:
        return
    raise UsageError(f"{place}: unpacks to {limit}", _UNPACK)


def _names(entries: list[zipfile.ZipInfo], place: str) -> list[str]:
    """Decode the names: programs that do not write UTF-8 write the encoding of their country."""
    raw = [
        None if entry.flag_bits & _UTF8_NAME else entry.orig_filename.encode("cp437", "replace")
        for entry in entries
    ]
    foreign = [name for name in raw if name is not None and not name.isascii()]
    text = ""
    if foreign:
        try:
            text, _ = decode(b"\n".join(name.replace(b"\n", b"_") for name in foreign), place)
        except UsageError:
            text = ""
    decoded = text.split("\n")
    legacy = iter(decoded if len(decoded) == len(foreign) else [])
    return [
        _harmless(
            entry.orig_filename
            if name is None or name.isascii()
            else next(legacy, entry.orig_filename)
        )
        for entry, name in zip(entries, raw, strict=True)
    ]


def _harmless(name: str) -> str:
    parts = safe(_DRIVE.sub("", name.replace("\\", "/"), count=1)).split("/")
    return "/".join(part.strip() for part in parts if part.strip() not in ("", ".", ".."))


def _unique(name: str, taken: set[str]) -> str:
    path, count = PurePosixPath(name), 1
    unique = name
    while unique in taken:
        count += 1
        unique = str(path.with_name(f"{path.stem} ({count}){path.suffix}"))
    taken.add(unique)
    return unique


def _damaged(place: str, error: Exception) -> NoReturn:
    reason = " ".join(safe(str(error)).split())[:120] or type(error).__name__
    raise UsageError(f"{place}: damaged archive ({reason})", "pack it anew") from error
