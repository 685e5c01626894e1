"""Two runs over the same questions: what changed, how surely, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.errors import UsageError
from rag.evaluate import chance
from rag.evaluate.measures import Measure, shown
from rag.evaluate.runs import Result, Run

SIGNIFICANT = 0.05
_NAMED = 5  # questions that an error names


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure in two runs, over the `n` questions for which both have it.

    `low` and `high` bound the difference of the means (paired bootstrap, 95 %); `p` is McNemar's
    for a measure of yes and no, else that of the randomization test, and `adjusted` the same after
    Holm over all measures in which anything changed. `wins` and `losses` are the questions that
    became better or worse, the largest change first.
    """

    measure: str
    n: int
    before: float
    after: float
    low: float
    high: float
    p: float
    test: str
    wins: tuple[str, ...]
    losses: tuple[str, ...]
    better: int = 1
    adjusted: float = 1.0

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def verdict(self) -> str:
        """`better` or `worse` where the difference is significant, else `same`."""
        if self.adjusted >= SIGNIFICANT or not self.difference:
            return "same"
        return "better" if self.difference * self.better > 0 else "worse"


def against(before: Run, after: Run) -> list[Comparison]:
    """Compare two runs, measure by measure.

    Precision of refusals is left out: it is defined for those that a run refuses, so that there is
    nothing to pair.

    Raises:
        UsageError: when they are over different questions, naming some.
    """
    pairs = _paired(before, after)
    names = {name for _, new in pairs for name in new.measures} - {"refusal precision"}
    found = []
    for measure in shown(names, after.k):
        both = [
            (old, new)
            for old, new in pairs
            if measure.name in old.measures and measure.name in new.measures
        ]
        if both:
            found.append(_compare(measure, both))
    # What did not change at all could not have been significant: it is no further test (R. Tarone,
    # "A modified Bonferroni method for discrete data", Biometrics 1990).
    tested = {item.measure: item.p for item in found if item.wins or item.losses}
    adjusted = chance.holm(tested)
    return [replace(item, adjusted=adjusted.get(item.measure, 1.0)) for item in found]


def lost(found: Sequence[Comparison]) -> bool:
    """Tell whether any measure became significantly worse."""
    return any(item.verdict == "worse" for item in found)


def _paired(before: Run, after: Run) -> list[tuple[Result, Result]]:
    old = {result.key: result for result in before.results}
    new = {result.key: result for result in after.results}
    for title, keys in (
        ("only in the earlier run", [key for key in old if key not in new]),
        ("only in this run", [key for key in new if key not in old]),
        ("asked otherwise", [key for key in new if key in old and not _same(old[key], new[key])]),
        ("judged in one run only", [k for k in new if k in old and not _alike(old[k], new[k])]),
    ):
        if keys:
            some = ", ".join(f"{suite}/{id_}" for suite, id_ in keys[:_NAMED])
            more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
            raise UsageError(
                f"the two runs are over different questions: {title}: {some}{more}",
                "run both with the same cases, options and --limit",
            )
    return [(old[key], new[key]) for key in new]


def _same(old: Result, new: Result) -> bool:
    return (old.question, old.history) == (new.question, new.history)


def _alike(old: Result, new: Result) -> bool:
    """Tell whether the rankings of a question were judged in both runs, or in neither."""
    return ("mrr@10" in old.measures) == ("mrr@10" in new.measures)


def _compare(measure: Measure, pairs: Sequence[tuple[Result, Result]]) -> Comparison:
    before = [old.measures[measure.name] for old, _ in pairs]
    after = [new.measures[measure.name] for _, new in pairs]
    changes = [new - old for old, new in zip(before, after, strict=True)]
    gains = [change * measure.better for change in changes]
    order = sorted(range(len(pairs)), key=lambda n: -abs(changes[n]))
    ids = [f"{new.suite}/{new.id}" for _, new in pairs]
    wins = tuple(ids[n] for n in order if gains[n] > 0)
    losses = tuple(ids[n] for n in order if gains[n] < 0)
    low, high = chance.interval(changes)
    binary = measure.binary
    return Comparison(
        measure=measure.name,
        n=len(pairs),
        before=chance.mean(before),
        after=chance.mean(after),
        low=low,
        high=high,
        p=chance.mcnemar(len(wins), len(losses)) if binary else chance.randomization(changes),
        test="McNemar" if binary else "randomization",
        wins=wins,
        losses=losses,
        better=measure.better,
    )
