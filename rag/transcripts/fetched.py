"""What was fetched from the web, kept as a file with its source beside it in `sources.toml`.

An index is built from the kept file, so that it can be built again when the page has changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from rag.errors import UsageError
from rag.transcripts.kinds import SUFFIXES
from rag.transcripts.naming import SOURCES
from rag.transcripts.web import Page

_LONGEST_NAME = 80
_SUFFIX = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/srt": ".srt",
    "application/ttml+xml": ".ttml",
    "application/json": ".json",
    "text/csv": ".csv",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/zip": ".zip",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_PAGES = ("text/html", "application/xhtml+xml")


def save(page: Page, folder: Path, today: date | None = None) -> Path:
    """Write a page into `folder`, made if need be, and note its source in `sources.toml` there.

    The same address always gets the same name, so that fetching again replaces the file.

    Raises:
        UsageError: when the folder cannot be written to, or its `sources.toml` is no TOML.
    """
    path = folder / file_name(page)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _note(folder / SOURCES, path.name, page.url, today or date.today())
        path.write_bytes(in_utf8(page))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path}: {reason}", "name a folder that can be written to") from error
    return path


def file_name(page: Page) -> str:
    """Name the file for a page: the end of its address, and a suffix that fits its type."""
    parts = urlsplit(page.url)
    last = PurePosixPath(unquote(parts.path)).name
    suffix = PurePosixPath(last).suffix.lower()
    if suffix not in SUFFIXES or page.type in _PAGES:
        suffix = _SUFFIX.get(page.type, suffix if suffix in SUFFIXES else ".txt")
    stem = last.removesuffix(PurePosixPath(last).suffix) or (parts.hostname or "page")
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:_LONGEST_NAME] or "page"
    # Many pages are called index, and a query tells pages apart that are called alike.
    digest = hashlib.sha256(page.url.encode()).hexdigest()[:8]
    return f"{stem}-{digest}{suffix}"


def in_utf8(page: Page) -> bytes:
    """Return the bytes of a page; as UTF-8 where only the server knew their encoding."""
    text_like = page.type.startswith("text/") or page.type.endswith(("xml", "json", "subrip"))
    if not page.charset or not text_like or page.charset in ("utf-8", "utf8"):
        return page.data
    name = "gb18030" if page.charset in ("gb2312", "gbk") else page.charset
    try:
        return page.data.decode(name).encode()
    except (LookupError, UnicodeError):
        return page.data  # the server is wrong: whoever reads the file looks for himself


def _note(path: Path, name: str, url: str, today: date) -> None:
    try:
        written = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        known = tomllib.loads(written)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", 'write "file.srt" = "https://…"') from error
    if name in known:
        return  # the name holds a digest of the address: it is the same page
    # A table of its own: unlike a line, it may stand behind other tables.
    key, source = (json.dumps(text, ensure_ascii=False) for text in (name, url))
    entry = f"[{key}]  # fetched {today.isoformat()}\nsource = {source}\n"
    gap = "" if not written else "\n" if written.endswith("\n") else "\n\n"
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(gap + entry)
