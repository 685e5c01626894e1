"""Files of questions: where they come from, where the replies go, and what is said meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rag.cli.terminal import complain
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.script import Task, Totals

Watch = Callable[[int], None]

_SECONDS = 5.0  # between two lines about progress, and before the first
_MOST = 64  # questions at once


@dataclass(frozen=True, slots=True)
class Plan:
    """A file of questions, how many are asked at once, and the file that the replies go to."""

    name: str
    jobs: int | None
    out: Path | None
    strict: bool = False


def planned(
    question: list[str] | None,
    batch: str | None,
    jobs: int | None,
    out: Path | None,
    strict: bool = False,
) -> Plan | None:
    """Return what is to be done with a file of questions; None when there is none.

    Raises:
        UsageError: for options that do not go together.
    """
    if batch is None:
        for name, value in (("--jobs", jobs), ("--out", out)):
            if value is not None:
                raise UsageError(f"{name} without --batch", "it is for a file of questions")
        return None
    if question:
        raise UsageError("a question and --batch at once", "put the question into the file")
    if jobs is not None and not 1 <= jobs <= _MOST:
        raise UsageError(f"--jobs is {jobs}", f"give a number from 1 to {_MOST}")
    return Plan(batch, jobs, out, strict)


def run_batch(plan: Plan, task: Task) -> int:
    """Answer a file of questions, and return the exit code."""
    with _opened(plan.name) as lines, _progress(lines, plan) as watch:
        if plan.out is None:
            totals = _print(lines, plan, task, watch)
        else:
            totals = _keep(lines, plan, task, plan.out, watch)
    if task.model or plan.out is not None:
        complain(_summary(totals))
    if totals.failed:
        return 4
    return 1 if plan.strict and totals.doubtful else 0


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield _standard_input()
        return
    with ExitStack() as opened:
        try:
            file = opened.enter_context(open(name, "rb"))
        except OSError as error:
            raise UsageError(f"{name}: {error.strerror}", "check the path") from error
        yield file


def _standard_input() -> BinaryIO:
    """Return stdin as bytes, through a buffer of our own.

    A thread waits in it when Ctrl-C comes, and Python's own cannot be taken down meanwhile.
    """
    if sys.stdin is None:
        raise UsageError("there is no stdin", "name a file")
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except (OSError, ValueError):
        return sys.stdin.buffer


def _print(lines: BinaryIO, plan: Plan, task: Task, watch: Watch) -> Totals:
    from rag import script, views

    totals = script.Totals()
    asked = script.read(lines, plan.name)
    with closing(script.replies(asked, task, plan.jobs or task.jobs, watch)) as replies:
        for line in replies:
            print(views.to_json(line), flush=True)
            totals.add(line)
    return totals


def _keep(lines: BinaryIO, plan: Plan, task: Task, out: Path, watch: Watch) -> Totals:
    from rag import script

    totals = script.Totals()
    with closing(script.Results(out, task.context)) as results:
        if results.foreign:
            complain(
                f"{out}: {results.foreign} replies were given with another model, index, setting or"
                " filter: they are not used"
            )
        try:
            asked = script.read(lines, plan.name)
            script.into(results, asked, task, plan.jobs or task.jobs, watch)
        except BaseException:
            if kept := results.kept:
                complain(f"{kept} replies are kept in {results.partial}: run it again to go on")
            raise
        for line, before in results.all():
            totals.add(line, before)
        if results.complete:
            complain(f"{out} is complete and the questions are unchanged: nothing was asked")
        for spare in results.publish():
            complain(f"{out}: replies that it has no place for now are kept in {spare}")
    return totals


def _summary(totals: Totals) -> str:
    before = f" ({totals.before} answered before)" if totals.before else ""
    text = f"{totals.questions} questions{before}, {totals.refused} refused, {totals.failed} failed"
    if totals.usage:
        read, written = totals.usage["prompt_tokens"], totals.usage["completion_tokens"]
        text += f"; {read} tokens read, {written} written"
    return text if totals.cost is None else f"{text}; cost {totals.cost:.4f}"


@contextmanager
def _progress(lines: BinaryIO, plan: Plan) -> Iterator[Watch]:
    """Show progress on stderr: a bar on a terminal, else a line every few seconds."""
    total = _count(lines)
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Ticker(total).watch
    elif plan.out is None and sys.stdout is not None and sys.stdout.isatty():
        yield lambda _: None  # the replies themselves are to be seen there
    else:
        with _bar(total) as watch:
            yield watch


@contextmanager
def _bar(total: int | None) -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("answered"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    # stdout is the product, wherever it goes: rich would send it to stderr with the bar.
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bars:
        task = bars.add_task("answered", total=total)
        yield lambda done: bars.update(task, completed=done)


def _count(lines: BinaryIO) -> int | None:
    """Count the questions of a file that can be read twice."""
    if not lines.seekable() or lines.isatty():
        return None
    start = lines.tell()
    total = sum(1 for line in lines if line.strip())
    lines.seek(start)
    return total


class _Ticker:
    """Says how far a batch is, not too often."""

    def __init__(self, total: int | None) -> None:
        self._of = "" if total is None else f" of {total}"
        self._said = time.monotonic()

    def watch(self, done: int) -> None:
        """Say how many are done, if the last time is a while ago."""
        if time.monotonic() - self._said >= _SECONDS:
            self._said = time.monotonic()
            complain(f"{done}{self._of} answered")
