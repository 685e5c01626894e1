"""HTML pages, as sites serve them and as browsers save them.

Numbers of lines are those of the file. The tree is lxml's, which knows the line of each element;
which blocks of it are the subject of the page is decided in `content`.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.transcripts.cues import Document
from rag.transcripts.documents.blocks import Block, Form
from rag.transcripts.documents.content import select, zoning
from rag.transcripts.documents.lines import document
from rag.transcripts.documents.tables import with_speaking_tables
from rag.transcripts.documents.walk import walk
from rag.transcripts.encoding import decode

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST = 50_000_000
"""Bytes of a page: its tree takes about eight times as much memory."""

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{2,40})")
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://\S{1,2000})\s*-->")
_SITE = re.compile(r"\s+[|_–—·»]\s+.*$|\s+-\s+[^-]{1,40}$|[_|][^_|]{1,20}$")
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2})?")
_DATES = (
    "article:published_time", "datepublished", "date", "pubdate", "publishdate", "dc.date",
    "dc.date.issued", "dcterms.created", "citation_publication_date", "og:release_date",
    "publication_date", "apub:time",
)  # fmt: skip
_LARGEST_JSON = 200_000
_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f]")
# libxml2 drops what stands behind these, browsers do not.
_CLOSING = re.compile(r"</(?:body|html)[ \t]*>", re.IGNORECASE)


def read(data: bytes, place: str) -> Document:
    """Read a page.

    Raises:
        UsageError: when it is too large, nested too deep, or has no text.
    """
    if len(data) > LARGEST:
        limit = LARGEST // 1_000_000
        raise UsageError(f"{place}: a page of more than {limit} MB", "save its text as .txt")
    text, warning = decoded(data, place)
    root = _tree(text, place)
    if root is None:
        raise UsageError(f"{place}: no text in it", "remove it or fill it")
    walked = walk(root, zoning)
    blocks = select(with_speaking_tables(walked.blocks, walked.tables), walked.zones)
    values = _values(root, text, blocks)
    del root, text, walked  # of a large page there is no room for all its forms at once
    return document(blocks, values, (warning,) if warning else ())


def decoded(data: bytes, place: str) -> tuple[str, str]:
    """Return the text of a page and a warning.

    What the page declares is believed unless it is UTF-8 all the same: browsers that save a page
    write UTF-8 and leave the old declaration in place.
    """
    head = data[:4096]
    declared = _CHARSET.search(head) or _XML_ENCODING.search(head)
    name = declared[1].decode("ascii", "replace").lower() if declared else ""
    if name and not data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-8"), ""
        except UnicodeDecodeError:
            name = "gb18030" if name in ("gb2312", "gbk", "x-gbk", "hz-gb-2312") else name
        if name not in ("utf-8", "utf8", "utf-16", "utf-7", "x-user-defined"):
            try:
                return data.decode(name), ""
            except (LookupError, UnicodeError, ValueError):
                pass
    return decode(data, place)


def _tree(text: str, place: str) -> _Element | None:
    from lxml import etree

    # The limits of libxml2 are kept except the one on the length of a text; 2048 elements deep is
    # the most that it reads, and it says so.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True)
    try:
        cleaned = _CLOSING.sub("", _CONTROL.sub("", text))
        root = etree.fromstring(cleaned.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, AssertionError):
        return None
    if any("Excessive depth" in entry.message for entry in parser.error_log):
        raise UsageError(f"{place}: elements nested more than 2000 deep", "save its text as .txt")
    return root


def _values(root: _Element, text: str, blocks: list[Block]) -> dict[str, object]:
    """What the page says about itself, under the keys of front matter."""
    metas = _metas(root)
    headings = [block.text for block in blocks if block.form == Form.HEADING and block.level == 1]
    whole = metas.get("og:title") or (root.findtext(".//title") or "")
    title = headings[0] if len(headings) == 1 else _SITE.sub("", " ".join(whole.split()))
    saved = _SAVED_FROM.search(text[:4096])
    addresses = (_canonical(root), metas.get("og:url", ""), saved[1] if saved else "")
    source = next((url for url in addresses if re.match(r"https?://[^\s<>\"]+$", url)), "")
    found: dict[str, object] = {"title": title, "date": _date(root, metas), "source": source}
    return {key: value for key, value in found.items() if value}


def _metas(root: _Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        if name and (content := " ".join((meta.get("content") or "").split())):
            found.setdefault(name, content[:2000])
    return found


def _canonical(root: _Element) -> str:
    for link in root.iter("link"):
        if (link.get("rel") or "").lower() == "canonical":
            return (link.get("href") or "").strip()
    return ""


def _date(root: _Element, metas: dict[str, str]) -> str:
    texts = [metas[name] for name in _DATES if name in metas]
    texts += _linked_dates(root)
    for element in root.iter("time"):
        texts.append(element.get("datetime") or "")
    return next((match[0] for text in texts if (match := _DATE.match(text.strip()))), "")


def _linked_dates(root: _Element) -> Iterator[str]:
    """Dates of publication in the JSON-LD of a page."""
    for script in root.iter("script"):
        text = script.text or ""
        if script.get("type") != "application/ld+json" or len(text) > _LARGEST_JSON:
            continue
        try:
            loaded = json.loads(text)
        except (ValueError, RecursionError):
            continue
        items = loaded if isinstance(loaded, list) else [loaded]
        for item in items[:100]:
            graph = item.get("@graph") if isinstance(item, dict) else None
            for node in [item, *(graph if isinstance(graph, list) else [])][:100]:
                if isinstance(node, dict) and isinstance(node.get("datePublished"), str):
                    yield node["datePublished"]
