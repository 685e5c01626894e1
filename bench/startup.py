"""Cold start: what the interpreter, `rag --help`, `rag search` and `rag ask` cost as processes."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from bench.measure import Run, heading, job, middle, note, progress, python, rag, run, table

QUESTION = "年轻人是怎么用 ChatGPT 的？"
TARGETS = {"rag --help": 0.25, "rag search": 0.6, "rag ask": 0.6}
"""CPU seconds, set on a machine on which the bare interpreter takes `TARGET_INTERPRETER`."""
TARGET_INTERPRETER = 0.05

_INTERPRETER = "python -c pass"
_ANSWERED = (0, 1)  # a refusal is an answer, too
_IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
_IMPORTS_SHOWN = 10


def measure(runs: int) -> None:
    """Print both tables: whole commands, and where the time of `rag ask` goes."""
    with tempfile.TemporaryDirectory() as temporary:
        index = str(Path(temporary) / "index")
        progress("startup: building a small index")
        job("build", sources="corpus", index=index)
        commands = {
            _INTERPRETER: python("-c", "pass"),
            "rag --help": rag("--help"),
            "rag search": rag("search", QUESTION, "-i", index),
            "rag ask": rag("ask", QUESTION, "-i", index),
        }
        found = _interleaved(commands, runs)
        heading("Cold start")
        note(
            f"Whole processes, medians of {runs} runs taken by turns; nothing is kept warm. Targets"
            f" were set on a machine on which `{_INTERPRETER}` takes {TARGET_INTERPRETER} s of CPU."
        )
        _commands(found)
        progress("startup: where the time goes")
        _shares(index, found, runs)


def _interleaved(commands: dict[str, list[str]], runs: int) -> dict[str, list[Run]]:
    """Run the commands by turns, so that a slow minute of the machine falls on all of them."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(-1, runs):  # the first round fills caches and is not counted
        progress(f"startup: round {number + 1} of {runs}")
        for name, command in commands.items():
            done = run(command, accept=_ANSWERED)
            if number >= 0:
                found[name].append(done)
    return found


def _commands(found: dict[str, list[Run]]) -> None:
    interpreter = middle(run.cpu for run in found[_INTERPRETER])
    rows = []
    for name, runs in found.items():
        cpu = middle(run.cpu for run in runs)
        wall, peak = middle(run.wall for run in runs), middle(run.peak for run in runs)
        target = TARGETS.get(name)
        rows.append((
            f"`{name}`", f"{cpu:.3f}", f"{wall:.3f}", f"{peak:.0f}", f"{cpu / interpreter:.1f}",
            f"{target:.2f}" if target else "–",
            "–" if not target else "yes" if cpu <= target else "no",
        ))  # fmt: skip
    table(("Command", "CPU s", "Wall s", "Peak MB", "× interpreter", "Target CPU s", "Met"), rows)


def _shares(index: str, found: dict[str, list[Run]], runs: int) -> None:
    imports = sorted(_imports(index, runs).items(), key=lambda item: -item[1])
    shown, others = imports[:_IMPORTS_SHOWN], imports[_IMPORTS_SHOWN:]
    taken = [job("stages", index=index, question=QUESTION)[1] for _ in range(runs)]
    total = min(run.cpu for run in found["rag ask"])
    rows = [
        ("interpreter", min(run.cpu for run in found[_INTERPRETER])),
        *((f"import `{name}`", seconds) for name, seconds in shown),
        (f"import {len(others)} other packages", sum(seconds for _, seconds in others)),
        *((name, min(once[name] for once in taken)) for name in taken[0]),
    ]
    rest = total - sum(seconds for _, seconds in rows)
    heading("Where the time of `rag ask` goes")
    note("CPU, each the least of all runs. Imports by top package; the steps import nothing.")
    table(
        ("Part", "ms", "Share %"),
        [
            (name, f"{seconds * 1000:.1f}", f"{seconds / total * 100:.0f}")
            for name, seconds in (*rows, ("rest, and error of the above", rest), ("all", total))
        ],
    )


def _imports(index: str, runs: int) -> dict[str, float]:
    """Return the CPU seconds that the modules of each top package take, without their imports."""
    command = python("-X", "importtime", "-m", "rag", "ask", QUESTION, "-i", index)
    logs = [by_package(run(command, accept=_ANSWERED)) for _ in range(runs)]
    least = min(logs, key=lambda log: sum(log.values()))
    own = by_package(run(python("-X", "importtime", "-c", "pass")))
    return {name: seconds - own.get(name, 0.0) for name, seconds in least.items()}


def by_package(done: Run) -> dict[str, float]:
    """Return the CPU seconds of the imports in a log of `-X importtime`, by top package."""
    # The log is in wall clock: what the process spent waiting is taken out in proportion.
    busy = min(1.0, done.cpu / done.wall)
    seconds: dict[str, float] = {}
    for microseconds, module in _IMPORT_LINE.findall(done.errors):
        package = module.split(".")[0]
        name = "the standard library" if package in sys.stdlib_module_names else package
        seconds[name] = seconds.get(name, 0.0) + int(microseconds) / 1e6 * busy
    return seconds
