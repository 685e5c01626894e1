"""What we add around a language model: to the first word, to the last, and to a cold start.

The model is `tests/scripted.py` in a process of its own, which answers at once with a reply that
quotes what the passages say, so that all that is measured is the client, the wire and ourselves.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.answering import MODEL, PIECES
from bench.measure import (
    ROOT,
    Run,
    heading,
    job,
    middle,
    note,
    percentile,
    progress,
    python,
    rag,
    run,
    table,
)  # fmt: skip
from bench.startup import QUESTION, by_package

AIM = 15.0
"""Milliseconds that we may add to the time to the first word, everything warm."""
_SHOWN = 12
_IMPORTS = {
    "`import openai`": "import openai",
    "`rag.llm.lean.import_openai()`": "from rag.llm.lean import import_openai; import_openai()",
}


def measure(runs: int, answers: int) -> None:
    """Print the tables: `answers` warm ones, `runs` processes of each cold command."""
    with tempfile.TemporaryDirectory() as temporary:
        index = str(Path(temporary) / "index")
        progress("overhead: building a small index")
        job("build", sources="corpus", index=index)
        with _serving(_role("reply", index=index)["pieces"]) as url:
            progress(f"overhead: {answers} answers, warm")
            _warm(_role("warm", index=index, url=url, answers=answers))
            _cold(index, url, runs)


def _warm(figures: dict[str, list[float]]) -> None:
    heading("What `rag` adds to a language model")
    note(
        f"One process, warm; the two take turns, {len(figures['bare first'])} times each, with the"
        f" same prompt ({figures['prompt'][0]:,.0f} characters) against a server on this machine"
        f" that streams {PIECES} pieces at once. Milliseconds. The aim is {AIM:.0f} to the first"
        " piece."
    )
    rows = []
    for name, label in (("first", "To the first piece"), ("total", "To the last")):
        bare, ours = figures[f"bare {name}"], figures[f"rag {name}"]
        rows.append((
            label, *(f"{percentile(times, share):.1f}" for share in (50, 95)
                     for times in (bare, ours)),
            f"{middle(ours) - middle(bare):.1f}",
            f"{percentile((b - a for a, b in zip(bare, ours, strict=True)), 95):.1f}",
        ))  # fmt: skip
    table(
        ("", "`openai` p50", "`rag.stream` p50", "`openai` p95", "`rag.stream` p95", "Added p50",
         "Added p95"), rows,
    )  # fmt: skip
    stages = sorted(name for name in figures if name.startswith("stage "))
    note("What an answer says about its own time, p50 and p95:")
    table(
        ("Stage", "p50", "p95"),
        [
            (
                name.removeprefix("stage "),
                *(f"{percentile(figures[name], s):.2f}" for s in (50, 95)),
            )
            for name in stages
        ],
    )


def _cold(index: str, url: str, runs: int) -> None:
    without, with_model = "`rag ask`, no model", "`rag ask`, with a model"
    ask = rag("ask", QUESTION, "-i", index)
    found: dict[str, list[Run]] = {name: [] for name in (without, with_model, *_IMPORTS)}
    for number in range(-1, runs):  # the first round fills caches and is not counted
        progress(f"overhead: cold, round {number + 1} of {runs}")
        once = {without: _run(ask), with_model: _run(ask, url)}
        once |= {name: _run(python("-c", code)) for name, code in _IMPORTS.items()}
        if number >= 0:
            for name, done in once.items():
                found[name].append(done)
    heading("A cold `rag ask` with a language model")
    note(f"Whole processes, medians of {runs} runs taken by turns. Seconds.")
    table(
        ("Command", "CPU s", "Wall s", "Peak MB"),
        [
            (name, f"{middle(done.cpu for done in times):.3f}",
             f"{middle(done.wall for done in times):.3f}",
             f"{middle(done.peak for done in times):.0f}")
            for name, times in found.items()
        ],
    )  # fmt: skip
    progress("overhead: where the time goes")
    _steps(index, url, runs)
    _imports(ask, url, runs)


def _steps(index: str, url: str, runs: int) -> None:
    """Print what each step costs in a process that goes through all of them for the first time."""
    taken = [_role("steps", index=index, url=url) for _ in range(runs)]
    note(
        "Its steps, each for the first time in its process, and the least of all runs; the last but"
        f" one is a reply of {PIECES} pieces to a bare prompt, which no answer needs."
    )
    rows = [(name, min(once[name] for once in taken)) for name in taken[0]]
    table(("Step", "ms of CPU"), [(name, f"{seconds * 1000:.0f}") for name, seconds in rows])


def _imports(ask: list[str], url: str, runs: int) -> None:
    """Print what is imported with a model and not without, by package."""
    command = [ask[0], "-X", "importtime", *ask[1:]]
    bare = _least(by_package(_run(command)) for _ in range(runs))
    full = _least(by_package(_run(command, url)) for _ in range(runs))
    added = sorted(
        ((full[name] - bare.get(name, 0.0), name) for name in full), reverse=True
    )  # fmt: skip
    note("What is imported more with a model, in milliseconds of CPU, the run with the least.")
    rows = [(f"`{name}`", f"{seconds * 1000:.1f}") for seconds, name in added[:_SHOWN]]
    others = sum(seconds for seconds, _ in added[_SHOWN:])
    table(
        ("Package", "ms"),
        [*rows, ("others", f"{others * 1000:.1f}"),
         ("all", f"{(sum(full.values()) - sum(bare.values())) * 1000:.1f}")],
    )  # fmt: skip


def _least(logs: Iterable[dict[str, float]]) -> dict[str, float]:
    return min(logs, key=lambda log: sum(log.values()))


def _run(command: Sequence[str], url: str = "") -> Run:
    """Run a command, with a language model at `url`."""
    given = {"OPENAI_BASE_URL": url, "RAG_MODEL": MODEL} if url else {}
    return run(command, accept=(0, 1), given=given)


@contextlib.contextmanager
def _serving(pieces: list[str]) -> Iterator[str]:
    """Run the server that says `pieces` to whatever it is asked; give its address."""
    process = subprocess.Popen(
        python("-m", "bench.answering", "serve", json.dumps({"pieces": pieces})),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _role(name: str, **arguments: str | int) -> dict[str, Any]:
    done = run(python("-m", "bench.answering", name, json.dumps(arguments)))
    figures: dict[str, Any] = json.loads(done.output)
    return figures
