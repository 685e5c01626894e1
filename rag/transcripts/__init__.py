"""Files to transcripts: who said what, in which line of which file.

`read` takes one file, `find` lists the files under some paths. The reader is chosen by content;
a file in which nobody speaks is prose in sections, never an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from rag.errors import UsageError
from rag.text import language
from rag.transcripts import dialogue, frontmatter
from rag.transcripts.encoding import decode
from rag.transcripts.markup import heading
from rag.types import Transcript

SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text"})
_NOT_TRANSCRIPTS = re.compile(r"(?:readme|licen[cs]e|changelog|contributing|notice)(?:\..*)?", re.I)
_ALIASES = "speakers.toml"
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2})?")
_LANGUAGE_SAMPLE = 20_000


def read(path: Path | str, aliases: Mapping[str, str] | None = None) -> Transcript:
    """Read one file.

    `aliases` maps other names of speakers to the names to use; without it, a `speakers.toml`
    beside the file is read.

    Raises:
        UsageError: when the file cannot be opened, is empty, or is not text.
    """
    path = Path(path)
    data = load(path)
    return parse(data, path, speaker_aliases(path.parent) if aliases is None else aliases)


def load(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UsageError: when it cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path}: {reason}", "check the path and its permissions") from error


def parse(data: bytes, path: Path, aliases: Mapping[str, str]) -> Transcript:
    """Read the bytes of the file at `path`, which is not opened again.

    Raises:
        UsageError: when there is no text in them.
    """
    text, warning = decode(data, str(path))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    front = frontmatter.parse(lines)
    turns, sections = dialogue.parse(lines, front, aliases)
    if not turns and not sections:
        raise UsageError(f"{path}: no text in it", "remove it or fill it")
    return Transcript(
        id=identifier(path),
        path=str(path),
        title=front.text("title", "标题") or _first_heading(lines, front.body) or path.stem,
        date=_date(front.text("date", "created", "published", "日期", "发布日期")),
        source=front.text("source", "url", "link", "来源", "原文"),
        language=language(text[:_LANGUAGE_SAMPLE]),
        turns=turns,
        sections=sections,
        warnings=(warning,) if warning else (),
    )


def identifier(path: Path) -> str:
    """Return the transcript's id: the file's stem, fit to stand before a colon in an address."""
    stem = re.sub(r"[\s:：]+", "-", path.stem).strip("-")
    return stem or "transcript"


def find(paths: Iterable[Path | str]) -> list[Path]:
    """List the transcripts under `paths`: files as they are, folders searched by suffix.

    Hidden files and the usual project papers (README, LICENSE …) are left out of folders.

    Raises:
        UsageError: for a path that does not exist, or when there is no transcript at all.
    """
    found: dict[Path, None] = {}
    places = [Path(path) for path in paths]
    for path in places:
        if path.is_dir():
            inside = (file for file in path.rglob("*") if _is_transcript(file.relative_to(path)))
            found |= dict.fromkeys(sorted(file for file in inside if file.is_file()))
        elif path.is_file():
            found[path] = None
        else:
            raise UsageError(f"{path}: no such file or folder", "check the path")
    if not found:
        names = ", ".join(map(str, places))
        raise UsageError(f"{names}: no transcripts in it", "give a folder with .md or .txt files")
    return list(found)


def speaker_aliases(folder: Path) -> dict[str, str]:
    """Read `speakers.toml` in `folder`: lines of `"Sam Altman" = ["奥特曼", "Sam"]`.

    Raises:
        UsageError: when the file is not of this form.
    """
    path = folder / _ALIASES
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(alias, str) for aliases in table.values() for alias in aliases):
            raise TypeError("a name that is no text")
        return {alias: name for name, aliases in table.items() for alias in [*aliases, name]}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise UsageError(f"{path}: {error}", 'write "Name" = ["other name"]') from error


def _is_transcript(path: Path) -> bool:
    if path.suffix.lower() not in SUFFIXES or _NOT_TRANSCRIPTS.fullmatch(path.name):
        return False
    return not any(part.startswith(".") for part in path.parts)


def _first_heading(lines: list[str], first: int) -> str:
    for line in lines[first : first + 20]:
        if line.startswith("# ") and (title := heading(line)):
            return title
    return ""


def _date(text: str) -> str:
    match = _DATE.match(text)
    return match[0] if match else ""
