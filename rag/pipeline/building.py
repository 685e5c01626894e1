"""Which settings are in force, where an index is, and how it is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rag
from rag import embedder, paths, settings, store
from rag.settings import Settings, Value
from rag.transcripts.naming import Naming

if TYPE_CHECKING:
    from rag.store import Report
    from rag.store.contract import Store
    from rag.store.copying import Copied
    from rag.types import Encoder

VERSION = rag.__version__


def configured(flags: Mapping[str, Value | None] | None = None) -> Settings:
    """Return the settings in force here: defaults, `rag.toml`, environment, then `flags`."""
    return settings.load(paths.home(), os.environ, flags or {})


def index_folder(chosen: Settings) -> Path:
    """Return where the index named by the settings is or will be."""
    return paths.index(chosen.index)


def store_index(chosen: Settings) -> str:
    """Return the name that the index of the settings has on a server, also where it is a path."""
    return index_folder(chosen).resolve().name


def open_store(chosen: Settings) -> Store:
    """Open the index named by the settings: on disk, or on the server that they name.

    Raises:
        UsageError: when the server's address is none, or pymilvus is not installed.
        NotReady: when it is missing or damaged, or the server cannot be reached.
    """
    if chosen.store:
        from rag.store.milvus.reading import MilvusStore

        return MilvusStore.open(chosen.store, store_index(chosen))
    from rag.store.index import Store as OnDisk

    return OnDisk.open(index_folder(chosen))


def copy_to(chosen: Settings, address: str, progress: store.Progress | None = None) -> Copied:
    """Copy the index on disk that the settings name to a server, embedding nothing.

    Raises:
        UsageError: when the address is none, or pymilvus is not installed.
        NotReady: when there is no index, the server fails, or another copy was begun.
    """
    from rag.store.copying import copy_to
    from rag.store.index import Store as OnDisk

    opened = OnDisk.open(index_folder(chosen))
    try:
        return copy_to(opened, address, store_index(chosen), progress or store.silent)
    finally:
        opened.close()


def build(
    sources: Sequence[Path | str],
    chosen: Settings,
    *,
    fresh: bool = False,
    speakers: Path | None = None,
    progress: store.Progress | None = None,
    encoder: Encoder | None = None,
) -> Report:
    """Bring the index named by the settings up to date; see `rag.store.build`.

    `speakers` is a file that says whom labels mean (`rag.transcripts.naming`); the index remembers
    it until another is given. An `encoder` is that of the settings, loaded already.

    Raises:
        UsageError: when that file is not of its form, or as `rag.store.build` does.
    """
    naming = None if speakers is None else Naming.read(speakers)
    return store.build(
        index_folder(chosen),
        [Path(source) for source in sources],
        encoder or embedder.load(chosen.encoder),
        encoder_name=chosen.encoder,
        passage_tokens=chosen.passage_tokens,
        base=paths.home(),
        version=VERSION,
        fresh=fresh,
        naming=naming,
        workers=chosen.workers,
        progress=progress or store.silent,
    )


def default_sources(chosen: Settings) -> list[Path]:
    """Return what to index when nothing is named: what was before, else the sample corpus."""
    if store.exists(index_folder(chosen)):
        return []  # a build without sources renews what is there
    own = (paths.project() or Path()) / "corpus"
    return [own if own.is_dir() else paths.shipped("corpus")]
