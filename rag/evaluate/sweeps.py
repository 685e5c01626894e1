"""Sweeps: every combination of some settings is one run; what each is worth, and what it costs."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields, replace
from math import prod
from pathlib import Path

from rag import embedder, store
from rag.errors import UsageError
from rag.evaluate import chance, suites, work
from rag.evaluate.building import Shelf
from rag.evaluate.measures import shown
from rag.evaluate.runs import Result, Run
from rag.evaluate.suites import Setup
from rag.evaluate.work import Plan
from rag.settings import Settings, Value
from rag.store import Progress
from rag.types import Chat

MOST = 100
"""Configurations of one sweep."""
BY = "mrr@10"
"""The measure that configurations are ordered by, unless another is named or k is swept."""
REBUILT = ("encoder", "passage_tokens")
"""Settings that are built into an index."""
REFUSALS = ("refuse_below", "model_refuse_below")
_NOT_SWEPT = ("index", "model_timeout", "model_retries", "price_input", "price_output")
_KINDS: Mapping[type, str] = {int: "a whole number", float: "a number", str: "a text"}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Configuration:
    """One combination of values: `values` as they were swept, `plan` and `settings` with them."""

    values: Mapping[str, Value]
    plan: Plan
    settings: Settings

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.values.items())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one configuration gave.

    `measures` are values of questions; `cpu` the median of the milliseconds of processor time that
    ranking a question took, `size` bytes of all indexes, `seconds` what the whole run took.
    """

    configuration: Configuration
    measures: Mapping[str, Mapping[Key, float]]
    cpu: float
    size: int
    seconds: float

    def mean_of_sets(self, name: str) -> float:
        """Return the mean of a measure in which every set counts the same."""
        return chance.mean(list(self.by_set(name).values()))

    def by_set(self, name: str) -> dict[str, float]:
        """Return the mean of a measure in every set that has it."""
        found: dict[str, list[float]] = {}
        for (suite, _), value in self.measures[name].items():
            found.setdefault(suite, []).append(value)
        return {suite: chance.mean(values) for suite, values in found.items()}


def read(specs: Sequence[str]) -> dict[str, tuple[Value, ...]]:
    """Read `name=value,value,…` for every setting to be swept.

    Raises:
        UsageError: for an unknown name, a value of the wrong kind, or one that nothing is swept by.
    """
    named = [field.name for field in fields(Settings) if field.name not in _NOT_SWEPT]
    kinds: dict[str, type] = {
        "legs": str,
        **{name: type(getattr(Settings(), name)) for name in named},
    }
    swept: dict[str, tuple[Value, ...]] = {}
    for spec in specs:
        name, _, listed = spec.partition("=")
        name = name.strip().replace("-", "_")
        if name not in kinds:
            raise UsageError(f"--sweep {spec}: nothing is called {name!r}", ", ".join(kinds))
        if name in swept:
            raise UsageError(f"--sweep {spec}: {name} again", "write all its values in one")
        texts = [text.strip() for text in listed.split(",")]
        if not all(texts):
            raise UsageError(f"--sweep {spec}: a value is missing", f"write {name}=value,value")
        swept[name] = tuple(dict.fromkeys(_value(spec, text, kinds[name]) for text in texts))
    return swept


def _value(spec: str, text: str, kind: type) -> Value:
    try:
        converted: Value = kind(text)
    except ValueError:
        raise UsageError(f"--sweep {spec}: {text!r} is not {_KINDS[kind]}", "correct it") from None
    return converted


def configurations(
    plan: Plan, chosen: Settings, swept: Mapping[str, Sequence[Value]]
) -> list[Configuration]:
    """Return every combination, the last setting changing fastest.

    Raises:
        UsageError: when there are too many, when one cannot be, or when an index that is not ours
            would have to be another one.
    """
    total = prod(len(values) for values in swept.values())
    if total > MOST:
        sizes = " × ".join(str(len(values)) for values in swept.values())
        raise UsageError(
            f"--sweep: {sizes} = {total} configurations, more than {MOST}",
            "sweep fewer values, or one setting after the other",
        )
    if built := [name for name in REBUILT if len(swept.get(name, ())) > 0]:
        _check_ours(plan, built[0])
    found = []
    for values in itertools.product(*swept.values()):
        these = dict(zip(swept, values, strict=True))
        ours = {name: value for name, value in these.items() if name in ("k", "legs")}
        theirs = {name: value for name, value in these.items() if name != "legs"}
        one = replace(plan, **ours)  # type: ignore[arg-type]  # `read` saw to their kinds
        one.check()
        found.append(Configuration(these, one, replace(chosen, **theirs)))  # type: ignore[arg-type]
    return found


