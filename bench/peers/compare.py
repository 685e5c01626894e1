"""`python -m bench peers`: install, run by turns, show one table, keep all figures as JSON."""

from __future__ import annotations

import datetime
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.measure import ROOT, heading, note, progress, table
from bench.peers import environments, gold, measure, report
from bench.peers.environments import OURS, SYSTEMS
from bench.peers.measure import Material, Subject

TURNS = 10_000
KEPT = "peers.json"


def default_cache() -> Path:
    """Return where environments are kept: some seven gigabytes, so not in the checkout."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("rag-bench-peers", appauthor=False))


def compare(
    cache: Path | None, names: Sequence[str], turns: int, runs: int, checkout: Path = ROOT
) -> None:
    """Measure ourselves and the systems named, print the table, write `KEPT` to `cache`."""
    cache = cache.resolve() if cache else default_cache()
    wanted = [one for one in SYSTEMS if one.name == OURS or not names or one.name in names]
    folder = Path(tempfile.mkdtemp(prefix="peers-"))
    try:
        subjects = []
        for system in wanted:
            place = folder / system.name
            place.mkdir()
            subjects.append(Subject(system, environments.prepare(cache, system, checkout), place))
        given = measure.material(folder / "given", turns, runs, subjects[0].environment, cache)
        about = _about(subjects, turns, runs)
        measured = {one.system.name: one.samples for one in subjects}
        for _ in _rounds(subjects, given, runs):  # a run that is cut off leaves what it had
            (cache / KEPT).write_text(report.document(about, measured), encoding="utf-8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _show(about, measured)
    progress(f"peers: every figure is in {cache / KEPT}")


def _rounds(subjects: Sequence[Subject], given: Material, runs: int) -> Iterator[None]:
    """Go through the operations, each with all systems by turns: a slow minute falls on all."""
    said = measure.turns_of(subjects[0], given)
    lines = (ROOT / "corpus" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    asked = gold.questions([json.loads(line) for line in lines], said)
    for one in subjects:
        progress(f"peers: {one.system.title}: retrieval, a large index")
        measure.installed(one)
        measure.recall(one, given, asked, said)
        measure.build(one, given)
        measure.warm(one, given)
        measure.cold(one, given, "large", "cold_large")
        yield
    for number in range(runs):
        for one in subjects:
            progress(f"peers: round {number + 1} of {runs}: {one.system.title}")
            measure.cold(one, given, "corpus", "cold")
            measure.add(one, given, number)
            if number % 2 == 0:  # the longest of all: every other round
                measure.minilm(one, given, len(said))
            yield
    for one in subjects:
        progress(f"peers: with its default encoder: {one.system.title}")
        measure.default(one, given)
        yield


def _about(subjects: Sequence[Subject], turns: int, runs: int) -> dict[str, object]:
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.platform()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "command": f"python -m bench peers --rounds {runs} --turns {turns}",
        "turns": turns,
        "runs": runs,
        "titles": {one.system.name: one.system.title for one in subjects},
        "quickstarts": {one.system.name: one.system.quickstart for one in subjects},
        "pins": {one.system.name: one.system.packages for one in subjects},
        "source": subjects[0].environment.made_of[-1],
        "encoders": [*environments.TORCH, *environments.ENCODERS, environments.MINILM],
        "versions": {one.system.name: one.environment.versions for one in subjects},
    }


def _show(about: dict[str, object], measured: dict[str, report.Samples]) -> None:
    titles = about["titles"]
    assert isinstance(titles, dict)
    heading("Peers side by side")
    note(
        f"{about['date']}, {about['machine']}, Python {about['python']}; `{about['command']}`."
        " CPU and wall clock of whole processes, one thread each, medians with the least value in"
        " brackets where it differs."
        " The encoder is our static table in every system; MiniLM where it is named."
    )
    table(*report.cells(titles, measured, OURS))
