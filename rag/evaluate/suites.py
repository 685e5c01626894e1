"""Cases with the index that they are asked of, chosen by what is found at a path."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rag.errors import UsageError
from rag.evaluate import beir, building, cases, gold, selfmade, spans
from rag.evaluate.building import Shelf
from rag.evaluate.chance import SEED
from rag.evaluate.gold import Task
from rag.evaluate.memory import remembering
from rag.pipeline import Rag, open_store
from rag.settings import Settings
from rag.store.contract import Store
from rag.types import Chat, Encoder

_FORMS = (
    "give a file of cases, or a folder with qrels.tsv, gold_spans.jsonl, cases.jsonl or, with"
    " --self, transcripts"
)


@dataclass(frozen=True, slots=True)
class Suite:
    """Questions and the index that they are asked of.

    `corpus` is a hash of what is indexed; `notes` say what was left out of account and why,
    `skipped` counts questions of `--self`.
    """

    name: str
    form: str
    rag: Rag
    tasks: tuple[Task, ...]
    corpus: str
    notes: tuple[str, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setup:
    """What all suites of an evaluation share: settings, encoder, model, where indexes are made.

    `within` asks questions of transcripts with gold spans inside their transcript; None leaves that
    to the set.
    """

    settings: Settings
    encoder: Encoder
    model: Chat | None
    shelf: Shelf
    within: bool | None = None

    def ask(self, opened: Store) -> Rag:
        """Return an index ready to be asked."""
        return Rag(remembering(opened), self.encoder, self.settings, self.model)

    def built(self, sources: Sequence[Path]) -> Store:
        """Index transcripts, or open the index of them that was kept."""
        made_of = [*map(building.content, sources), *self._fingerprint(), "files"]
        build = partial(
            building.from_files, sources=sources, encoder=self.encoder, chosen=self.settings
        )
        return self.shelf.index(made_of, build)

    def without(self, whole: Store, hidden: dict[str, set[int]]) -> Store:
        """Index again what an index holds, without some turns."""
        if not hidden:
            return whole
        turns = [f"{name}:{sorted(numbers)}" for name, numbers in sorted(hidden.items())]
        made_of = [corpus_of(whole), *self._fingerprint(whole), *turns]
        return self.shelf.index(
            made_of, lambda place: building.without_turns(place, whole, hidden, self.encoder)
        )

    def collection(self, folder: Path) -> Store:
        """Index a collection in BEIR form."""
        files = [building.content(path) for path in sorted(folder.glob("corpus*.jsonl"))]
        made_of = [*files, building.content(folder / "qrels.tsv"), *self._fingerprint(), "beir"]
        return self.shelf.index(
            made_of, lambda place: beir.build(place, folder, self.encoder, self.settings)
        )

    def _fingerprint(self, whole: Store | None = None) -> list[str]:
        tokens = self.settings.passage_tokens if whole is None else whole.manifest.passage_tokens
        return [self.encoder.fingerprint, str(tokens)]


def load(path: Path, setup: Setup) -> Suite:
    """Return the suite at a path, no two questions of which have one id.

    Raises:
        UsageError: when there is none, or a line of it cannot be read.
        NotReady: when its cases are about an index that is not there.
    """
    suite = _at(path, setup)
    seen: set[str] = set()
    for task in suite.tasks:
        if task.case.id in seen:
            raise UsageError(f"{task.case.where}: the id {task.case.id!r} again", "rename one")
        seen.add(task.case.id)
    return suite


def _at(path: Path, setup: Setup) -> Suite:
    folder = path.parent if path.name in ("qrels.tsv", "gold_spans.jsonl") else path
    if path.name != "qrels.tsv" and spans.is_one(folder):
        return _spans(folder, setup)
    if beir.is_one(folder):
        return _collection(folder, setup)
    if (path / "cases.jsonl").is_file():
        return _cases(path / "cases.jsonl", setup.built([path]), setup)
    if path.is_file():
        found = cases.read(path)
        opened = setup.shelf.keep(open_store(setup.settings))
        return _cases(path, opened, setup, found)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder", _FORMS)
    raise UsageError(f"{path}: no cases in it", _FORMS)


def _collection(folder: Path, setup: Setup) -> Suite:
    opened = setup.collection(folder)
    known = {item.id for item in opened.catalog.transcripts()}
    tasks = tuple(beir.tasks(folder, known))
    name, corpus = folder.resolve().name, building.content(folder, "corpus*.jsonl")
    notes = tuple(gold.left_out(tasks))
    return Suite(name, "collection", setup.ask(opened), tasks, corpus, notes)


def of_itself(path: Path | None, setup: Setup) -> Suite:
    """Return the suite of the questions in a folder of transcripts, or in the index.

    Raises:
        UsageError: when nobody in it asks anything that could be found.
    """
    if path is None:
        whole = setup.shelf.keep(open_store(setup.settings))
        name = setup.settings.index
    else:
        whole = setup.built([path / "transcripts" if (path / "transcripts").is_dir() else path])
        name = path.resolve().name
    found = selfmade.questions(building.whole_transcripts(whole))
    if not found.tasks:
        asked = sum(found.skipped.values())
        raise UsageError(
            f"{name}: none of the {asked} replies in it follows a question that stands alone",
            "--self needs interviews; for other transcripts, write cases",
        )
    opened = setup.without(whole, found.hidden)
    return Suite(
        name, "self", setup.ask(opened), found.tasks, corpus_of(whole), skipped=found.skipped
    )


def sample(tasks: Sequence[Task], most: int | None) -> tuple[Task, ...]:
    """Return at most so many tasks, drawn at random and always the same, in their order."""
    if most is None or len(tasks) <= most:
        return tuple(tasks)
    drawn = random.Random(SEED).sample(range(len(tasks)), most)  # noqa: S311  # not for secrets
    return tuple(tasks[number] for number in sorted(drawn))


def _spans(folder: Path, setup: Setup) -> Suite:
    whole = setup.built([folder / "transcripts"])
    items = building.whole_transcripts(whole)
    hidden = spans.hidden(folder, items)
    opened = setup.without(whole, hidden)
    within = setup.within
    if within is None:
        within = folder.resolve().name.startswith(spans.WITHIN)
    read = spans.tasks(folder, items, within)
    found = [_heard(task, hidden) for task in read]
    form = "transcripts, each question within its own" if within else "transcripts"
    name, notes = folder.resolve().name, gold.left_out(read)
    silent = sum(task.judged and not heard.judged for task, heard in zip(read, found, strict=True))
    if silent:
        notes.append(
            f"{name}: {silent} questions are answered only by turns that ask others, which are kept"
            " out of the index: they are not ranked"
        )
    return Suite(name, form, setup.ask(opened), tuple(found), corpus_of(whole), tuple(notes))


def _heard(task: Task, hidden: dict[str, set[int]]) -> Task:
    """Leave out places of which every turn is hidden: nothing could find them."""
    places = (
        place
        for place in task.gold
        if place.section
        or not set(range(place.first, place.last + 1)) <= hidden.get(place.transcript, set())
    )
    return replace(task, gold=tuple(places))


def _cases(
    path: Path, opened: Store, setup: Setup, found: Iterable[cases.Case] | None = None
) -> Suite:
    tasks = gold.resolved(cases.read(path) if found is None else found, opened)
    name = path.parent.resolve().name if path.name == "cases.jsonl" else path.stem
    notes = tuple(gold.left_out(tasks))
    return Suite(name, "cases", setup.ask(opened), tuple(tasks), corpus_of(opened), notes)


def corpus_of(opened: Store) -> str:
    """Hash the files that an index holds."""
    return building.digest(f"{path}:{sha}" for path, sha in sorted(opened.catalog.hashes().items()))
