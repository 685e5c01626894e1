"""What is measured, and the measures of rankings, computed by `ir_measures`.

A ranking is read place by place: a passage counts for every gold place that it is the first to
hold, and once that is found, another passage of it counts as nothing. So a long turn that is cut
into five passages is one thing to be found, whatever the passage budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DEEPEST = 10
"""The least depth of a ranking: where MRR and nDCG end."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure; `better` is 1 where more is better, -1 where less is, `binary` yes or no."""

    name: str
    better: int = 1
    binary: bool = False
    means: str = ""


def of_rankings(k: int) -> list[Measure]:
    """Return the measures of rankings in the order in which they are shown."""
    cuts = sorted({1, 5, k})
    return [
        *(Measure(f"hit@{cut}", binary=True) for cut in cuts),
        Measure(f"recall@{k}"),
        Measure("mrr@10"),
        Measure("ndcg@10"),
    ]


OF_REFUSALS = (
    Measure("refusal precision", binary=True, means="refused, and rightly"),
    Measure("refusal recall", binary=True, means="of what has no answer, refused"),
    Measure("false refusals", -1, binary=True, means="of what has an answer, refused"),
)
"""Each is defined for some questions only: those refused, those without an answer, those with."""

OF_ANSWERS = (
    Measure("must say", binary=True, means="of answerable questions, all that must be said is"),
    Measure("quote exact", means="quotations that are verbatim, an answer"),
    Measure("speaker", means="citations of somebody who speaks a gold turn, an answer"),
    Measure("keys", binary=True, means="no citation of what was not given"),
    Measure("grounded", binary=True, means="cites what it was given"),
    Measure("judged supported", binary=True, means="says the judge"),
    Measure("judged answering", binary=True, means="says the judge"),
)
"""Of answers that are no refusals, but for `must say`, where a refusal says nothing."""


def shown(names: set[str], k: int) -> list[Measure]:
    """Return those measures that are named, in the order in which they are shown."""
    return [item for item in (*of_rankings(k), *OF_REFUSALS, *OF_ANSWERS) if item.name in names]


def rankings(
    found: Sequence[tuple[Sequence[Sequence[int]], int]], k: int
) -> list[dict[str, float]]:
    """Return the measures of every ranking.

    One is given as the gold places that each passage holds, best passage first, and the number of
    gold places that there are, at least one.
    """
    import ir_measures

    names = [measure.name for measure in of_rankings(k)]
    wanted = {_in_ir_measures(name): name for name in names}
    qrels = {
        str(number): {f"gold {place}": 1 for place in range(places)}
        for number, (_, places) in enumerate(found)
    }
    run = {str(number): _scored(held) for number, (held, _) in enumerate(found)}
    values = [dict.fromkeys(names, 0.0) for _ in found]
    measures = [ir_measures.parse_measure(name) for name in wanted]
    for item in ir_measures.iter_calc(measures, qrels, run):
        values[int(item.query_id)][wanted[str(item.measure)]] = float(item.value)
    return values


def _in_ir_measures(name: str) -> str:
    kind, _, cut = name.partition("@")
    return f"{ {'hit': 'Success', 'recall': 'R', 'mrr': 'RR', 'ndcg': 'nDCG'}[kind] }@{cut}"


def _scored(held: Sequence[Sequence[int]]) -> dict[str, float]:
    """Write a ranking as gold places and other passages, each once, with falling scores."""
    order: dict[str, None] = {}
    for rank, places in enumerate(held):
        new = [name for place in places if (name := f"gold {place}") not in order]
        order |= dict.fromkeys(new or [f"passage {rank}"])
    return {name: float(len(order) - number) for number, name in enumerate(order)}
