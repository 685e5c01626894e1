"""The text of PDF files; paragraphs are counted through the file.

A PDF has no paragraphs, only lines at places of a page: what repeats at the edges of its pages is
left out, words cut at the end of a line are put together, and lines that are full go on in the
next one.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from rag.errors import UsageError, safe
from rag.text import HAN, KANA, joint
from rag.transcripts.cues import Document
from rag.transcripts.encoding import printable
from rag.transcripts.labels import TIME

if TYPE_CHECKING:
    from pypdf import PdfReader

LARGEST = 200_000_000
"""Bytes of a file: the objects of a page are read when they are needed, but the bytes are held."""
_MOST_PAGES = 5_000
_MOST_SECONDS = 300.0
_LARGEST_PAGE = 20_000_000  # characters of drawing instructions
_EDGE = 2  # lines at the top and at the bottom of a page
_PAGE_NUMBER = re.compile(
    r"[-–—\s|]*(?:page|p\.|seite|第)?\s*\d{1,4}\s*(?:(?:/|of|von|共)\s*\d{1,4})?\s*[页頁]?[-–—\s|]*",
    re.IGNORECASE,
)
_LABEL = re.compile(
    rf"(?:[\[(（【]?{TIME}[\])）】]?\s*)?[^\s:：，。,.!?][^:：。！？!?]{{0,40}}(?:：|:(?=\s|$|[{HAN}]))"
    rf"|【[^】]{{1,40}}】|[\[(（]?{TIME}[\])）]?(?:\s|$)|(?:[-*•·▪]|\d{{1,2}}[.)、])\s"
    rf"|\S.{{0,40}}\s[\[(（]?{TIME}[\])）]?\s*$"
)
_WIDE = re.compile(rf"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]")
_HYPHENATED = re.compile(r"[^\W\d_]{2,}[-\u00ad\u2010]$")
_ENDS = re.compile(r"[。！？!?.…:：”」』\"）)]$")
_MATTERS = re.compile(r"broken|decompress|hex string|font|not defined|invalid|error", re.IGNORECASE)
_FULL = 0.75  # of the usual width


def read(data: bytes, place: str) -> Document:
    """Read the text of a PDF.

    Raises:
        UsageError: when it is damaged, encrypted, too large, or holds only images.
    """
    if len(data) > LARGEST:
        raise UsageError(f"{place}: a PDF of more than {LARGEST // 1_000_000} MB", "split it first")
    with _heard() as said:
        pages, values = _pages(data, place)
    lines = _without_edges(pages)
    if not any(lines):
        raise UsageError(
            f"{place}: no text in it, only images",
            "recognise it first: ocrmypdf scan.pdf readable.pdf",
        )
    texts = list(_paragraphs([line for page in lines for line in page]))
    warnings = (f"{place}: damaged in places ({said[0]}); words may be missing",) if said else ()
    return Document(tuple(texts), tuple(range(1, len(texts) + 1)), values, warnings)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Listen to what pypdf logs of a file, which is printed where nobody listens.

    Of its many remarks those are kept that may cost words.
    """
    found: list[str] = []
    thread = threading.get_ident()

    def hear(record: logging.LogRecord) -> bool:
        text = " ".join(safe(record.getMessage()).split())[:100]
        if record.thread == thread and not found and _MATTERS.search(text):
            found.append(text)
        return False

    logger, ear = logging.getLogger("pypdf"), logging.StreamHandler(StringIO())
    ear.addFilter(hear)
    logger.addHandler(ear)
    try:
        yield found
    finally:
        logger.removeHandler(ear)