def _check_ours(plan: Plan, name: str) -> None:
    """Complain when cases are asked of the user's own index, which a sweep must not rebuild."""
    forms = ("qrels.tsv", "gold_spans.jsonl")
    files = [path for path in plan.cases if path.is_file() and path.name not in forms]
    if files or (plan.itself and not plan.cases):
        what = files[0] if files else "--self"
        raise UsageError(
            f"--sweep {name}: {what} is asked of an index that is there already",
            "give a folder of transcripts, with cases.jsonl among them or with --self",
        )


def sweep(
    found: Sequence[Configuration],
    model: Callable[[Settings], Chat | None] = lambda _: None,
    progress: Progress = store.silent,
) -> Iterator[Outcome]:
    """Run every configuration, one after the other; those that need the same index share it.

    Raises:
        RagError: as `rag.evaluate.run`.
    """
    sizes: dict[tuple[Value, ...], int] = {}
    with _cache(found[0].plan) as cache:
        for one in found:
            plan = replace(one.plan, cache=cache)
            made_with = tuple(getattr(one.settings, name) for name in REBUILT)
            if made_with not in sizes:
                sizes[made_with] = _size(plan, one.settings)
            clock = _Clock(progress)
            run = work.run(plan, one.settings, model(one.settings), clock)
            values = _measures(run, "k" in one.values)
            yield Outcome(one, values, clock.median(), sizes[made_with], run.seconds)


@contextmanager
def _cache(plan: Plan) -> Iterator[Path]:
    """Yield the folder in which indexes are kept: the user's, or one for the sweep."""
    if plan.cache is not None:
        yield plan.cache
        return
    with tempfile.TemporaryDirectory(prefix="rag-sweep-", ignore_cleanup_errors=True) as place:
        yield Path(place)


def _size(plan: Plan, chosen: Settings) -> int:
    """Build the indexes of all sets, or find them built, and return their bytes."""
    total = 0
    with closing(Shelf(plan.cache)) as shelf:
        setup = Setup(chosen, embedder.load(chosen.encoder), None, shelf, plan.within)
        for path in plan.cases or (None,):
            if plan.itself or path is None:
                suite = suites.of_itself(path, setup)
            else:
                suite = suites.load(path, setup)
            total += sum(int(f["bytes"]) for f in suite.rag.store.manifest.files.values())
    return total


def _measures(run: Run, swept_k: bool) -> dict[str, dict[Key, float]]:
    """Return the values of every measure; where k is swept, its measures share a name."""
    names = {name for result in run.results for name in result.measures}
    found: dict[str, dict[Key, float]] = {}
    for measure in shown(names, run.k):
        found[measure.name] = _values(run.results, measure.name)
    for name in ("hit", "recall") if swept_k else ():
        of_k = found.get(f"{name}@{run.k}", {})
        if f"{name}@{run.k}" not in ("hit@1", "hit@5"):
            found.pop(f"{name}@{run.k}", None)
        if of_k:
            found[f"{name}@k"] = of_k
    return found


def _values(results: Sequence[Result], name: str) -> dict[Key, float]:
    return {r.key: r.measures[name] for r in results if name in r.measures}


class _Clock:
    """Progress that is passed on, and processor time from one question to the next.

    Not wall time, which tells what else the machine does. The first question of a set is left out:
    it pays for what is loaded once.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = 0.0
        self._spent: list[float] = []

    def __call__(self, what: str, done: int, total: int) -> None:
        if what.startswith("ranking "):
            now = time.process_time()
            if done > min(1, total - 1):
                self._spent.append(now - self._last)
            self._last = now
        self._progress(what, done, total)

    def median(self) -> float:
        """Return the milliseconds that half of the questions took at most."""
        return 1000 * chance.quantile(self._spent, 0.5) if self._spent else 0.0
