"""What a sweep found: which configurations nothing beats, as a table and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.errors import UsageError, safe
from rag.evaluate import chance
from rag.evaluate.sweeps import BY, REFUSALS, Outcome

_ALIKE = 1.5  # processor times within a half are the same: so far they differ when repeated
_LESS_IS_BETTER = ("false refusals",)


def measure_of(found: Sequence[Outcome], by: str | None) -> str:
    """Return the measure to order by.

    Raises:
        UsageError: when there is none of that name.
    """
    names = _names(found)
    if by is None:
        by = "recall@k" if "k" in found[0].configuration.values else BY
    if by not in names:
        raise UsageError(f"--by is {by!r}", f"measured: {', '.join(names) or 'nothing'}")
    return by


def _names(found: Sequence[Outcome]) -> list[str]:
    """Return the measures that every configuration has."""
    return [name for name in found[0].measures if all(name in one.measures for one in found)]


def front(found: Sequence[Outcome], by: str) -> list[bool]:
    """Tell of every outcome whether it is on the Pareto front: no other is better or cheaper.

    One beats another when it is nowhere worse and somewhere better: in the measure (the mean of the
    sets), in processor time by a half, in the size of the index; and in what is refused, rightly
    and wrongly, where a threshold of refusals is swept.
    """
    measured = _names(found)
    refusals = ("refusal recall", "false refusals")
    swept = set(REFUSALS) & set(found[0].configuration.values)
    names = [by, *(name for name in refusals if swept and name in measured and name != by)]
    return [not any(_beats(other, one, names) for other in found) for one in found]


def _beats(one: Outcome, other: Outcome, names: Sequence[str]) -> bool:
    mine, yours = ([_worth(x, name) for name in names] + [-x.size] for x in (one, other))
    if any(a < b for a, b in zip(mine, yours, strict=True)) or one.cpu > other.cpu * _ALIKE:
        return False
    return mine != yours or one.cpu * _ALIKE < other.cpu


def _worth(one: Outcome, by: str) -> float:
    value = one.mean_of_sets(by)
    return -value if by in _LESS_IS_BETTER else value


def best(found: Sequence[Outcome], by: str) -> Outcome:
    """Return the best by a measure; of equals the fastest."""
    return max(found, key=lambda one: (_worth(one, by), -one.cpu))


def table(found: Sequence[Outcome], by: str) -> str:
    """Show a sweep: a line a configuration, best first, those on the Pareto front marked."""
    marked = dict(zip(map(id, found), front(found, by), strict=True))
    leader = best(found, by)
    swept = list(found[0].configuration.values)
    names = [name for name in _names(found) if name != "refusal precision"]
    sets = list(leader.by_set(by))
    several = sets if len(sets) > 1 else []
    rows = [["", *swept, *names, *several, f"{by} to the best", "CPU ms", "index MB"]]
    for one in sorted(found, key=lambda one: (-_worth(one, by), one.cpu)):
        by_set = one.by_set(by)
        rows.append([
            "*" if marked[id(one)] else "",
            *(str(value) for value in one.configuration.values.values()),
            *(_cell(one, name) for name in names),
            *(f"{100 * by_set[name]:.1f}" for name in several),
            "best" if one is leader else _apart(one, leader, by),
            f"{one.cpu:.2f}",
            f"{one.size / 1e6:.2f}",
        ])  # fmt: skip
    over = "its mean over the sets" if several else by
    lines = [f"{len(found)} configurations, by {by}; per cent with 95 % intervals", *_aligned(rows)]
    lines.append(f"* on the Pareto front: none better in {over} is as cheap (CPU within a half,"
                 " size of the index)")  # fmt: skip
    return safe("\n".join(lines))


def values(found: Sequence[Outcome], by: str) -> dict[str, object]:
    """Return a sweep as plain values, in the order in which it was run."""
    leader = best(found, by)
    marked = front(found, by)
    items = [_plain(one, on, leader, by) for one, on in zip(found, marked, strict=True)]
    swept = list(found[0].configuration.values)
    return {"by": by, "swept": swept, "configurations": items}


def _plain(one: Outcome, on_front: bool, leader: Outcome, by: str) -> dict[str, object]:
    difference, low, high = _difference(one, leader, by)
    measures: dict[str, Mapping[str, float]] = {}
    for name, found in one.measures.items():
        ends = chance.interval(list(found.values()))
        mean = chance.mean(list(found.values()))
        measures[name] = {"mean": mean, "low": ends[0], "high": ends[1], "n": len(found)}
    return {
        "values": dict(one.configuration.values),
        "measures": measures,
        "sets": one.by_set(by),
        "to_best": {"difference": difference, "low": low, "high": high},
        "cpu_ms": round(one.cpu, 4),
        "index_bytes": one.size,
        "seconds": one.seconds,
        "front": on_front,
    }


def _cell(one: Outcome, name: str) -> str:
    found = list(one.measures[name].values())
    low, high = chance.interval(found)
    return f"{100 * chance.mean(found):.1f} ({100 * low:.0f}–{100 * high:.0f})"


def _apart(one: Outcome, leader: Outcome, by: str) -> str:
    difference, low, high = (100 * value for value in _difference(one, leader, by))
    return f"{difference:+.1f} ({low:+.1f} to {high:+.1f})"


def _difference(one: Outcome, leader: Outcome, by: str) -> tuple[float, float, float]:
    """Return how far one is from another, question by question, with its interval."""
    mine, theirs = one.measures[by], leader.measures[by]
    changes = [value - theirs[key] for key, value in mine.items() if key in theirs]
    return (chance.mean(changes), *chance.interval(changes)) if changes else (0.0, 0.0, 0.0)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
