"""Generations: an index folder holds complete, immutable ones, and `CURRENT` names the one to use.

A new generation is written under a temporary name, synced, renamed, and only then named in
`CURRENT` by an atomic replacement. Killed at any instant, the folder still opens as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag import paths
from rag.errors import NotReady
from rag.lexical import Counts
from rag.store.layers import Layer

FORMAT = 5
CURRENT = "CURRENT"
MANIFEST = "manifest.json"
_GENERATION = "gen-"
_HASHED_ON_OPEN = 32 << 20  # bytes in all; the rest is compared by size, `rag doctor` hashes it


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of and with; every field is compared or shown by someone.

    `rows` are the ids given so far, of which `passages` have one; an index that is written once
    and never updated has no layers.
    """

    encoder: str
    fingerprint: str
    dimension: int
    passage_tokens: int
    roots: tuple[str, ...]
    version: str
    built: str
    transcripts: int = 0
    passages: int = 0
    rows: int = 0
    layers: tuple[Layer, ...] = ()
    format: int = FORMAT
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def recall(self) -> float | None:
        """The least share of the exact nearest passages that is found, where codes are compared."""
        return min((one.recall for one in self.layers if one.recall is not None), default=None)


def current(folder: Path) -> Path:
    """Return the folder of the generation in use.

    Raises:
        NotReady: when there is no index, or its `CURRENT` names nothing.
    """
    name = _named(folder)
    while not name.startswith(_GENERATION) or "/" in name or not (folder / name).is_dir():
        # A writer may have replaced both since `CURRENT` was read.
        if name == (name := _named(folder)):
            raise NotReady(f"{folder / CURRENT} names {name!r}, which is not there", repair(folder))
    return folder / name