def _pages(data: bytes, place: str) -> tuple[list[list[str]], dict[str, object]]:
    from pypdf import PdfReader

    try:
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise UsageError(f"{place}: encrypted", "save it without a password")
        pages = list(_texts(reader, place))
        return pages, _values(reader)
    except (UsageError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged file leads the library into
        if "crypt" in f"{type(error).__name__}{error}".lower():
            raise UsageError(f"{place}: encrypted", "save it without a password") from error
        reason = " ".join(safe(str(error)).split())[:100] or type(error).__name__
        raise UsageError(f"{place}: damaged ({reason})", "print it to a new PDF") from error


def _texts(reader: PdfReader, place: str) -> Iterator[list[str]]:
    if len(reader.pages) > _MOST_PAGES:
        raise UsageError(f"{place}: more than {_MOST_PAGES} pages", "split it first")
    end = time.monotonic() + _MOST_SECONDS
    for number, page in enumerate(reader.pages, start=1):
        contents = page.get_contents()
        if contents is not None and len(contents.get_data()) > _LARGEST_PAGE:
            raise UsageError(f"{place}: page {number} is a drawing too large to read", "split it")
        if time.monotonic() > end:
            raise UsageError(f"{place}: reading takes too long at page {number}", "split it first")
        text = page.extract_text() or ""
        yield [" ".join(line.split()) for line in printable(text).replace("\0", "").split("\n")]


def _without_edges(pages: list[list[str]]) -> list[list[str]]:
    """Leave out page numbers, and lines that come back at the edges of most pages.

    It is done from the outside in, and stops at the first line that belongs to the text.
    """
    filled = [[line for line in page if line] for page in pages]
    if len(filled) < 2:
        return filled
    seen = Counter[tuple[str, int | None]]()
    for number, page in enumerate(filled):
        edges = {*page[:_EDGE], *page[-_EDGE:]}
        seen.update({shape for line in edges for shape in _shapes(line, number)})
    often = {shape for shape, count in seen.items() if count * 2 > len(filled) and count > 1}
    return [_inside(page, number, often) for number, page in enumerate(filled)]


def _inside(page: list[str], number: int, often: set[tuple[str, int | None]]) -> list[str]:
    first, last = 0, len(page)
    while first < min(_EDGE, last) and _is_furniture(page[first], number, often, first == 0):
        first += 1
    outermost = len(page)
    while last > max(first, outermost - _EDGE) and (
        _is_furniture(page[last - 1], number, often, last == outermost)
    ):
        last -= 1
    return page[first:last]


def _is_furniture(
    line: str, number: int, often: set[tuple[str, int | None]], outermost: bool
) -> bool:
    """Tell a header from a turn: `Host: So?` may well open most pages, but does not count them."""
    plain, counting = _shapes(line, number)
    if _LABEL.match(line):
        return outermost and counting[1] is not None and counting in often
    return plain in often or (outermost and _PAGE_NUMBER.fullmatch(line) is not None)


def _shapes(line: str, number: int) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
    """A line with all digits alike, and the same with the number that it counts pages from."""
    shape = re.sub(r"\d+", "0", line)
    counted = re.findall(r"\d{1,4}", line)
    return (shape, None), (shape, int(counted[-1]) - number if counted else None)


def _paragraphs(lines: list[str]) -> Iterator[str]:
    widths = sorted(_width(line) for line in lines if line)
    usual = widths[len(widths) * 9 // 10] if widths else 0
    parts: list[str] = []
    last = ""
    for line in lines:
        if last and not _goes_on(last, line, usual):
            yield "".join(parts)
            parts = []
        if not parts:
            parts = [line]
        elif _HYPHENATED.search(last) and line[:1].islower():
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        else:
            parts += [joint(last, line), line]
        last = line
    if parts:
        yield "".join(parts)


def _goes_on(above: str, line: str, usual: int) -> bool:
    """Tell whether a line goes on with the paragraph of the one above it."""
    if _LABEL.match(line):
        return False
    if _HYPHENATED.search(above) and line[:1].islower():
        return True
    if _width(above) < usual * _FULL:
        return not _ENDS.search(above) and line[:1].islower()
    return True


def _width(line: str) -> int:
    return len(line) + len(_WIDE.findall(line))


def _values(reader: PdfReader) -> dict[str, object]:
    given = str((reader.metadata.title if reader.metadata else None) or "")
    title = " ".join(printable(given).replace("\0", "").split())
    is_file = re.search(r"\.(?:docx?|pdf|indd|odt|tex|pages)$|^Microsoft |^untitled", title, re.I)
    return {"title": title} if title and not is_file else {}
