"""Which files in a folder are transcripts, as far as their names and first lines tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rag.errors import UsageError
from rag.transcripts.kinds import SUFFIXES, Kind, recognise

_NOT_TRANSCRIPTS = re.compile(r"(?:readme|licen[cs]e|changelog|contributing|notice)(?:\..*)?", re.I)
# Kinds of which most files in the world are something else than a transcript.
_COMMON = frozenset({Kind.JSON, Kind.TABLE, Kind.TTML, Kind.ZIP})
_SAMPLE = 1 << 16
_HINT = "give a folder with .md, .txt, .srt, .vtt … files"
_NOT_JSON = re.compile(
    r"(?:package|package-lock|tsconfig|composer|manifest|metadata|settings|config|bower|jsconfig"
    r"|info|index|playlist)(?:\..*)?\.json|.*\.(?:info|config|schema|ipynb)\.json",
    re.IGNORECASE,
)
_ROWS = 200
_NUMBER = re.compile(r"\d{1,9}(?:[.:]\d{1,9}){0,3}")
_SAYS = re.compile(
    rb'"(?:text|transcript|transcripts|utterances?|content|contents|sentences?|words?|utf8|body'
    rb'|context|punctuated_word|display|lexical|value|caption|speech|paragraphs?|line)"\s*:'
)
_TIMED = re.compile(
    rb'"(?:start|start_?time|begin|from|offset|offset_?(?:ms|in_?ticks)|t?start_?ms|ts|timestamps?'
    rb"|time|end|end_?time|duration|d?duration_?ms|speaker|speaker_?(?:name|label|id)|speakers?"
    rb'|name|author)"\s*:',
    re.IGNORECASE,
)


def find(paths: Iterable[Path | str], is_known: Callable[[Path], bool] | None = None) -> list[Path]:
    """List the transcripts under `paths`: files as they are, folders searched by suffix.

    Out of folders are left: hidden files, the usual project papers (README, LICENSE …), and JSON,
    tables and XML in which nobody speaks, such as `package.json`. A file given by name is always
    listed; whoever reads it says what is wrong with it. Files that are known to be transcripts are
    not opened.

    Raises:
        UsageError: for a path that does not exist, or when there is no transcript at all.
    """
    found: dict[Path, None] = {}
    places = [Path(path) for path in paths]
    for path in places:
        if path.is_dir():
            inside = (file for file in path.rglob("*") if _is_named_so(file.relative_to(path)))
            found |= dict.fromkeys(
                sorted(file for file in inside if _is_transcript(file, is_known))
            )
        elif path.is_file():
            found[path] = None
        else:
            raise _missing(path)
    if not found:
        names = ", ".join(map(str, places))
        raise UsageError(f"{names}: no transcripts in it", _HINT)
    return list(found)


def unpacked(data: bytes, path: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the file itself, or of an archive the transcripts in it as `archive.zip/inner/name`.

    Raises:
        UsageError: for an archive that is damaged or too large, or has no transcript in it.
    """
    if recognise(data, path) is not Kind.ZIP:
        yield path, data
        return
    from rag.transcripts import archives

    empty = True
    for name, content in archives.members(data, str(path), lambda name: _is_named_so(Path(name))):
        inner = Path(name)
        usual = SUFFIXES[inner.suffix.lower()]
        if usual not in _COMMON or _may_be(content[:_SAMPLE], inner, usual):
            empty = False
            yield path / name, content
    if empty:
        raise UsageError(f"{path}: no transcripts in it", _HINT)


def _is_named_so(path: Path) -> bool:
    if path.suffix.lower() not in SUFFIXES or _NOT_TRANSCRIPTS.fullmatch(path.name):
        return False
    return not any(part.startswith(".") for part in path.parts)


def _is_transcript(path: Path, is_known: Callable[[Path], bool] | None) -> bool:
    """Tell whether a file of a folder may be one; of the usual kinds all are."""
    if not path.is_file():
        return False
    usual = SUFFIXES[path.suffix.lower()]
    if usual not in _COMMON or usual is Kind.ZIP or (is_known is not None and is_known(path)):
        return True
    try:
        with path.open("rb") as file:
            head = file.read(_SAMPLE)
    except OSError:
        return True  # whoever reads it says why it cannot be read
    return _may_be(head, path, usual)


def _may_be(head: bytes, path: Path, usual: Kind) -> bool:
    if usual is Kind.JSON and _NOT_JSON.fullmatch(path.name):
        return False
    kind = recognise(head, path)
    if usual is Kind.TTML:
        # Of XML only TTML is read; whatever else has this suffix is known by its content.
        return kind is not Kind.TTML or _is_ttml(head)
    if kind is Kind.JSON:
        head = head.replace(b"\0", b"")  # UTF-16 of what matters here
        return bool(_SAYS.search(head)) and bool(_TIMED.search(head))
    return _is_table(head) if kind is Kind.TABLE else True


def _is_ttml(head: bytes) -> bool:
    return re.search(rb"<(?:[\w.-]{1,40}:)?tt[\s>/]", head.replace(b"\0", b"")) is not None


def _is_table(head: bytes) -> bool:
    from rag.transcripts.recognised.tables import is_table

    text = head.decode("utf-8-sig", errors="replace").replace("\0", "")
    lines = text.splitlines()[:_ROWS]
    return is_table(lines) or (len(lines) > 0 and _is_said(re.split(r"[\t,;]", lines[0])))


def _is_said(cells: list[str]) -> bool:
    """Tell whether a row without names over it is two times and what was said between them."""
    for times, words in ((cells[:2], cells[2:]), (cells[-2:], cells[:-2])):
        if all(_NUMBER.fullmatch(cell.strip()) for cell in times) and len(times) == 2:
            return any(char.isalpha() for cell in words for char in cell)
    return False


def _missing(path: Path) -> UsageError:
    # A path has lost one of the slashes of an address.
    if re.match("https?:/", str(path)):
        return UsageError(f"{path} is on the web", "fetch it first: rag fetch ADDRESS --to FOLDER")
    return UsageError(f"{path}: no such file or folder", "check the path")
