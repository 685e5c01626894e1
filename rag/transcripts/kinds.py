"""What kind of file this is, by what is in it; its name only decides between equals."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from io import BytesIO
from pathlib import Path

from rag.errors import UsageError
from rag.transcripts.encoding import decode


class Kind(StrEnum):
    """The kinds of files that can be read."""

    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    ASS = "ass"
    TTML = "ttml"
    SBV = "sbv"
    JSON = "json"
    TABLE = "table"
    HTML = "html"
    DOCX = "docx"
    PDF = "pdf"
    EPUB = "epub"
    ODT = "odt"
    ZIP = "zip"


CAPTIONS = frozenset({Kind.SRT, Kind.VTT, Kind.ASS, Kind.TTML, Kind.SBV})
RECOGNISED = frozenset({Kind.JSON, Kind.TABLE})
DOCUMENTS = frozenset({Kind.HTML, Kind.DOCX, Kind.PDF, Kind.EPUB, Kind.ODT})

SUFFIXES = {
    **dict.fromkeys((".md", ".markdown", ".txt", ".text"), Kind.TEXT),
    ".srt": Kind.SRT,
    ".vtt": Kind.VTT,
    **dict.fromkeys((".ass", ".ssa"), Kind.ASS),
    **dict.fromkeys((".ttml", ".dfxp", ".xml"), Kind.TTML),
    ".sbv": Kind.SBV,
    ".json": Kind.JSON,
    **dict.fromkeys((".csv", ".tsv"), Kind.TABLE),
    **dict.fromkeys((".html", ".htm", ".xhtml"), Kind.HTML),
    ".docx": Kind.DOCX,
    ".pdf": Kind.PDF,
    ".epub": Kind.EPUB,
    ".odt": Kind.ODT,
    ".zip": Kind.ZIP,
}
"""The suffixes that are looked for in folders, and what usually is in such files."""

_SAMPLE = 1 << 16
_FIRST = 400  # lines that are looked at
_CLOCK = r"(?:\d{1,4}:)?\d{1,2}:\d{1,2}(?:[.,:]\d{1,4})?"
_TIMING = re.compile(rf"\s*{_CLOCK}\s*-{{1,3}}>\s*{_CLOCK}(?:\s+\w{{1,20}}:\S+)*+\s*$")
# Meeting programs write times without zeros, and the name on the line below: a text.
_MEETING_TIMING = re.compile(r"\s*\d{1,2}:(?:\d:\d{1,2}|\d{2}:\d)\.\d{1,3}\s*-->")
_DAMAGED = re.compile(r"\s*\d[\d:.,]{2,15}[^\n]{0,30}-->")
_SBV_TIMING = re.compile(r"\d{1,4}:\d{2}:\d{2}\.\w{3},\d{1,4}:\d{2}:\d{2}\.\w{3}\s*$")
_ASS = re.compile(r"^\ufeff?\[(?:script info|v4\+? styles|events)\]\s*$", re.I | re.M)
# An object with a key, alone or the first of a list: prose may begin with a bracket as well.
_JSON = re.compile(r"(?:\[\s*+){0,3}\{\s*+\"(?:[^\"\\]|\\.){0,200}\"\s*+:")
_TTML = re.compile(r"<(?:[\w.-]{1,40}:)?tt[\s>/]")
_HTML = re.compile(r"<!doctype html|<html[\s>]|<(?:head|body)[\s>]", re.I)
_COLUMNS = frozenset(
    "start end text speaker begin stop time timestamp start_time end_time duration transcript"
    " content name sentence".split()
)
_SHORT = 200  # characters below which a file without a caption in it is not taken for prose
_MOST_MEMBERS = 10_000  # names looked at to tell an office file from an archive


def recognise(data: bytes, path: Path) -> Kind:
    """Return the kind of the file with these bytes; `path` is only looked at, never opened."""
    usual = SUFFIXES.get(path.suffix.lower(), Kind.TEXT)
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return Kind.PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed(data)
    head = _sample(data, path).lstrip("\ufeff \t\r\n")
    return _marked(head, usual) or _timed(head, usual) or _unmarked(head, usual)


def _sample(data: bytes, path: Path) -> str:
    sample = data[:_SAMPLE]
    try:
        # The sample may end inside a character, which must not look like damage.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(sample, final=False)
        if "\0" not in text:
            return text
    except UnicodeDecodeError:
        pass
    try:
        return decode(sample[: len(sample) // 4 * 4], str(path))[0]
    except UsageError:
        return ""


def _packed(data: bytes) -> Kind:
    """Tell an office file from an archive by the names in it."""
    # Both kinds that begin with their type should not pack it, and some programs do.
    if data[30:58] == b"mimetypeapplication/epub+zip":
        return Kind.EPUB
    if data[30:77] == b"mimetypeapplication/vnd.oasis.opendocument.text":
        return Kind.ODT
    import zipfile

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist()[:_MOST_MEMBERS])
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return Kind.ZIP
    if "META-INF/container.xml" in names:
        return Kind.EPUB
    if "word/document.xml" in names:
        return Kind.DOCX
    return Kind.ODT if {"content.xml", "META-INF/manifest.xml"} <= names else Kind.ZIP


def _marked(head: str, usual: Kind) -> Kind | None:
    """The kinds whose files say at their beginning what they are."""
    if head.startswith("WEBVTT"):
        return Kind.VTT
    if head.startswith("<"):
        return _tagged(head, usual)
    if head[:1] in ("[", "{"):
        if _ASS.match(head):
            return Kind.ASS
        if _JSON.match(head):
            return Kind.JSON
    return Kind.ASS if usual is Kind.ASS and _ASS.search(head) else None


def _tagged(head: str, usual: Kind) -> Kind | None:
    page, captions = _HTML.search(head), _TTML.search(head)
    if captions and (page is None or captions.start() < page.start()):
        return Kind.TTML
    if usual is Kind.HTML or (page and page.start() < 1000):
        return Kind.HTML
    # Other XML is nothing that can be read; the reader of TTML says so.
    return Kind.TTML if head.startswith("<?xml") or usual is Kind.TTML else None


def _timed(head: str, usual: Kind) -> Kind | None:
    """Captions without a mark: a time on one of the first lines, or on many of them."""
    lines = [line for line in head.splitlines()[:_FIRST] if line.strip()]
    if usual is Kind.TEXT and any(_MEETING_TIMING.match(line) for line in lines[:3]):
        return Kind.TEXT
    for pattern, kinds in ((_TIMING, (Kind.SRT, Kind.VTT)), (_SBV_TIMING, (Kind.SBV,))):
        first = any(
            _is_caption(lines[:at]) for at in range(3) if pattern.match("".join(lines[at : at + 1]))
        )
        often = sum(pattern.match(line) is not None for line in lines)
        if first or (often >= 3 and often * 6 >= len(lines)) or (often and usual in kinds):
            return usual if usual in kinds else kinds[0]
    if usual in (Kind.SRT, Kind.VTT) and any(_DAMAGED.match(line) for line in lines):
        return usual
    return None


def _is_caption(above: list[str]) -> bool:
    """Tell whether a time on one of the first lines is that of a caption: over it is a number."""
    return not above or above[-1].strip().isdecimal()


def _unmarked(head: str, usual: Kind) -> Kind:
    """What no content tells: prose and tables, and files too short to say anything."""
    if usual in (Kind.JSON, Kind.TABLE, Kind.HTML):
        return usual
    if usual in CAPTIONS and len(head) < _SHORT:
        return usual
    line = head.partition("\n")[0].strip().lower()
    columns = {name.strip(' "') for name in re.split(r"[\t,;]", line[:1000])}
    return Kind.TABLE if len(columns & _COLUMNS) >= 2 else Kind.TEXT
