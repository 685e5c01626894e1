"""`rag eval --sweep`: every combination of some settings, what each is worth and costs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.inputs import one_thread
from rag.cli.terminal import progress_bar, say
from rag.errors import UsageError, safe

if TYPE_CHECKING:
    from rag.evaluate import Plan
    from rag.evaluate.sweeps import Configuration, Outcome
    from rag.settings import Settings


def sweep(
    plan: Plan, chosen: Settings, specs: list[str], by: str | None, out: Path | None, json: bool
) -> None:
    """Run a sweep and print its table, or its values as JSON; `out` keeps the values."""
    one_thread()
    from rag import views
    from rag.evaluate import sweeps, sweeptable

    plan.check()
    found = _outcomes(sweeps.configurations(plan, chosen, sweeps.read(specs)))
    measure = sweeptable.measure_of(found, by)
    text = views.to_json(sweeptable.values(found, measure)) if json or out else ""
    if out is not None:
        _write(out, text)
    print(text if json else sweeptable.table(found, measure))


def _outcomes(configurations: list[Configuration]) -> list[Outcome]:
    """Run all, with a line on stderr for each."""
    from rag import llm
    from rag.evaluate import sweeps

    asked = configurations[0].plan.answers
    found = []
    with progress_bar() as progress:
        runs = sweeps.sweep(
            configurations,
            lambda chosen: llm.load(chosen, os.environ) if asked else None,
            progress,
        )
        for number, outcome in enumerate(runs, 1):
            found.append(outcome)
            done = f"{number} of {len(configurations)}"
            say(safe(f"rag: {done}: {outcome.configuration} ({outcome.seconds:.1f} s)"))
    return found


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "name a writable file") from error
