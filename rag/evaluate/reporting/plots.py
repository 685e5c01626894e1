"""The kinds of plots of a report: estimates with intervals, curves, two distributions, counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.evaluate.reporting.drawing import WIDTH, Drawing, Point

_LEFT = 132  # of the names of rows
_COLUMNS = 19  # that fit there
_RIGHT = WIDTH - 12
_ROW = 19
_BINS = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, as a row of a plot; `n` is how many questions it is of."""

    name: str
    value: float
    low: float
    high: float
    n: int = 0
    group: str = ""
    kind: str = "first"
    shape: str = "circle"


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a plot of curves: values and intervals over the same places as the others."""

    name: str
    values: Sequence[tuple[float, float, float]]
    kind: str
    shape: str


def estimates(
    title: str, rows: Sequence[Estimate], ends: tuple[float, float], reference: float | None = None
) -> str:
    """Draw rows of estimates, those of one name in one row; `ends` bounds the axis, in per cent.

    A change of group starts with its name. `reference` is drawn through all rows.
    """
    lines = _lines(rows)
    most = max((len(line) for line in lines if isinstance(line, list)), default=1)
    heights = [_ROW + (0 if isinstance(line, str) else 7 * (most - 1)) for line in lines]
    drawing = Drawing(title, sum(heights) + 30)
    across = _axis(drawing, ends, sum(heights) + 8)
    if reference is not None:
        x = across(reference)
        drawing.line((x, 4), (x, sum(heights) + 8), "reference")
    top = 4.0
    for line, height in zip(lines, heights, strict=True):
        y = top + height / 2
        if isinstance(line, str):
            drawing.text((2, y + 4), line, "group")
        else:
            drawing.fitted((_LEFT, y + 4), line[0].name, _COLUMNS)
            drawing.text((WIDTH - 2, y + 4), str(line[0].n), "quiet", "end")
            _beside(drawing, line, y, across)
        top += height
    return str(drawing)


def _axis(drawing: Drawing, ends: tuple[float, float], bottom: float) -> Callable[[float], float]:
    """Draw an axis with its grid; return where on it a value stands."""
    low, high = ends
    right = _RIGHT - 32  # beside it stands how many questions there are

    def across(value: float) -> float:
        share = (100 * value - low) / (high - low)
        return _LEFT + 8 + min(1.0, max(0.0, share)) * (right - _LEFT - 8)

    for tick in _ticks(low, high):
        x = across(tick / 100)
        drawing.line((x, 4), (x, bottom), "grid")
        drawing.text((x, bottom + 15), f"{tick:g}", "quiet", "middle")
    return across


def _beside(
    drawing: Drawing, line: Sequence[Estimate], y: float, across: Callable[[float], float]
) -> None:
    """Draw the estimates of one row, a little apart."""
    for number, row in enumerate(line):
        at = y + (number - (len(line) - 1) / 2) * 8
        tip = f"{row.name}: {_percent(row.value)} ({_percent(row.low)} to {_percent(row.high)})"
        tip += f", n = {row.n}" if row.n else ""
        drawing.line((across(row.low), at), (across(row.high), at), f"interval {row.kind}")
        drawing.mark((across(row.value), at), row.kind, row.shape, tip)


def _lines(rows: Sequence[Estimate]) -> list[str | list[Estimate]]:
    """Return headings and rows, one after the other."""
    found: list[str | list[Estimate]] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            found.append(group)
        last = found[-1] if found else ""
        if isinstance(last, list) and last[0].name == row.name:
            last.append(row)
        else:
            found.append([row])
    return found


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers from `low` to `high`, some five of them."""
    step = next(s for s in (1, 2, 5, 10, 20, 25, 50, 100, 200) if (high - low) / s <= 6 or s == 200)
    return [float(step * n) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


class Grid:
    """Axes from 0 to 100 per cent upwards, and what `x` names across."""

    def __init__(self, title: str, below: str, ends: tuple[float, float]) -> None:
        self.drawing = Drawing(title, 232)
        self._ends = ends
        for share in (0, 0.25, 0.5, 0.75, 1):
            _, y = self.at(ends[0], share)
            self.drawing.line((38, y), (_RIGHT, y), "grid")
            self.drawing.text((33, y + 4), f"{100 * share:g}", "quiet", "end")
        self.drawing.text(((38 + _RIGHT) / 2, 227), below, "quiet", "middle")

    def at(self, x: float, share: float) -> Point:
        """Return where a value stands."""
        low, high = self._ends
        part = 0.5 if low == high else (x - low) / (high - low)
        return 46 + part * (_RIGHT - 54), 190 - 178 * share

    def tick(self, x: float, words: str) -> None:
        """Name a place across."""
        self.drawing.text((self.at(x, 0)[0], 208), words, "quiet", "middle")

    def threshold(self, x: float) -> None:
        """Draw a line upwards."""
        self.drawing.line(self.at(x, 0), self.at(x, 1), "threshold")


def curves(title: str, below: str, places: Sequence[int], series: Sequence[Series]) -> str:
    """Draw values with their intervals as bands over `places`, spread evenly."""
    grid = Grid(title, below, (0, len(places) - 1))
    for number, place in enumerate(places):
        grid.tick(number, str(place))
    for one in series:
        upper = [grid.at(n, high) for n, (_, _, high) in enumerate(one.values)]
        lower = [grid.at(n, low) for n, (_, low, _) in enumerate(one.values)]
        grid.drawing.path([*upper, *reversed(lower)], f"band {one.kind}")
    for one in series:
        line = [grid.at(n, value) for n, (value, _, _) in enumerate(one.values)]
        grid.drawing.path(line, f"curve {one.kind}")
        for place, point, (value, low, high) in zip(places, line, one.values, strict=True):
            tip = f"{one.name} {place}: {_percent(value)} ({_percent(low)} to {_percent(high)})"
            grid.drawing.mark(point, one.kind, one.shape, tip)
    return str(grid.drawing)


def trade(title: str, below: str, series: Sequence[tuple[str, str, list[Point]]], at: float) -> str:
    """Draw shares that rise with a threshold, and the one in force."""
    grid = Grid(title, below, (0, 1))
    for tick in (0, 0.25, 0.5, 0.75, 1):
        grid.tick(tick, f"{tick:g}")
    for _, kind, points in series:
        grid.drawing.path([grid.at(x, y) for x, y in points], f"curve {kind}")
    grid.threshold(at)
    return str(grid.drawing)


def distributions(title: str, up: Sequence[float], down: Sequence[float], at: float) -> str:
    """Draw how values from 0 to 1 are spread, of one kind upwards and of another downwards."""
    drawing = Drawing(title, 232)
    parts = (_shares(up), _shares(down))
    most = max((*parts[0], *parts[1], 0.01))
    sides = ((-1, "first", parts[0], up), (1, "second", parts[1], down))
    width = (_RIGHT - 16) / _BINS
    for sign, kind, shares, values in sides:
        for number, share in enumerate(shares):
            height = 90 * share / most
            count = round(share * len(values))
            tip = f"{number / _BINS:g} to {(number + 1) / _BINS:g}: {count} of {len(values)}"
            corner = (16 + number * width + 0.5, 102 - height if sign < 0 else 102)
            if share:
                drawing.rectangle(corner, (width - 1, height), kind, tip)
    drawing.line((16, 102), (_RIGHT, 102), "axis")
    x = 16 + at * (_RIGHT - 16)
    drawing.line((x, 4), (x, 196), "threshold")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        drawing.text((16 + tick * (_RIGHT - 16), 210), f"{tick:g}", "quiet", "middle")
    drawing.text(((16 + _RIGHT) / 2, 228), "chance of an answer", "quiet", "middle")
    return str(drawing)


def _shares(values: Sequence[float]) -> list[float]:
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, max(0, int(value * _BINS)))] += 1
    return [count / len(values) if values else 0.0 for count in counts]


def bars(title: str, rows: Sequence[tuple[str, int, str]]) -> str:
    """Draw counts as bars with their names over them; each row says its kind, too."""
    height = 34
    drawing = Drawing(title, height * len(rows) + 4)
    most = max([count for _, count, _ in rows] + [1])
    for number, (name, count, kind) in enumerate(rows):
        y = height * number
        drawing.text((2, y + 13), name)
        drawing.rectangle((2, y + 18), (max(1, (WIDTH - 50) * count / most), 11), kind)
        drawing.text((8 + (WIDTH - 50) * count / most, y + 28), str(count), "quiet")
    return str(drawing)
