"""The figures of all systems as one Markdown table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.measure import middle

Value = float | int | None
Samples = dict[str, list[float]]
"""What was measured of one system: every repetition of every figure."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: how it is called, shown, and which of two values of it is better."""

    key: str
    title: str
    digits: int = 1
    lower: bool = True
    compared: bool = True


ROWS = (
    Row("install", "Install, MB without torch", 0),
    Row("install_torch", "Install, MB", 0),
    Row("packages", "Packages, torch's aside", 0),
    Row("cold", "Cold answer, small index, CPU s", 2),
    Row("cold_wall", "The same, wall s", 2),
    Row("cold_peak", "The same, peak MB", 0),
    Row("cold_large", "Cold answer, large index, CPU s", 2),
    Row("cold_large_peak", "The same, peak MB", 0),
    Row("warm50", "Warm query p50, CPU ms"),
    Row("warm95", "Warm query p95, CPU ms"),
    Row("warm_wall50", "Warm query p50, wall ms"),
    Row("build", "Building the large index, CPU s"),
    Row("rate", "Turns built per CPU s", 0, lower=False),
    Row("build_peak", "Building, peak MB", 0),
    Row("add", "Adding one file to it, CPU s", 2),
    Row("disk", "The large index, MB"),
    Row("minilm", "Building the small index with MiniLM, CPU s"),
    Row("minilm_each", "The same without the start, CPU ms a turn"),
    Row("default_each", "Each with its default, MiniLM or our table, CPU ms a turn", 2),
    Row("large_chunks", "Chunks of the large index", 0, compared=False),
    Row("chunks", "Chunks of the small index", 0, compared=False),
    Row("length", "Characters in 5 hits", 0, compared=False),
    Row("whole", "Turns kept whole, %", 0, lower=False),
    Row("zh", "Chinese hit@5, %", 0, lower=False),
    Row("en", "English hit@5, %", 0, lower=False),
    Row("cross", "Across languages hit@5, %", 0, lower=False),
    Row("zh_budget", "Chinese in 1,500 characters, %", 0, lower=False),
    Row("en_budget", "English in 1,500 characters, %", 0, lower=False),
    Row("cross_budget", "Across languages in 1,500 characters, %", 0, lower=False),
    Row("zh_words", "Chinese hit@5 by words alone, %", 0, lower=False),
    Row("zh_words_budget", "The same in 1,500 characters, %", 0, lower=False),
)
"""In the order in which they are shown."""


def middles(samples: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {key: middle(values) for key, values in samples.items() if values}


def best(row: Row, figures: Mapping[str, Mapping[str, float]], ours: str) -> float | None:
    """Return what the best of the others has in this row, or None where nobody has it."""
    others = [found[row.key] for name, found in figures.items()
              if name != ours and row.key in found]  # fmt: skip
    choose: Callable[[list[float]], float] = min if row.lower else max
    return choose(others) if others else None


def against(row: Row, figures: Mapping[str, Mapping[str, float]], ours: str) -> str:
    """Say by what factor, or by how many points of per cent, we are better than the best other."""
    other, own = best(row, figures, ours), figures[ours].get(row.key)
    if not row.compared or other is None or own is None:
        return "–"
    if row.title.endswith("%"):
        return f"{own - other:+.0f} points"
    ratio = (other / own if row.lower else own / other) if own and other else 0.0
    return f"{ratio:.2f} ×" if ratio < 10 else f"{ratio:.0f} ×"


def cells(
    titles: Mapping[str, str], measured: Mapping[str, Samples], ours: str
) -> tuple[list[str], list[list[str]]]:
    """Return the headings and rows of the table; the least value stands in brackets."""
    figures = {name: middles(samples) for name, samples in measured.items()}
    headings = ["", *(titles[name] for name in measured), "Ours against the best other"]
    rows = [
        [
            row.title,
            *(_cell(row, samples.get(row.key, [])) for samples in measured.values()),
            against(row, figures, ours),
        ]
        for row in ROWS
        if any(samples.get(row.key) for samples in measured.values())
    ]
    return headings, rows


def document(about: Mapping[str, object], measured: Mapping[str, Samples]) -> str:
    """Return everything as JSON: what was run on what, medians, least values, every sample."""
    systems = {
        name: {
            "median": middles(samples),
            "least": {key: min(values) for key, values in samples.items() if values},
            "samples": samples,
        }
        for name, samples in measured.items()
    }
    return json.dumps({**about, "systems": systems}, ensure_ascii=False, indent=1) + "\n"


def _cell(row: Row, values: Sequence[float]) -> str:
    if not values:
        return "–"
    shown, least = (f"{value:,.{row.digits}f}" for value in (middle(values), min(values)))
    return shown if least == shown or not row.lower else f"{shown} ({least})"
