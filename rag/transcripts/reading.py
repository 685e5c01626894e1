"""One file to a transcript: its bytes, its kind, its reader, and what is said beside it."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from rag.errors import UsageError
from rag.text import language
from rag.transcripts import captions, dialogue, frontmatter, speech
from rag.transcripts.cues import Recording, used_up
from rag.transcripts.encoding import cut, decode, even_breaks
from rag.transcripts.finding import unpacked
from rag.transcripts.frontmatter import FrontMatter
from rag.transcripts.kinds import CAPTIONS, DOCUMENTS, Kind, recognise
from rag.transcripts.markup import heading
from rag.transcripts.naming import About, Sidecars
from rag.transcripts.rereading import named, reread
from rag.types import Section, Transcript, Turn

LARGEST = 250_000_000
"""Bytes of one transcript: read, it takes several times as much memory (see docs/formats.md)."""
LARGEST_FILE = 1_000_000_000
"""Bytes of a file that is opened, which may be an archive of several transcripts."""
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}(?:[-/.月]\d{1,2})?")
_LANGUAGE_SAMPLE = 20_000
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_UNSAYABLE = re.compile(r"\\u(?:0000|d[89a-f])", re.IGNORECASE)
_ESCAPE = re.compile(
    r"\\u(?:d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|[0-9a-f]{4})|\\.", re.IGNORECASE | re.DOTALL
)
_Part = TypeVar("_Part", Turn, Section)


def read(path: Path | str, aliases: Mapping[str, str] | None = None) -> Transcript:
    """Read one file.

    `aliases` maps other names of speakers to the names to use; without it, what stands beside the
    file is read: `speakers.toml` and `sources.toml`.

    Raises:
        UsageError: when the file cannot be opened, is empty, or is not text.
    """
    path = Path(path)
    about = Sidecars().about(path) if aliases is None else About(aliases)
    return described(parse(load(path), path, about.aliases), about)


def described(item: Transcript, about: About) -> Transcript:
    """Return a transcript with the source, title and date that are given beside its file."""
    return replace(
        item,
        source=about.source or item.source,
        title=about.title or item.title,
        date=about.date or item.date,
    )


def load(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UsageError: when it cannot be opened, or is larger than any archive that is read.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise _too_large(path, LARGEST_FILE)
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path}: {reason}", "check the path and its permissions") from error


def _too_large(path: Path, most: int) -> UsageError:
    return UsageError(f"{path}: more than {most // 1_000_000} MB", "split it first")


def parse(data: bytes, path: Path, aliases: Mapping[str, str]) -> Transcript:
    """Read the bytes of the file at `path`, which is not opened again.

    Of an archive the one transcript in it is read; where there may be several, see `unpacked`.

    Raises:
        UsageError: when there is no text in them, too much of it, or not what they seem to be.
    """
    kind = recognise(data, path)
    if kind is Kind.ZIP:
        return _only_member(data, path, aliases)
    if len(data) > LARGEST:
        raise _too_large(path, LARGEST)
    if kind in DOCUMENTS:
        from rag.transcripts import documents

        document = documents.read(data, kind, str(path))
        front = FrontMatter(0, document.values)
        return _written(document.lines, document.numbers, front, path, aliases, document.warnings)
    with _undisturbed():
        text, warning = decode(data, str(path))
        del data  # of a large file there is no room for all its forms at once
        text = _clean(text, kind)
        if kind is Kind.JSON and (own := reread(text, path, identifier(path))) is not None:
            return named(own, aliases)
        warnings = (warning,) if warning else ()
        if kind in CAPTIONS:
            pieces = cut(text)
            del text
            said = captions.read(used_up(pieces), kind, str(path))
            return _spoken(said, path, aliases, warnings)
        if (recording := _recording(text, kind, str(path))) is not None:
            del text
            return _spoken(recording, path, aliases, warnings)
        lines = even_breaks(text).split("\n")
        del text
        return _written(lines, None, frontmatter.parse(lines), path, aliases, warnings)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the collector of cycles from looking through millions of lines, which make none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _clean(text: str, kind: Kind) -> str:
    """Return a text without NUL and without halves of characters, which JSON can spell out."""
    if "\0" in text:
        text = text.replace("\0", "")
    if kind is Kind.JSON and _UNSAYABLE.search(text):
        # Escapes are pairs of a backslash and a letter: what follows `\\\\` is none.
        return _ESCAPE.sub(lambda match: _half(match[0]), text)
    return text


def _half(escape: str) -> str:
    if len(escape) != 6:
        return escape  # another escape, or a pair of halves
    return "" if escape == "\\u0000" else _REPLACED if _UNSAYABLE.match(escape) else escape


def _only_member(data: bytes, path: Path, aliases: Mapping[str, str]) -> Transcript:
    files = list(islice(unpacked(data, path), 2))
    if len(files) > 1:
        raise UsageError(f"{path}: an archive of several transcripts", "unpack it")
    (inner, content), *_ = files
    return parse(content, inner, aliases)


def _recording(text: str, kind: Kind, place: str) -> Recording | None:
    """Return what was recorded, or None for a text that is not of this sort."""
    if kind not in (Kind.JSON, Kind.TABLE):
        return None
    from rag.transcripts import recognised

    read = recognised.read_json if kind is Kind.JSON else recognised.read_table
    return read(text, place)


def _spoken(
    recording: Recording, path: Path, aliases: Mapping[str, str], warnings: tuple[str, ...]
) -> Transcript:
    turns = speech.turns(recording, aliases)
    if not turns:
        raise UsageError(f"{path}: nobody says anything in it", "remove it or fill it")
    return Transcript(
        id=identifier(path),
        path=str(path),
        title=recording.title or path.stem,
        date=_date(recording.date),
        source=recording.source,
        language=language(_sample(turn.text for turn in turns)),
        turns=turns,
        warnings=(*warnings, *recording.warnings),
        aliases=tuple(aliases.items()),
    )


def _written(
    lines: Sequence[str],
    numbers: Sequence[int] | None,
    front: FrontMatter,
    path: Path,
    aliases: Mapping[str, str],
    warnings: tuple[str, ...],
) -> Transcript:
    """Read lines of dialogue and prose; `numbers` are their places where they are not counted."""
    turns, sections = dialogue.parse(lines, front, aliases)
    if not turns and not sections:
        raise UsageError(f"{path}: no text in it", "remove it or fill it")
    if numbers is not None:
        turns = tuple(_placed(turn, numbers) for turn in turns)
        sections = tuple(_placed(section, numbers) for section in sections)
    return Transcript(
        id=identifier(path),
        path=str(path),
        title=front.text("title", "标题") or _first_heading(lines, front.body) or path.stem,
        date=_date(front.text("date", "created", "published", "日期", "发布日期")),
        source=front.text("source", "url", "link", "来源", "原文"),
        language=language(_sample(lines[front.body :])),
        turns=turns,
        sections=sections,
        warnings=warnings,
        aliases=tuple({**aliases, **front.aliases}.items()),
    )


def _placed(item: _Part, numbers: Sequence[int]) -> _Part:
    lines = tuple(numbers[line - 1] for line in item.lines)
    return replace(item, line=numbers[item.line - 1], lines=lines)


def _sample(texts: Iterable[str]) -> str:
    """As much of the texts as tells their language."""
    kept, size = [], 0
    for text in texts:
        kept.append(text[:_LANGUAGE_SAMPLE])
        size += len(text)
        if size > _LANGUAGE_SAMPLE:
            break
    return "\n".join(kept)


def identifier(path: Path) -> str:
    """Return the transcript's id: the file's stem, fit to stand before a colon in an address."""
    stem = re.sub(r"[\s:：]+", "-", path.stem).strip("-")
    return stem or "transcript"


def _first_heading(lines: Sequence[str], first: int) -> str:
    for line in lines[first : first + 20]:
        if line.startswith("# ") and (title := heading(line)):
            return title
    return ""


def _date(text: str) -> str:
    match = _DATE.match(text)
    return match[0] if match else ""
