"""Writing a generation: whole, or as the one before it with a layer more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from rag import lexical
from rag.lexical import Counts, Entry
from rag.store import layers, recording
from rag.store.embedding import Cut, Embedding, embedded
from rag.store.files import Progress
from rag.store.generation import Manifest, current, link, publish, verify
from rag.store.index import PASSAGES, TERMS, Store
from rag.store.layers import Layer
from rag.store.source import Source
from rag.store.vectors import Vectors, names, read_vectors, write_vectors
from rag.types import Passage, Transcript

if TYPE_CHECKING:
    from rag.types import Matrix

_AT_ONCE = 1024  # passages
_QUESTIONS = 64  # by which recall is measured
_REWRITTEN = ("meta.json", ".managed.json")  # by tantivy; all its other files never change


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an index: transcripts that go, those that come, and what is known of files.

    `sources` are all files, `forgotten` those that are gone.
    """

    gone: tuple[str, ...]
    items: tuple[tuple[Transcript, str], ...]
    sources: tuple[Source, ...]
    forgotten: tuple[str, ...]
    naming: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Done:
    """The manifest of the generation, and how much work it was."""

    manifest: Manifest
    turns: int
    embedded: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be made, where and how; `manifest` is that of the new generation, uncounted."""

    folder: Path
    temporary: Path
    manifest: Manifest
    change: Change
    embedding: Embedding
    progress: Progress

    def cut(self, old: Store | None) -> Cut:
        """Return the new passages with their vectors, those that `old` has taken from it."""
        return embedded(self.change.items, self.manifest, old, self.embedding, self.progress)


def write(task: Task, old: Store | None) -> Done:
    """Write a generation of these transcripts alone; of `old` only vectors are used."""
    new, change = task.cut(old), task.change
    recording.write(
        task.temporary / PASSAGES,
        change.items,
        zip(new.passages, new.hashes, strict=True),
        task.manifest.roots,
        change.naming,
        change.sources,
    )
    recall = _write_vectors(task, new.vectors, 0, new)
    counts = lexical.build(task.temporary / TERMS, _entries(enumerate(new.passages)))
    made = replace(
        task.manifest,
        transcripts=len(change.items),
        passages=len(new.passages),
        rows=len(new.passages),
        layers=(Layer(0, counts, recall),),
    )
    dropped = 0
    if old is not None:
        dropped = _dropped(old.catalog.hash_rows(), new.hashes)
        old.close()
    publish(task.folder, task.temporary, made)
    turns = sum(len(item.turns) for item, _ in change.items)
    return Done(made, turns, new.embedded, dropped)


def update(task: Task, old: Store) -> Done:
    """Write a generation that is the `old` one but for a change: linked, copied, and added to."""
    plan = _planned(old, task.change)
    if layers.worn(plan.layers):
        return _anew(task, old)
    generation = current(task.folder)
    # What is copied and changed is vouched for anew: it must be what it was.
    verify(task.folder, generation, old.manifest, thorough={PASSAGES})
    new = task.cut(old)
    plan = plan.settled(len(new.passages))
    linked = _link(generation, task.temporary, plan)
    counts = _add_terms(task.temporary, plan, old, new)
    if counts is None:
        shutil.rmtree(task.temporary)
        task.temporary.mkdir()
        return _anew(task, old)
    _edit(task, generation, old, new)
    recall = _write_layer(task, plan, old, new)
    made = replace(
        task.manifest,
        transcripts=old.manifest.transcripts - len(task.change.gone) + len(task.change.items),
        passages=old.manifest.passages - len(plan.removed) + len(new.passages),
        rows=plan.rows + len(new.passages),
        layers=(*plan.layers, Layer(plan.first, counts, recall)),
    )
    dropped = _dropped(old.catalog.hashes_of(plan.removed), new.hashes)
    turns = old.catalog.count_turns() - old.catalog.turns_of(task.change.gone)
    turns += sum(len(item.turns) for item, _ in task.change.items)
    old.close()
    files = old.manifest.files
    kept = {name: files[name] for name in linked if name in files}
    publish(task.folder, task.temporary, made, kept)
    return Done(made, turns, new.embedded, dropped)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which passages go, which layers stay, where the last one begins, how many ids are given."""

    removed: list[int]
    layers: tuple[Layer, ...]
    first: int
    rows: int

    def settled(self, added: int) -> _Plan:
        """Return the plan when that many passages come: small layers at the end are joined."""
        stay = layers.kept(self.layers, self.rows, added)
        first = self.layers[stay].first if stay < len(self.layers) else self.rows
        return replace(self, layers=self.layers[:stay], first=first)


def _planned(old: Store, change: Change) -> _Plan:
    removed = old.catalog.ids_of(change.gone)
    dead = [
        (id_, len(lexical.terms(passage.searchable)))
        for id_, passage in zip(removed, old.catalog.passages(removed), strict=True)
    ]
    marked = layers.with_dead(old.manifest.layers, dead)
    return _Plan(removed, tuple(marked), old.manifest.rows, old.manifest.rows)


