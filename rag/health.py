"""`rag doctor`: is everything there, sound, and up to date?"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rag import embedder, paths, store, transcripts
from rag.errors import RagError
from rag.pipeline import index_folder
from rag.settings import Settings
from rag.types import Encoder

_PACKAGES = ("faiss-cpu", "tantivy", "tokenizers", "sentence-transformers", "openai", "tiktoken")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found and, when it is not well, what to do."""

    name: str
    ok: bool
    found: str
    hint: str = ""


def examine(settings: Settings) -> list[Check]:
    """Look at the installation, the project, the encoder and the index."""
    return [
        _versions(),
        Check("folder", True, str(paths.home())),
        _looked("encoder", lambda: embedder.load(settings.encoder).fingerprint),
        _looked("index", lambda: _index(settings)),
        _looked("freshness", lambda: _freshness(settings)),
        _looked("encoder of the index", lambda: _match(settings, embedder.load(settings.encoder))),
    ]


def _looked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except RagError as error:
        return Check(name, False, error.message, error.hint)


def _versions() -> Check:
    versions, missing = [f"Python {platform.python_version()}"], []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    hint = f"pip install {' '.join(missing)}" if missing else ""
    return Check("packages", not missing, ", ".join(versions), hint)


def _index(settings: Settings) -> str:
    folder = index_folder(settings)
    generation = store.current(folder)
    manifest = store.read_manifest(folder, generation)
    store.verify(folder, generation, manifest, thorough=True)
    opened = store.Store.open(folder)
    verdict = opened.catalog.check()
    if verdict != "ok":
        raise RagError(f"{generation}: {verdict}", f"rebuild it: rag index -i {settings.index}")
    return f"{generation}: {manifest.transcripts} transcripts, {manifest.passages} passages, sound"


def _freshness(settings: Settings) -> str:
    folder = index_folder(settings)
    opened = store.Store.open(folder)
    roots = [paths.home() / root for root in opened.manifest.roots]
    files = transcripts.find([root for root in roots if root.exists()] or [Path(folder)])
    known = opened.catalog.hashes()
    changed = store.changed(files, known, paths.home())
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        named = ", ".join(changed[:3]) + more
        raise RagError(f"changed since it was built: {named}", f"rag index -i {settings.index}")
    return f"{len(files)} files, none changed"


def _match(settings: Settings, encoder: Encoder) -> str:
    folder = index_folder(settings)
    manifest = store.read_manifest(folder, store.current(folder))
    if manifest.fingerprint != encoder.fingerprint:
        raise RagError(
            f"built with {manifest.encoder!r}, the settings ask for {settings.encoder!r}",
            f"rag index -i {settings.index}",
        )
    return f"{manifest.encoder}, the same"
