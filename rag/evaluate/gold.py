"""Where the answer to a case stands: addresses, or quoted words looked up in the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.errors import UsageError
from rag.evaluate.cases import Case
from rag.quotes.lookup import look_up
from rag.store.contract import Store
from rag.types import Address, Passage


@dataclass(frozen=True, slots=True)
class Task:
    """A case made ready: the places of its answer in the index, and what was not found there.

    Any of the places is a right one. `exclude` names transcripts that are left out of the ranking.
    """

    case: Case
    gold: tuple[Address, ...] = ()
    missing: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()

    @property
    def judged(self) -> bool:
        """Whether a ranking can be right or wrong."""
        return bool(self.gold)

    def found_in(self, passage: Passage) -> list[int]:
        """Return which of the places, by number, a passage holds or touches."""
        address = passage.address
        return [number for number, place in enumerate(self.gold) if address.covers(place)]


def resolved(cases: Iterable[Case], store: Store) -> list[Task]:
    """Look up what is relevant to every case in an index.

    Raises:
        UsageError: when an index holds nothing of what the cases call relevant.
    """
    tasks = [_resolve(case, store) for case in cases]
    named = [task for task in tasks if task.case.relevant]
    if named and not any(task.gold for task in named):
        first = named[0]
        raise UsageError(
            f"{first.case.where}: {first.missing[0]!r} is not in the index, nor is anything else"
            " that the cases call relevant",
            "index the transcripts that the cases are about, or name their index with -i",
        )
    return tasks


def _resolve(case: Case, store: Store) -> Task:
    gold: dict[Address, None] = {}
    missing = []
    for relevant in case.relevant:
        place = locate(relevant, store)
        if place is None:
            missing.append(relevant)
        else:
            gold[place] = None
    return Task(case, tuple(gold), tuple(missing))


def locate(relevant: str, store: Store) -> Address | None:
    """Return the place of an address or of a quotation, None where the index has neither."""
    try:
        address = Address.parse(relevant)
    except UsageError:
        address = None
    if address is not None and store.catalog.passages_at(address):
        return replace(address, first_part=0, last_part=0)
    found = look_up(store, relevant)
    if found.verdict != "exact" or found.address is None:
        return None
    return replace(found.address, first_part=0, last_part=0)


def left_out(tasks: Sequence[Task]) -> list[str]:
    """Say which places were not found, one line a case."""
    return [
        f"{task.case.where or task.case.id}: not in the index: {', '.join(task.missing)}"
        for task in tasks
        if task.missing
    ]
