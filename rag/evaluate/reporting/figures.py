"""What a report shows of a run, as numbers: estimates by slice, curves, legs, chances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.evaluate import chance
from rag.evaluate.measures import Measure, shown
from rag.evaluate.reporting.plots import Estimate, Series
from rag.evaluate.runs import Place, Result, Run
from rag.evaluate.show import slices
from rag.types import Address

LEGS = (
    ("fused", "first", "circle"),
    ("lexical", "second", "square"),
    ("dense", "third", "triangle"),
)
"""The rankings that are compared, each with the look of its marks."""
_DEPTHS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


def estimate(name: str, values: Sequence[float]) -> Estimate:
    """Return the mean of at least one value with its interval."""
    low, high = chance.interval(values)
    return Estimate(name, chance.mean(values), low, high, len(values))


def values(results: Iterable[Result], name: str) -> list[float]:
    """Return a measure of those results that have it.

    The precision of refusals says nothing about results that are all answerable, or all not.
    """
    some = list(results)
    if name == "refusal precision" and len({result.answerable for result in some}) < 2:
        return []
    return [result.measures[name] for result in some if name in result.measures]


def measures(run: Run) -> list[Measure]:
    """Return the measures of a run in the order in which they are shown."""
    return shown({name for result in run.results for name in result.measures}, run.k)


def named(label: str) -> tuple[str, str]:
    """Return the group and the name of a slice as they are shown; all questions have no group."""
    group, _, name = label.partition(" ")
    if not name:
        return "", "all questions"
    return "set" if group == "suite" else group, "not given" if name == "–" else name


def by_slice(run: Run, name: str) -> list[Estimate]:
    """Return a measure of all questions, then by set, language, kind and transcript."""
    rows = []
    for label, results in slices(run.results, verbose=False):
        found = values(results, name)
        if found and label != "transcript –":
            group, own = named(label)
            rows.append(replace(estimate(own, found), group=group))
    return rows


def depths(run: Run) -> list[int]:
    """Return the depths of a ranking at which recall is shown."""
    deepest = max(run.k, 10)
    return [depth for depth in _DEPTHS if depth < deepest] + [deepest]


def curves(run: Run) -> list[Series]:
    """Return the share of questions with a right passage, and of right places, by depth."""
    judged = [result for result in run.results if "mrr@10" in result.measures]
    found = [(_read(result), len(result.relevant)) for result in judged]
    hits: list[tuple[float, float, float]] = []
    recalls: list[tuple[float, float, float]] = []
    for depth in depths(run) if judged else ():
        first = [(sum(right[:depth]), places) for right, places in found]
        for name, into, shares in (
            ("hit", hits, [float(right > 0) for right, _ in first]),
            ("recall", recalls, [right / places for right, places in first]),
        ):
            row = estimate(name, shares)
            into.append((row.value, row.low, row.high))
    return [
        Series("hit, the first", hits, "first", "circle"),
        Series("recall, the first", recalls, "second", "square"),
    ]


def _read(result: Result) -> list[bool]:
    """Read a ranking place by place, as `rag.evaluate.measures` does: is each a new right one?"""
    seen: set[int] = set()
    right: list[bool] = []
    for place in result.ranking:
        new = set(_held(result, place)) - seen
        seen |= new
        right += [True] * len(new) or [False]
    return right


def _held(result: Result, place: Place) -> list[int]:
    """Return which of the gold places, by number, a passage holds: as it was when it was ranked."""
    if not place.relevant:
        return []
    own = Address.parse(place.address)
    gold = [Address.parse(text) for text in result.relevant]
    return [number for number, address in enumerate(gold) if own.covers(address)]


@dataclass(frozen=True, slots=True)
class Legs:
    """At which rank something right stands for one question, by ranking; 0 where it does not."""

    result: Result
    fused: int
    lexical: int
    dense: int

    def of(self, leg: str) -> int:
        """Return the rank in one ranking."""
        return {"fused": self.fused, "lexical": self.lexical, "dense": self.dense}[leg]


def legs(run: Run) -> list[Legs]:
    """Order the passages that were found by the scores of one leg each.

    Known are the scores of what the fused ranking kept. What one leg alone would have found
    besides, and where it would have put it, a run with `--legs` tells.
    """
    if run.legs != "fused":
        return []
    return [
        Legs(
            result,
            rank(result.ranking),
            rank(sorted((p for p in result.ranking if p.lexical > 0), key=lambda p: -p.lexical)),
            rank(sorted(result.ranking, key=lambda p: -p.dense)),
        )
        for result in run.results
        if "mrr@10" in result.measures
    ]


def rank(ranking: Sequence[Place]) -> int:
    """Return the rank of the first right passage, 0 where there is none."""
    return next((number for number, place in enumerate(ranking, 1) if place.relevant), 0)


OUTCOMES = (
    ("all three", "agree", (True, True, True)),
    ("fused and lexical", "won", (True, True, False)),
    ("fused and dense", "won", (True, False, True)),
    ("fused, although neither leg has it first", "won", (True, False, False)),
    ("lexical only: lost by fusing", "lost", (False, True, False)),
    ("dense only: lost by fusing", "lost", (False, False, True)),
    ("both legs, but not fused", "lost", (False, True, True)),
    ("none of them", "quiet-fill", (False, False, False)),
)
"""Who has something right first: its name, the look of its bar, and whether each ranking has."""


def outcomes(found: Sequence[Legs]) -> list[tuple[str, str, list[Legs]]]:
    """Return the questions by who has something right first."""
    return [
        (name, kind, [item for item in found if _first(item) == pattern])
        for name, kind, pattern in OUTCOMES
    ]


def _first(item: Legs) -> tuple[bool, bool, bool]:
    return item.fused == 1, item.lexical == 1, item.dense == 1


def legs_by_slice(found: Sequence[Legs]) -> list[Estimate]:
    """Return how often each ranking has something right first, by set, language and kind."""
    ranks = {item.result.key: item for item in found}
    rows = []
    for label, results in slices([item.result for item in found], verbose=False):
        group, name = named(label)
        for leg, kind, shape in LEGS if group != "transcript" else ():
            plain = estimate(name, [float(ranks[r.key].of(leg) == 1) for r in results])
            rows.append(replace(plain, group=group, kind=kind, shape=shape))
    return rows


@dataclass(frozen=True, slots=True)
class Chances:
    """The chances of an answer, by whether there is one, and the threshold in force."""

    answerable: list[float]
    silent: list[float]
    threshold: float

    def refused(self, below: float) -> tuple[float, float]:
        """Return the shares of both that a threshold would refuse."""
        return _share(self.answerable, below), _share(self.silent, below)

    def at_most(self, share: float) -> tuple[float, float, float]:
        """Return the highest threshold that refuses at most a share of what has an answer.

        Beside it stand the two shares that it refuses.
        """
        ordered = sorted(self.answerable)
        most = int(share * len(ordered))
        below = ordered[most] if most < len(ordered) else 1.0
        return (below, *self.refused(below))


def chances(run: Run) -> Chances | None:
    """Return the chances of a run, None where it has none."""
    # As for the measures: sets in which everything has an answer say nothing about refusing.
    telling = {r.suite for r in run.results if not r.answerable}
    known = [
        (r.answerable, r.confidence)
        for r in run.results
        if r.confidence is not None and (not telling or r.suite in telling)
    ]
    if not known:
        return None
    name = "model_refuse_below" if run.model else "refuse_below"
    below = run.settings.get(name)
    return Chances(
        [value for answerable, value in known if answerable],
        [value for answerable, value in known if not answerable],
        below if isinstance(below, float | int) else 0.0,
    )


def _share(values: Sequence[float], below: float) -> float:
    return sum(value < below for value in values) / len(values) if values else 0.0