def _edit(task: Task, generation: Path, old: Store, new: Cut) -> None:
    """Copy the catalog and change the copy."""
    catalog, change = task.temporary / PASSAGES, task.change
    shutil.copyfile(generation / PASSAGES, catalog)
    known = old.catalog.sources()
    recording.edit(
        catalog,
        change.gone,
        change.items,
        zip(new.passages, new.hashes, strict=True),
        old.manifest.rows,
        task.manifest.roots,
        change.naming,
        [source for source in change.sources if known.get(source.path) != source],
        change.forgotten,
    )


def _add_terms(temporary: Path, plan: _Plan, old: Store, new: Cut) -> Counts | None:
    """Add the last layer to the terms; None when nobody knows any more what they count."""
    gone = set(plan.removed)
    again = [id_ for id_ in old.catalog.ids(plan.first) if id_ not in gone]
    entries = chain(_entries_again(old, again), _entries(enumerate(new.passages, plan.rows)))
    below = sum((layer.counts for layer in plan.layers), Counts())
    counts = lexical.update(temporary / TERMS, plan.first, _ranges(plan.removed), entries, below)
    # tantivy joins segments by itself; what is dead in them is then gone.
    return counts if _documents(temporary / TERMS) == (below + counts).documents else None


def _anew(task: Task, old: Store) -> Done:
    """Write a generation anew, from the old one rather than from the files."""
    verify(task.folder, current(task.folder), old.manifest, thorough=True)
    hashes, gone = old.catalog.hashes(), set(task.change.gone)
    staying = [
        (item, hashes[item.path])
        for path, id_ in old.catalog.paths().items()
        if id_ not in gone and (item := old.catalog.transcript(id_)) is not None
    ]
    items = sorted([*staying, *task.change.items], key=lambda pair: pair[0].path)
    whole = replace(task.change, gone=(), items=tuple(items), forgotten=())
    return write(replace(task, change=whole), old)


def _dropped(before: Iterable[bytes], after: Iterable[bytes]) -> int:
    there = set(after)
    return sum(hash_ not in there for hash_ in before)


def _entries(found: Iterable[tuple[int, Passage]]) -> Iterator[Entry]:
    for id_, passage in found:
        yield Entry(id_, passage.searchable, passage.speakers, passage.transcript)


def _entries_again(old: Store, ids: Sequence[int]) -> Iterator[Entry]:
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        yield from _entries(zip(some, old.catalog.passages(some), strict=True))


def _write_layer(task: Task, plan: _Plan, old: Store, new: Cut) -> float | None:
    """Write the vectors of the last layer: what it holds already, dead or not, and the new ones."""
    import numpy as np

    before = old.vectors(range(plan.first, plan.rows))
    return _write_vectors(task, np.concatenate([before, new.vectors]), plan.first, new)


def _write_vectors(task: Task, vectors: Matrix, first: int, new: Cut) -> float | None:
    """Write the vectors of a layer; return the recall of their codes for some questions."""
    import numpy as np

    write_vectors(task.temporary, vectors, first)
    part = read_vectors(task.temporary, first)
    if part.codes is None or not new.passages:
        return None
    some = new.passages[:: max(1, len(new.passages) // _QUESTIONS)]
    asked = [task.embedding.encoder.question(passage.spans[0].text) for passage in some]
    return Vectors([part]).recall(np.stack(asked))


def _link(generation: Path, temporary: Path, plan: _Plan) -> set[str]:
    """Give the new generation what stays of the old one: vectors, and terms to be added to."""
    files = (name for layer in plan.layers for name in names(layer.first))
    linked = {name for name in files if (generation / name).exists()}
    for path in (generation / TERMS).iterdir():
        if path.suffix != ".lock" and path.name not in _REWRITTEN:
            linked.add(f"{TERMS}/{path.name}")
    for name in linked:
        link(generation / name, temporary / name)
    for name in _REWRITTEN:
        shutil.copyfile(generation / TERMS / name, temporary / TERMS / name)
    return linked


def _documents(terms: Path) -> int:
    """Return how many passages tantivy counts, the dead included."""
    meta = json.loads((terms / "meta.json").read_text(encoding="utf-8"))
    return sum(segment["max_doc"] for segment in meta["segments"])


def _ranges(ids: Iterable[int]) -> list[tuple[int, int]]:
    """Join ascending ids that follow each other to ranges, first and last."""
    ranges: list[tuple[int, int]] = []
    for id_ in ids:
        if ranges and ranges[-1][1] == id_ - 1:
            ranges[-1] = (ranges[-1][0], id_)
        else:
            ranges.append((id_, id_))
    return ranges