def _named(folder: Path) -> str:
    try:
        return (folder / CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        if exists(folder):
            raise NotReady(f"{folder / CURRENT} is missing", repair(folder)) from None
        hint = f"build one: rag index PATH -i {label(folder)}"
        raise NotReady(f"no index at {folder}", hint) from None
    except UnicodeDecodeError:
        raise NotReady(f"{folder / CURRENT} is damaged", repair(folder)) from None
    except OSError as error:
        raise _closed(folder / CURRENT, error) from error


def generations(folder: Path) -> list[Path]:
    """List all generations in `folder`, the newest last; there is one unless a crash left more."""
    found = [path for path in folder.glob(f"{_GENERATION}*") if _number(path)]
    return sorted(found, key=_number)


def exists(folder: Path) -> bool:
    """Tell whether an index was ever built in `folder`, sound or not."""
    return (folder / CURRENT).exists() or bool(generations(folder))


def _number(generation: Path) -> int:
    digits = generation.name.removeprefix(_GENERATION)
    return int(digits) if digits.isdecimal() else 0


def label(folder: Path) -> str:
    """Return what `-i` takes for this folder, fit to be pasted: its name, else its path."""
    named = folder.parent.resolve() == (paths.home() / "index").resolve()
    return shlex.quote(folder.name if named else os.path.abspath(folder))


def repair(folder: Path) -> str:
    """Return the hint that names the one command that mends an index."""
    return f"rebuild it: rag index -i {label(folder)}"


def _closed(path: Path, error: OSError) -> NotReady:
    return NotReady(f"{path}: {error.strerror or error}", "check its permissions and the disk")


def read_manifest(folder: Path, generation: Path) -> Manifest:
    """Read a generation's manifest.

    Raises:
        NotReady: when it is missing, damaged, or of another format.
    """
    path = generation / MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        found = values["format"]
        if found == FORMAT and values.pop("checksum") == _checksum(values):
            return _manifest(values)
    except FileNotFoundError:
        raise NotReady(f"{path} is missing", repair(folder)) from None
    except OSError as error:
        raise _closed(path, error) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotReady(f"{path} is damaged", repair(folder)) from error
    if found != FORMAT:
        raise NotReady(f"{path}: format {found}, this version reads {FORMAT}", repair(folder))
    raise NotReady(f"{path} is damaged: its checksum differs", repair(folder))


def _manifest(values: Mapping[str, Any]) -> Manifest:
    layers = tuple(
        Layer(one["first"], Counts(**one["counts"]), one["recall"]) for one in values["layers"]
    )
    return Manifest(**{**values, "roots": tuple(values["roots"]), "layers": layers})


def _checksum(values: Mapping[str, Any]) -> str:
    """Hash the fields of a manifest: it vouches for all other files, and nothing else for it."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def verify(
    folder: Path,
    generation: Path,
    manifest: Manifest,
    *,
    thorough: bool | Container[str] = False,
) -> None:
    """Compare the files of a generation with its manifest: sizes, and hashes where that is cheap.

    The smallest files are hashed first. `thorough` compares the hashes of all, or of these,
    however large they are.

    Raises:
        NotReady: naming the first file that differs.
    """
    cheap = _HASHED_ON_OPEN
    for name, expected in sorted(manifest.files.items(), key=lambda item: item[1]["bytes"]):
        path = generation / name
        try:
            size = path.stat().st_size
            if size != expected["bytes"]:
                wrong = f"{size} bytes, {expected['bytes']} expected"
                raise NotReady(f"{path} is damaged: {wrong}", repair(folder))
            cheap -= size
            hashed = thorough if isinstance(thorough, bool) else name in thorough
            if (hashed or cheap >= 0) and _sha256(path) != expected["sha256"]:
                raise NotReady(f"{path} is damaged: its checksum differs", repair(folder))
        except FileNotFoundError:
            raise NotReady(f"{path} is missing", repair(folder)) from None
        except OSError as error:
            raise _closed(path, error) from error


def publish(
    folder: Path, temporary: Path, manifest: Manifest, linked: Mapping[str, Any] | None = None
) -> Path:
    """Make the finished files in `temporary` the current generation; drop the old ones.

    `linked` are files of the generation before, as its manifest lists them; they are not read.
    """
    linked = linked or {}
    inside = sorted(temporary.rglob("*"))
    listed = {}
    for path in inside:
        name = path.relative_to(temporary).as_posix()
        if path.is_dir() or name in linked:
            continue
        # tantivy makes some files for its owner only; whoever may read the folder may read them.
        path.chmod(temporary.stat().st_mode & 0o666)
        if not name.endswith(".lock"):  # tantivy's, empty and of no meaning to readers
            listed[name] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}
    there = {name: entry for name, entry in linked.items() if (temporary / name).exists()}
    values = {**asdict(manifest), "files": dict(sorted({**there, **listed}.items()))}
    values = json.loads(json.dumps(values))  # as it will be read: tuples are lists
    text = json.dumps({**values, "checksum": _checksum(values)}, ensure_ascii=False, indent=1)
    (temporary / MANIFEST).write_text(text + "\n", encoding="utf-8")
    for path in [*inside, temporary / MANIFEST, temporary]:
        _sync(path)
    return _swap(folder, temporary)


def _swap(folder: Path, temporary: Path) -> Path:
    """Name a complete generation in `CURRENT`, in place of the one before."""
    old = generations(folder)
    number = max(map(_number, old), default=0) + 1
    generation = folder / f"{_GENERATION}{number:06}"
    temporary.rename(generation)
    pointer = folder / f"{CURRENT}.new"
    pointer.write_text(generation.name + "\n", encoding="utf-8")
    _sync(pointer)
    pointer.replace(folder / CURRENT)
    _sync(folder)
    for path in old:
        # A reader that has its files open keeps them; one about to open them tries again.
        shutil.rmtree(path, ignore_errors=True)
    return generation


def link(source: Path, target: Path) -> None:
    """Give a file that never changes a second name; where that is impossible, copy it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder to sync it
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
