"""E-books (EPUB 2 and 3): the chapters in the order of the spine; paragraphs are counted through.

ebooklib was left aside for its licence (AGPL): the container is a zip with three small XML files.
"""

from __future__ import annotations

import html
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rag.errors import UsageError
from rag.transcripts.cues import Document
from rag.transcripts.documents.blocks import Block
from rag.transcripts.documents.lines import document
from rag.transcripts.documents.packages import Package
from rag.transcripts.documents.tables import with_speaking_tables
from rag.transcripts.documents.walk import Walked, walk
from rag.transcripts.encoding import decode

if TYPE_CHECKING:
    from lxml.etree import _Element

_LARGEST = 200_000_000  # bytes of all chapters, unpacked
_MOST_CHAPTERS = 5_000
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_KEPT = frozenset(("amp", "lt", "gt", "quot", "apos"))
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,1000}>")
_PROLOG = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read(data: bytes, place: str) -> Document:
    """Read an e-book.

    Raises:
        UsageError: when it is damaged, protected, too large, or not what it says.
    """
    package = Package(data, place)
    folder, root = _book(package)
    chapters = _spine(package, folder, root)
    _refuse_protected(package, chapters)
    blocks: list[Block] = []
    left = _LARGEST
    for name in chapters:
        chapter = package.part(name)
        left -= len(chapter)
        if left < 0:
            raise UsageError(f"{place}: unpacks to more than {_LARGEST // 1_000_000} MB",
                             "split it, or save its text as .txt")  # fmt: skip
        walked = _walked(chapter, f"{place}/{name}", len(blocks) + 1)
        if walked is not None:
            blocks += with_speaking_tables(walked.blocks, walked.tables)
    return document(blocks, _values(root))


def _book(package: Package) -> tuple[str, _Element]:
    container = package.tree("META-INF/container.xml")
    entry = None if container is None else container.find(".//{*}rootfile")
    name = "" if entry is None else entry.get("full-path") or ""
    root = package.tree(name)
    if root is None:
        raise UsageError(f"{package.place}: no book in it", "save it anew, or as .txt")
    return posixpath.dirname(name), root


def _spine(package: Package, folder: str, root: _Element) -> list[str]:
    files = {}
    for item in root.iterfind(".//{*}manifest/{*}item"):
        href = unquote((item.get("href") or "").partition("#")[0])
        if "nav" not in (item.get("properties") or "").split():
            files[item.get("id")] = posixpath.normpath(posixpath.join(folder, href))
    order = [item.get("idref") for item in root.iterfind(".//{*}spine/{*}itemref")]
    names = dict.fromkeys(files[key] for key in order[:_MOST_CHAPTERS] if key in files)
    present = set(package.names)
    return [name for name in names if name in present]


def _refuse_protected(package: Package, chapters: list[str]) -> None:
    """Fonts may be scrambled, and often are; scrambled chapters cannot be read."""
    root = package.tree("META-INF/encryption.xml")
    if root is None:
        return
    references = root.iterfind(".//{*}CipherReference")
    if {unquote(item.get("URI") or "") for item in references} & set(chapters):
        raise UsageError(
            f"{package.place}: protected against copying", "use a copy without protection"
        )


def _walked(data: bytes, place: str, number: int) -> Walked | None:
    from lxml import etree

    text, _ = decode(data, place) if data.strip() else ("", "")
    if "<!ENTITY" in text:
        raise UsageError(f"{place}: its XML declares entities", "save the book anew")
    if not text.strip():
        return None
    # The names of HTML's characters are in a DTD that nobody fetches; without it they are unknown.
    text = _NAMED.sub(_character, _DOCTYPE.sub("", _PROLOG.sub("", _CONTROL.sub("", text))))
    encoded = text.encode("utf-8", "replace")
    strict = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        root = etree.fromstring(encoded, strict)
    except (etree.XMLSyntaxError, ValueError):
        try:
            root = etree.fromstring(encoded, etree.HTMLParser(encoding="utf-8", no_network=True))
        except (etree.XMLSyntaxError, AssertionError):
            return None
    return None if root is None else walk(root, lambda _element, _tag: "", number)


def _character(match: re.Match[str]) -> str:
    return match[0] if match[1] in _KEPT else html.unescape(match[0])


def _values(root: _Element) -> dict[str, object]:
    title = " ".join((root.findtext(".//{*}metadata/{*}title") or "").split())
    date = (root.findtext(".//{*}metadata/{*}date") or "").strip()
    found = {"title": title, "date": date if re.match(r"[12]\d{3}-\d\d", date) else ""}
    return {key: value for key, value in found.items() if value}
