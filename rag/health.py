"""`rag doctor`: is everything there, sound, and up to date?"""

from __future__ import annotations

import os
import platform
import shlex
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata

from rag import embedder, llm, paths, prompts, store
from rag.errors import RagError
from rag.pipeline import configured, index_folder, open_store, store_index
from rag.settings import Settings
from rag.transcripts.naming import Naming
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
    """Look at the installation, the project, the encoder and the index, here or on a server."""
    return [
        _versions((*_PACKAGES, "pymilvus") if settings.store else _PACKAGES),
        Check("folder", True, str(paths.home())),
        _looked("encoder", lambda: embedder.load(settings.encoder).fingerprint),
        _looked("index", lambda: _index(settings)),
        _looked("freshness", lambda: _freshness(settings)),
        _looked("encoder of the index", lambda: _match(settings, embedder.load(settings.encoder))),
        _looked("prompts", _prompts),
        _looked("language model", lambda: _model(settings)),
    ]


def _looked(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except RagError as error:
        return Check(name, False, error.message, error.hint)
    except (sqlite3.Error, OSError) as error:
        return Check(name, False, str(error))


def _prompts() -> str:
    """Read every prompt that could be needed, the project's own where there is one."""
    own = paths.home() / "prompts"
    folders = [own, paths.shipped("prompts")]
    jobs = [(job, spoken) for job in prompts.PLACES for spoken in prompts.LANGUAGES]
    for job, spoken in jobs:
        prompts.load(job, spoken, folders)
    changed = [
        f"{job}.{spoken}.md" for job, spoken in jobs if (own / f"{job}.{spoken}.md").is_file()
    ]
    return f"{len(jobs)} sound, changed in {own}: {', '.join(changed) or 'none'}"


def _model(settings: Settings) -> str:
    """Say which model would answer; it is not called, for that may cost money."""
    model = llm.load(settings, os.environ)
    if model is None:
        return "none, answers are quoted"
    return f"{model.model} at {model.endpoint.host}, window {settings.model_window} tokens"


def _versions(packages: Sequence[str]) -> Check:
    versions, missing = [f"Python {platform.python_version()}"], []
    for name in packages:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    hint = f"pip install {' '.join(missing)}" if missing else ""
    return Check("packages", not missing, ", ".join(versions), hint)


def _index(settings: Settings) -> str:
    if settings.store:
        with closing(open_store(settings)) as there:
            held = there.manifest
            note = f"; {there.note}" if there.note else ""
            return (
                f"{store_index(settings)} at {settings.store}: {held.transcripts} transcripts,"
                f" {held.passages} passages of {held.dimension} dimensions,"
                f" built {held.built}{note}"
            )
    folder = index_folder(settings)
    generation = store.current(folder)
    manifest = store.read_manifest(folder, generation)
    store.verify(folder, generation, manifest, thorough=True)
    opened = store.Store.open(folder)
    verdict = opened.catalog.check()
    if verdict != "ok":
        raise RagError(f"{generation}: {verdict}", f"rebuild it: {_command(settings)}")
    found = "" if manifest.recall is None else f", recall@10 {manifest.recall:.3f}"
    return (
        f"{generation}: {manifest.transcripts} transcripts, {manifest.passages} passages of"
        f" {manifest.dimension} dimensions, built {manifest.built}{found}, sound"
    )


def _freshness(settings: Settings) -> str:
    if settings.store:
        return "a copy: as new as the last rag index --copy-to"
    folder = index_folder(settings)
    opened = store.Store.open(folder)
    base = store.anchor(folder, paths.home())
    roots = [base / root for root in opened.manifest.roots]
    there = [root for root in roots if root.exists()]
    if not there:
        gone = ", ".join(map(str, roots))
        raise RagError(f"gone: {gone}", f"name the files again: {_command(settings)} PATH")
    naming = Naming.from_rows(opened.catalog.naming())
    count, changed = store.changed(opened, there, base, naming)
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        named = ", ".join(changed[:3]) + more
        raise RagError(f"changed since it was built: {named}", _command(settings))
    return f"{count} files, none changed"


def _match(settings: Settings, encoder: Encoder) -> str:
    if settings.store:
        with closing(open_store(settings)) as there:
            manifest = there.manifest
    else:
        folder = index_folder(settings)
        manifest = store.read_manifest(folder, store.current(folder))
    if manifest.fingerprint != encoder.fingerprint:
        raise RagError(
            f"built with {manifest.encoder!r}, the settings ask for {settings.encoder!r}",
            _command(settings),
        )
    return f"{manifest.encoder}, the same"


def _command(settings: Settings) -> str:
    """The command that brings the index in line with the settings, fit to be pasted."""
    command = f"rag index -i {store.label(index_folder(settings))}"
    if settings.encoder == configured().encoder:
        return command
    return f"{command} --encoder {shlex.quote(settings.encoder)}"
