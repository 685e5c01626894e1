"""A batch from its lines to its replies: in order as they come, or into a file."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from rag.errors import UsageError
from rag.script.lines import Asked
from rag.script.replies import Line, Series, Task
from rag.script.results import Results
from rag.script.work import finished, in_order

AHEAD = 8
"""For every question at once, how many may be begun from the first on that has no reply yet."""

Watch = Callable[[int], None]
"""Called with how many questions have their reply."""


def replies(
    lines: Iterator[Asked], task: Task, jobs: int, watch: Watch
) -> Generator[Line, None, None]:
    """Yield the reply to every line in their order, its `id` in front.

    Raises:
        UsageError: for a line that cannot be read or asked, after the replies to all before it.
        RagError: when no other question could be answered either.
    """
    series = Series()

    def watched(outcomes: Iterator[tuple[int, Line]]) -> Iterator[tuple[int, Line]]:
        for done, (number, line) in enumerate(outcomes, start=1):
            yield number, series.check(line)
            watch(done)

    with closing(finished(lines, lambda asked: _reply(asked, task), jobs, AHEAD * jobs)) as found:
        yield from in_order(watched(found))


def into(results: Results, lines: Iterator[Asked], task: Task, jobs: int, watch: Watch) -> None:
    """Ask what `results` has no reply to, and keep each reply as soon as it is there.

    Raises:
        UsageError: for a line that cannot be read or asked.
        RagError: when no other question could be answered either.
    """
    series = Series()

    def work(missing: tuple[int, Asked]) -> tuple[int, Line]:
        key, asked = missing
        return key, _reply(asked, task)

    with closing(finished(results.missing(lines), work, jobs)) as found:
        for done, (_, (key, line)) in enumerate(found, start=1):
            results.add(key, series.check(line))
            watch(done + results.ready)


def _reply(asked: Asked, task: Task) -> Line:
    try:
        return {"id": asked.id, **task.reply(asked)}
    except UsageError as error:
        raise UsageError(f"{asked.where}: {error.message}", error.hint) from error
