"""Growth: what each cost does from 1,000 turns to 1,000,000, and the law it follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import scale
from bench.measure import heading, middle, note, percentile, table
from bench.scale import Size

TURNS = (1_000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class _Cost:
    """A cost by its name, and how it is read off what was measured at one size."""

    name: str
    of: Callable[[Size], float]


_COSTS = (
    _Cost("Build, CPU s", lambda size: size.build[0].cpu),
    _Cost("Build, peak MB", lambda size: size.build[0].peak),
    _Cost("Index, MB", lambda size: float(size.build[1]["megabytes"])),
    _Cost("One file changed, CPU s", lambda size: size.update[0].cpu),
    _Cost("Search, warm p50 ms", lambda size: percentile(size.warm[1]["search"], 50)),
    _Cost("Answer, warm p50 ms", lambda size: percentile(size.warm[1]["ask"], 50)),
    _Cost("Answer, cold CPU s", lambda size: middle(run.cpu for run in size.cold)),
    _Cost("Answer, cold peak MB", lambda size: middle(run.peak for run in size.cold)),
)


def measure(sizes: Sequence[int] = TURNS, plot: Path | None = None) -> None:
    """Print every cost at every size with its exponent; draw them to `plot`, an SVG file."""
    found = [scale.measured(turns) for turns in sizes]
    values = {cost.name: [cost.of(size) for size in found] for cost in _COSTS}
    heading("Growth")
    note(
        "The law is that of a straight line through the logarithms; the last step tells what it is"
        " at the largest sizes, where what is there at every size weighs least."
    )
    table(
        ("Cost", *(f"{turns:,} turns" for turns in sizes), "Grows as", "Last step"),
        [
            (name, *(f"{value:.3g}" for value in row), f"n^{slope(sizes, row):.2f}",
             f"n^{slope(sizes[-2:], row[-2:]):.2f}")
            for name, row in values.items()
        ],
    )  # fmt: skip
    recalls = ", ".join(_recall(size.build[1]["recall"]) for size in found)
    note(f"Recall@10 of the nearest passages against exact search, by size: {recalls}.")
    if plot is not None:
        _draw(sizes, values, plot)


def _recall(share: float | None) -> str:
    return "exact" if share is None else f"{share:.3f}"


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the exponent of the power law that fits best, by least squares of logarithms."""
    from statistics import linear_regression

    return linear_regression([*map(math.log, sizes)], [*map(math.log, values)]).slope


def _draw(sizes: Sequence[int], values: dict[str, list[float]], plot: Path) -> None:
    """Draw each cost against the size, both as logarithms, in a panel of its own."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams |= {"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 9}
    columns = 4
    rows = -(-len(values) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(12, 2.8 * rows), squeeze=False)
    for axis, (name, row) in zip(axes.flat, values.items(), strict=False):
        axis.loglog(sizes, row, marker="o", color="#1f6f8b")
        axis.set_title(f"{name}: n^{slope(sizes, row):.2f}", fontsize=9)
        axis.set_ylim(min(row) / 3, max(row) * 3)
        axis.grid(alpha=0.3)
    for axis in axes[-1]:
        axis.set_xlabel("turns")
    figure.tight_layout()
    figure.savefig(plot, metadata={"Date": None})
