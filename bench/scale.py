"""Size: building, asking and updating indexes of 10,000 and 100,000 synthetic turns."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import Run, heading, job, middle, note, percentile, progress, rag, run, table

TURNS = (10_000, 100_000)
QUESTIONS = 120
COLD_RUNS = 3

_COLD_QUESTION = "Why did the price change?"
_ADDED = "\n\n{speaker}: One more thing that was not in this file before, about a lighthouse.\n"


@dataclass(frozen=True, slots=True)
class Size:
    """All that was measured at one size."""

    turns: int
    build: tuple[Run, dict[str, Any]]
    warm: tuple[Run, dict[str, Any]]
    cold: list[Run]
    update: tuple[Run, dict[str, Any]]


def measure(sizes: tuple[int, ...] = TURNS) -> None:
    """Print what building, asking and updating take at each size."""
    found = [measured(turns) for turns in sizes]
    heading("Building an index")
    note("Synthetic interviews, half Chinese, half English; whole process from nothing.")
    table(
        ("Turns", "Files", "Passages", "Wall s", "CPU s", "Turns/s", "Passages/s", "Peak MB",
         "Index MB"),
        [_build_row(size) for size in found],
    )  # fmt: skip
    heading("Asking")
    note(
        f"Warm: {QUESTIONS} questions in one process, ms of wall clock; asking includes the search."
        f" Cold: `rag ask` as a process, median of {COLD_RUNS}."
    )
    table(
        ("Turns", "Search p50 ms", "p95", "Ask p50 ms", "p95", "Warm peak MB", "Cold CPU s",
         "Cold wall s", "Cold peak MB"),
        [_query_row(size) for size in found],
    )  # fmt: skip
    heading("Updating after one file changed")
    table(
        ("Turns", "Wall s", "CPU s", "Embedded", "Reused", "Peak MB"),
        [_update_row(size) for size in found],
    )


def measured(turns: int) -> Size:
    """Measure one size, each step in a process of its own, so that each peak is its own."""
    with tempfile.TemporaryDirectory() as temporary:
        sources, index = str(Path(temporary) / "transcripts"), str(Path(temporary) / "index")
        progress(f"scale: writing {turns} turns")
        job("synthesize", folder=sources, turns=turns)
        progress("scale: building")
        build = job("build", sources=sources, index=index)
        if build[1]["turns"] != turns:
            raise SystemExit(f"{build[1]['turns']} turns were read of {turns} written")
        progress("scale: asking")
        warm = job("query", index=index, count=QUESTIONS)
        cold = [run(rag("ask", _COLD_QUESTION, "-i", index), (0, 1)) for _ in range(COLD_RUNS)]
        progress("scale: updating")
        _change(sorted(Path(sources).iterdir())[0])
        update = job("build", sources=sources, index=index)
    return Size(turns, build, warm, cold, update)


def _change(path: Path) -> None:
    """Let the last speaker of a file add something."""
    text = path.read_text(encoding="utf-8").rstrip("\n")
    speaker = text.rsplit("\n", 1)[-1].replace("：", ":").split(":")[0]
    path.write_text(text + _ADDED.format(speaker=speaker), encoding="utf-8")


def _build_row(size: Size) -> tuple[object, ...]:
    done, report = size.build
    return (
        f"{size.turns:,}", report["transcripts"], f"{report['passages']:,}", f"{done.wall:.1f}",
        f"{done.cpu:.1f}", f"{size.turns / done.wall:,.0f}",
        f"{report['passages'] / done.wall:,.0f}", f"{done.peak:.0f}", f"{report['megabytes']:.1f}",
    )  # fmt: skip


def _query_row(size: Size) -> tuple[object, ...]:
    done, taken = size.warm
    return (
        f"{size.turns:,}",
        *(f"{percentile(taken[name], at):.1f}" for name in ("search", "ask") for at in (50, 95)),
        f"{done.peak:.0f}",
        f"{middle(run.cpu for run in size.cold):.2f}",
        f"{middle(run.wall for run in size.cold):.2f}",
        f"{middle(run.peak for run in size.cold):.0f}",
    )


def _update_row(size: Size) -> tuple[object, ...]:
    done, report = size.update
    return (
        f"{size.turns:,}", f"{done.wall:.1f}", f"{done.cpu:.1f}", f"{report['embedded']:,}",
        f"{report['reused']:,}", f"{done.peak:.0f}",
    )  # fmt: skip
