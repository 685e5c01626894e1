"""What is said about a file outside it: `speakers.toml`, `sources.toml`, and names given by hand.

Both files stand beside the transcripts. In one of names

    "Sam Altman" = ["奥特曼", "Sam"]      # a list: other names of this person
    SPEAKER_00 = "张三"                    # a text: whom this label means
    ["ep1.json"]                          # from here on only in this file
    SPEAKER_01 = "李四"

and in `sources.toml`

    "ep1.srt" = "https://example.com/watch?v=1"
    "ep2.srt" = { source = "https://example.com/2", title = "Two", date = "2025-06-07" }
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import UsageError

SPEAKERS, SOURCES = "speakers.toml", "sources.toml"
_SAID = ("source", "title", "date")


@dataclass(frozen=True, slots=True)
class Naming:
    """Whom labels mean: in all files, and by file name, which goes first."""

    everywhere: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Naming:
        """Read a file of names.

        Raises:
            UsageError: when it cannot be read, or is not of this form.
        """
        return cls.of(_table(path, 'write "Name" = ["other name"]'), path)

    @classmethod
    def of(cls, table: Mapping[str, object], path: Path) -> Naming:
        """Take the table of a file of names apart.

        Raises:
            UsageError: when it is not of this form.
        """
        everywhere: dict[str, str] = {}
        files: dict[str, Mapping[str, str]] = {}
        for key, value in table.items():
            if isinstance(value, dict):
                inside: dict[str, str] = {}
                for label, whom in value.items():
                    inside |= _pairs(label, whom, path)
                files[key] = inside
            else:
                everywhere |= _pairs(key, value, path)
        return cls(everywhere, files)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[str, str, str]]) -> Naming:
        """Put together what `rows` took apart."""
        everywhere: dict[str, str] = {}
        files: dict[str, dict[str, str]] = {}
        for file, label, name in rows:
            (files.setdefault(file, {}) if file else everywhere)[label] = name
        return cls(everywhere, files)

    def rows(self) -> list[tuple[str, str, str]]:
        """List file (empty for all), label and name, in a fixed order."""
        rows = [("", label, name) for label, name in self.everywhere.items()]
        rows += [(file, *pair) for file, pairs in self.files.items() for pair in pairs.items()]
        return sorted(rows)

    def names(self, path: Path) -> dict[str, str]:
        """Return whom the labels of one file mean."""
        own = [pairs for file, pairs in self.files.items() if is_named(path, file)]
        return _joined([self.everywhere, *own])

    def unused(self, paths: Iterable[Path]) -> list[str]:
        """List the files for which there are names, and which are not among `paths`."""
        there = list(paths)
        return [file for file in self.files if not any(is_named(path, file) for path in there)]


@dataclass(frozen=True, slots=True)
class About:
    """What is said about one file beside it: whom labels mean, source, title and date."""

    aliases: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    title: str = ""
    date: str = ""


class Sidecars:
    """The files of names and sources beside transcripts, each read once, and the names given."""

    def __init__(self, given: Naming | None = None) -> None:
        """Names that are `given` go before those of a `speakers.toml`."""
        self._given = given or Naming()
        self._read: dict[Path, tuple[Naming, Mapping[str, object]]] = {}

    def about(self, path: Path, folder: Path | None = None) -> About:
        """Return what is said about the file at `path`, in its folder or that of its archive.

        Raises:
            UsageError: when a file beside it is not of the form that it should have.
        """
        folder = folder or path.parent
        if folder not in self._read:
            self._read[folder] = (_names_in(folder), _sources_in(folder))
        beside, sources = self._read[folder]
        aliases = _resolved([beside.names(path), self._given.names(path)])
        found = next((value for file, value in sources.items() if is_named(path, file)), "")
        values = found if isinstance(found, dict) else {"source": found}
        return About(aliases, *(str(values.get(key, "")) for key in _SAID))


def is_named(path: Path, file: str) -> bool:
    """Tell whether a file name, or the end of a path, is that of the file at `path`."""
    whole, end = (unicodedata.normalize("NFC", text) for text in (path.as_posix(), file))
    return whole == end or whole.endswith("/" + end)


def _names_in(folder: Path) -> Naming:
    path = folder / SPEAKERS
    return Naming.read(path) if path.is_file() else Naming()


def _sources_in(folder: Path) -> Mapping[str, object]:
    path = folder / SOURCES
    if not path.is_file():
        return {}
    hint = 'write "file.srt" = "https://…"'
    table = _table(path, hint)
    for file, value in table.items():
        values = value if isinstance(value, dict) else {"source": value}
        if not values.keys() <= set(_SAID) or not all(isinstance(v, str) for v in values.values()):
            raise UsageError(f"{path}: {file!r} has neither an address nor {_SAID}", hint)
    return table


def _table(path: Path, hint: str) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {error}", hint) from error
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{path}: {reason}", "check the path and its permissions") from error


def _pairs(key: str, value: object, path: Path) -> dict[str, str]:
    """Read one line: `label = "name"` or `name = ["label", …]`."""
    if isinstance(value, str):
        return {key: value, value: value}
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        return {**dict.fromkeys(value, key), key: key}
    raise UsageError(f"{path}: {key!r} has a name that is no text", 'write "Name" = ["other name"]')


def _joined(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Join tables, the last goes first; that a name is one tells nothing about whose it is."""
    pairs = [pair for table in tables for pair in table.items()]
    return {name: name for _, name in pairs} | {a: name for a, name in pairs if a != name}


def _resolved(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Join tables, the last goes first; follow names that are themselves other names.

    So `SPEAKER_00`, in one table 奥特曼, is Sam Altman where the other says who that is.
    """
    aliases = _joined(tables)
    found: dict[str, str] = {}
    for label in aliases:
        seen, whom = {label}, aliases[label]
        while whom not in seen and whom in aliases:
            seen.add(whom)
            whom = aliases[whom]
        found[label] = whom
    return found
