"""What the sections of a report are filled with, by the names that its template uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.evaluate import chance, facts, judging
from rag.evaluate.compare import Comparison
from rag.evaluate.reporting import figures, plots
from rag.evaluate.reporting.figures import Chances
from rag.evaluate.reporting.misses import WRONG, Miss, changes, misses
from rag.evaluate.reporting.plots import Estimate
from rag.evaluate.runs import Run

if TYPE_CHECKING:
    from markupsafe import Markup

_FALSE = 0.05  # share of false refusals at which a threshold is proposed
_STEPS = 50  # of a threshold
_LOOKS = {"better": "triangle", "worse": "square", "same": "circle"}


def markup(text: str) -> Markup:
    """Mark what we wrote ourselves, or what a library has escaped, as needing no escaping."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704  # see above


def costs(run: Run) -> dict[str, object]:
    """Return what questions and answers took, as words, and what a judge is worth."""
    searches = [result.search for result in run.results]
    shown = [("search, median", f"{chance.quantile(searches, 0.5):.1f} ms")] if searches else []
    totals = facts.totals([result.answer for result in run.results if result.answer])
    if "latency" in totals:
        shown.append(("answer, median", f"{chance.quantile(totals['latency'], 0.5):.1f} ms"))
    if "length" in totals:
        shown.append(("characters an answer", f"{chance.mean(totals['length']):.0f}"))
    if "tokens" in totals:
        shown.append(("tokens an answer", f"{chance.mean(totals['tokens']):.0f}"))
    if "cost" in totals:
        shown.append(("cost in all", f"{sum(totals['cost']):.4f}"))
    return {"costs": shown, "judged": "" if run.judge is None else _judge(run.judge)}


def _judge(found: Mapping[str, object]) -> str:
    """Say how far a judge agrees with people."""
    if not found.get("n"):
        return f"The judge {found['model']} was not measured against people (--judged FILE does)."
    return f"The judge {found['model']} beside people, {found['sample']}: {judging.alike(found)}."


def measures(run: Run) -> dict[str, object]:
    """Return the measures by slice and by depth."""
    rows = {item.name: figures.by_slice(run, item.name) for item in figures.measures(run)}
    items = [item for item in figures.measures(run) if rows[item.name]]
    names = dict.fromkeys((row.group, row.name) for some in rows.values() for row in some)
    series, depths = figures.curves(run), figures.depths(run)
    title = "Hits and recall by depth, as in the table beside"
    drawn = plots.curves(title, "k", depths, series) if series[0].values else ""
    return {
        "tiles": [replace(rows[item.name][0], name=item.name) for item in items],
        "measures": [
            {"measure": item, "plot": markup(_slices(item.name, rows[item.name]))} for item in items
        ],
        "table": [
            (" ".join(name).strip(), [_named(rows[item.name], name) for item in items])
            for name in names
        ],
        "series": series,
        "depths": depths,
        "depth_plot": markup(drawn),
    }


def _slices(name: str, rows: Sequence[Estimate]) -> str:
    title = f"{name} by slice, as in the table below the plots"
    return plots.estimates(title, rows, (0, 100), rows[0].value)


def _named(rows: Sequence[Estimate], name: tuple[str, str]) -> Estimate | None:
    return next((row for row in rows if (row.group, row.name) == name), None)


def refusals(run: Run) -> dict[str, object]:
    """Return how the chances of an answer are spread, and what thresholds would refuse."""
    found = figures.chances(run)
    if found is None:
        return {"chances": None}
    title = "How the chances of an answer are spread: with an answer upwards, without downwards"
    spread = plots.distributions(title, found.answerable, found.silent, found.threshold)
    return {
        "chances": found,
        "refused": found.refused(found.threshold),
        "at_most": found.at_most(_FALSE),
        "spread": markup(spread),
        "trade": markup(_trade(found)),
    }


def _trade(found: Chances) -> str:
    steps = [(step / _STEPS, *found.refused(step / _STEPS)) for step in range(_STEPS + 1)]
    series = [
        ("of what has one", "first", [(below, false) for below, false, _ in steps]),
        ("of what has no answer", "second", [(below, right) for below, _, right in steps]),
    ]
    title = "Shares that a threshold refuses, of what has an answer and of what has none"
    return plots.trade(title, "threshold", series, found.threshold)


def legs(run: Run) -> dict[str, object]:
    """Return where each leg wins; nothing where only one was asked."""
    found = figures.legs(run)
    if not found:
        return {"outcomes": []}
    outcomes = figures.outcomes(found)
    rows = figures.legs_by_slice(found)
    counts = [(name, len(some), kind) for name, kind, some in outcomes]
    return {
        "outcomes": outcomes,
        "leg_looks": figures.LEGS,
        "legs_plot": markup(plots.estimates("hit@1 of each ranking by slice", rows, (0, 100))),
        "outcomes_plot": markup(plots.bars("Questions by who has something right first", counts)),
    }


def comparison(run: Run, earlier: Run | None, found: Sequence[Comparison]) -> dict[str, object]:
    """Return the differences to an earlier run, with the questions that were won and lost."""
    if earlier is None or not found:
        return {"compared": []}
    rows = [
        Estimate(item.measure, item.difference, item.low, item.high, item.n, "",
                 item.verdict, _LOOKS[item.verdict])
        for item in found
    ]  # fmt: skip
    most = max(abs(100 * end) for row in rows for end in (row.low, row.high))
    far = next((end for end in (2, 5, 10, 20, 50) if most <= end), 100)
    compared = []
    for item in found:
        won, lost, more = changes(earlier, run, item)
        compared.append({"item": item, "won": won, "lost": lost, "more": more})
    drawn = plots.estimates("Differences, as in the table below", rows, (-far, far), 0)
    return {
        "compared": compared,
        "earlier": earlier,
        "changed": _changed(earlier, run),
        "difference_plot": markup(drawn),
    }


def _changed(before: Run, after: Run) -> list[tuple[str, object, object]]:
    """Return the settings that differ, with both values."""
    names = dict.fromkeys([*before.settings, *after.settings])
    pairs = [(name, before.settings.get(name), after.settings.get(name)) for name in names]
    pairs += [
        ("the model", before.model, after.model),
        ("the encoder", before.encoder, after.encoder),
    ]
    return [(name, old, new) for name, old, new in pairs if old != new]


def wrong(run: Run) -> dict[str, object]:
    """Return all misses, and what they can be filtered by."""
    found = misses(run)
    fields = [("set", "suite"), ("kind", "kind"), ("language", "language"),
              ("transcript", "transcript")]  # fmt: skip
    counted = Counter(name for miss in found for name in miss.wrong)
    filters = [("wrong", [(name, WRONG[name], counted[name]) for name in WRONG if counted[name]])]
    for name, field in fields:
        options = _options(found, field)
        if len(options) > 1:
            filters.append((name, options))
    return {"misses": found, "filters": filters, "wrong": WRONG}


def _options(found: Sequence[Miss], field: str) -> list[tuple[str, str, int]]:
    counted = Counter(str(getattr(miss.result, field)) or "–" for miss in found)
    labels = {"–": "not given"}
    return [(name, labels.get(name, name), count) for name, count in sorted(counted.items())]
