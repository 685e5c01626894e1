"""What all benchmarks share: whole processes measured from outside, figures shown as tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: children start here, so that `-m rag` is the code beside `bench/`."""

_PEAK_UNIT = 1 << 20 if sys.platform == "darwin" else 1 << 10  # of ru_maxrss, in megabytes


@dataclass(frozen=True, slots=True)
class Run:
    """One process from start to end: seconds of wall clock and of CPU, peak memory in MB."""

    wall: float
    cpu: float
    peak: float
    output: str
    errors: str


def run(
    command: Sequence[str], accept: Iterable[int] = (0,), given: Mapping[str, str] | None = None
) -> Run:
    """Run a command to its end and measure it with all its threads and children.

    Of the variables that steer us or a language model it sees those in `given` only.

    A child's peak cannot be read below its parent's (the kernel keeps the maximum over `exec`), so
    whoever measures memory must not import anything heavy first.

    Raises:
        SystemExit: when its exit code is not one of `accept`, with what it said.
    """
    ours = ("RAG_", "OPENAI_")
    environment = {key: text for key, text in os.environ.items() if not key.startswith(ours)}
    environment |= given or {}
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait again
        output.seek(0)
        errors.seek(0)
        said, warned = output.read().decode(), errors.read().decode(errors="replace")
    if process.returncode not in accept:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{warned}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _PEAK_UNIT, said, warned)


def python(*arguments: str) -> list[str]:
    """Return the command that starts this interpreter with `arguments`."""
    return [sys.executable, *arguments]


def rag(*arguments: str) -> list[str]:
    """Return the command that starts `rag` with `arguments`."""
    return python("-m", "rag", *arguments)


def job(name: str, **arguments: str | int) -> tuple[Run, dict[str, Any]]:
    """Run a function of `bench/jobs.py` in a process of its own; return its figures, too."""
    done = run(python("-m", "bench.jobs", name, json.dumps(arguments)))
    return done, json.loads(done.output)


def middle(values: Iterable[float]) -> float:
    """Return the median; `statistics` would weigh on the memory of whoever is measured next."""
    return percentile(values, 50)


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table, numbers to the right; floats are shown as they are, so round them."""
    filled = [[str(cell) for cell in row] for row in rows]
    right = [all(row[column][:1] in "0123456789+-−–" for row in filled) and bool(filled)
             for column in range(len(headings))]  # fmt: skip
    print(_row(headings))
    print(_row("--:" if numeric else "---" for numeric in right))
    for row in filled:
        print(_row(row))
    print(flush=True)


def heading(text: str) -> None:
    """Print the heading of a benchmark or of one of its tables."""
    print(f"## {text}\n", flush=True)


def note(text: str) -> None:
    """Print a sentence that belongs to the result, such as what was left out."""
    print(f"{text}\n", flush=True)


def progress(text: str) -> None:
    """Tell whoever waits what is being done; stdout stays pure Markdown."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
