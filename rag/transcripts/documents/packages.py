"""Office files and e-books are zip archives of XML: parts of them, read within bounds."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NoReturn

from rag.errors import UsageError, safe

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST_PART = 200_000_000
"""Bytes of XML in one part, unpacked: it is read as a stream, so this bounds time, not memory."""
LARGEST_IN_MEMORY = 20_000_000
"""Bytes of a part of which the whole tree is needed: styles, a chapter of an e-book."""
_MOST_PARTS = 20_000
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError,
            ValueError, OverflowError, IndexError)  # fmt: skip


class Package:
    """The parts of a zip archive by name; opened once, closed with it."""

    def __init__(self, data: bytes, place: str) -> None:
        self.place = place
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self.names = [info.filename for info in self._zip.infolist()]
        except _DAMAGED as error:
            self.damaged(error)
        if len(self.names) > _MOST_PARTS:
            raise UsageError(f"{place}: more than {_MOST_PARTS} parts in it", "save it anew")

    def damaged(self, error: object) -> NoReturn:
        """Say that the file cannot be read.

        Raises:
            UsageError: always.
        """
        reason = " ".join(safe(str(error)).split())[:120] or type(error).__name__
        raise UsageError(
            f"{self.place}: damaged ({reason})", "open it in its program and save it anew"
        )

    def part(self, name: str, most: int = LARGEST_IN_MEMORY) -> bytes:
        """Return a small part, empty when there is none.

        Raises:
            UsageError: when it is too large, encrypted or damaged.
        """
        if name not in self.names:
            return b""
        try:
            with self._zip.open(name) as stream:
                data = stream.read(most + 1)
        except _DAMAGED as error:
            self.damaged(error)
        if len(data) > most:
            raise UsageError(
                f"{self.place}: {name} in it unpacks to more than {most // 1_000_000} MB",
                "save its text as .txt",
            )
        return data

    def tree(self, name: str) -> _Element | None:
        """Parse a small part; None when there is none.

        Raises:
            UsageError: when it is no XML or one that declares entities.
        """
        from lxml import etree

        data = self.part(name)
        self._refuse_entities(data[:4096])
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            return etree.fromstring(data, parser) if data else None
        except (etree.XMLSyntaxError, ValueError) as error:
            self.damaged(error)

    def elements(self, name: str, tags: tuple[str, ...]) -> Iterator[tuple[str, _Element]]:
        """Yield the start and end of the elements of a large part as they are met.

        What was yielded at its end may be cleared, so that memory does not grow with the part.

        Raises:
            UsageError: when it is missing, too large, no XML, or one that declares entities.
        """
        from lxml import etree

        if name not in self.names:
            raise UsageError(f"{self.place}: no {name} in it", "save it anew, or as .txt")
        try:
            with self._zip.open(name) as stream:
                bounded = _Bounded(stream, self)
                self._refuse_entities(bounded.peek())
                for event, element in etree.iterparse(
                    bounded, events=("start", "end"), tag=tags,
                    resolve_entities=False, no_network=True, load_dtd=False,
                ):  # fmt: skip
                    yield event, element
                    bounded.since = bounded.since if event == "start" else 0
        except (etree.XMLSyntaxError, *_DAMAGED) as error:
            self.damaged(error)

    def _refuse_entities(self, head: bytes) -> None:
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise UsageError(
                f"{self.place}: its XML declares entities, which no such file needs",
                "save it anew in its program",
            )


class _Bounded:
    """A stream that ends with an error behind so many bytes."""

    def __init__(self, stream: IO[bytes], package: Package) -> None:
        self._stream = stream
        self._package = package
        self._head = stream.read(4096)
        self._left = LARGEST_PART
        self.since = 0  # bytes of the tree that nobody has released yet

    def peek(self) -> bytes:
        return self._head

    def read(self, size: int = -1) -> bytes:
        data, self._head = self._head or self._stream.read(max(size, 4096)), b""
        self._left -= len(data)
        self.since += len(data)
        if self._left < 0 or self.since > LARGEST_IN_MEMORY:
            raise UsageError(
                f"{self._package.place}: unpacks to more than {LARGEST_PART // 1_000_000} MB,"
                f" or {LARGEST_IN_MEMORY // 1_000_000} MB without a paragraph",
                "save its text as .txt",
            )
        return data


def release(element: _Element) -> None:
    """Forget an element that was read, and its siblings before it."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
