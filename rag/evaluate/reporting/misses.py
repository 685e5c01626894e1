"""The questions of a run that went wrong, in which way, and what stands where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.evaluate.compare import Comparison
from rag.evaluate.reporting.figures import rank
from rag.evaluate.runs import Result, Run

WRONG = {
    "nothing": "nothing right found",
    "late": "right, but not first",
    "refused": "refused, has an answer",
    "answered": "not refused, has no answer",
    "unsaid": "does not say what it must",
}
"""The ways to go wrong, by the name that a filter goes by."""
_KEPT = 300  # characters of a passage that a run keeps
_SHOWN = 10  # passages of a ranking
_LISTED = 200  # questions won or lost, a measure


@dataclass(frozen=True, slots=True)
class Miss:
    """One question that went wrong; `rank` is that of the first right passage, or 0."""

    result: Result
    wrong: tuple[str, ...]
    rank: int
    places: tuple[tuple[int, str, str, bool, float, float, float], ...]
    wanted: tuple[tuple[str, str], ...]

    @property
    def others(self) -> list[tuple[int, str]]:
        """Wrong passages whose words the run did not keep, by rank and address."""
        return [(n, where) for n, where, words, right, *_ in self.places if not words and not right]


@dataclass(frozen=True, slots=True)
class Change:
    """One question that two runs answer differently: a measure and the rank in both."""

    key: str
    question: str
    before: float
    after: float
    rank_before: int
    rank_after: int


def misses(run: Run) -> list[Miss]:
    """Return all misses, those for which nothing was found first."""
    found = [_miss(result, wrong) for result in run.results if (wrong := _wrong(result, run))]
    order = list(WRONG)
    return sorted(found, key=lambda miss: order.index(miss.wrong[0]))


def _wrong(result: Result, run: Run) -> tuple[str, ...]:
    values = result.measures
    nothing = values.get(f"hit@{run.k}") == 0
    tests = {
        "nothing": nothing,
        "late": values.get("hit@1") == 0 and not nothing,
        "refused": values.get("false refusals") == 1,
        "answered": values.get("refusal recall") == 0,
        "unsaid": values.get("must say") == 0,
    }
    return tuple(name for name, fails in tests.items() if fails)


def _miss(result: Result, wrong: tuple[str, ...]) -> Miss:
    places = tuple(
        (n, p.address, _words(result, p.address), p.relevant, p.score, p.lexical, p.dense)
        for n, p in enumerate(result.ranking[:_SHOWN], 1)
    )
    wanted = tuple((name, _words(result, name)) for name in result.relevant)
    return Miss(result, wrong, rank(result.ranking), places, wanted)


def _words(result: Result, where: str) -> str:
    """Return what a run kept of a text, with a mark where it kept less than all."""
    words = result.texts.get(where, "")
    return f"{words}…" if len(words) >= _KEPT else words


def changes(
    before: Run, after: Run, item: Comparison
) -> tuple[Sequence[Change], Sequence[Change], int]:
    """Return the questions won and lost by a measure, and how many more there are of them."""
    old = {f"{r.suite}/{r.id}": r for r in before.results}
    new = {f"{r.suite}/{r.id}": r for r in after.results}
    won, lost = (
        [_change(key, old, new, item.measure) for key in keys[:_LISTED]]
        for keys in (item.wins, item.losses)
    )
    return won, lost, len(item.wins) + len(item.losses) - len(won) - len(lost)


def _change(key: str, old: Mapping[str, Result], new: Mapping[str, Result], measure: str) -> Change:
    one, other = old[key], new[key]
    values = one.measures[measure], other.measures[measure]
    return Change(key, other.question, *values, rank(one.ranking), rank(other.ranking))
