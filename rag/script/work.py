"""Several things done at once, with a bound on what is begun and on what is kept."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Generic, TypeVar

from rag.errors import ModelFailed, NotReady, RagError

Item = TypeVar("Item")
Result = TypeVar("Result")

_POLL = 0.5  # seconds; on Windows nothing interrupts a thread that waits without end


@dataclass(frozen=True, slots=True)
class _End:
    """No item at `number` and beyond: they ran out, or this one is wrong."""

    number: int
    error: BaseException | None = None


class _Crew(Generic[Item, Result]):
    """A thread that reads items, and some that work; all stop when told, or with the process.

    They are not an executor's, for which Python waits before it ends: Ctrl-C would take as long as
    the slowest answer. Reading has a thread of its own, so that a pipe that gives the next question
    only after the last answer is not waited for while that answer is there.
    """

    def __init__(self, items: Iterator[Item], work: Callable[[Item], Result], jobs: int) -> None:
        self.permits = Semaphore(0)
        self.events: SimpleQueue[_End | tuple[int, Result]] = SimpleQueue()
        self._todo: SimpleQueue[tuple[int, Item]] = SimpleQueue()
        self._stopped = Event()
        Thread(target=self._read, args=(items,), daemon=True).start()
        for _ in range(jobs):
            Thread(target=self._work, args=(work,), daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more; what is under way ends unheard."""
        self._stopped.set()

    def next_event(self) -> _End | tuple[int, Result]:
        while True:
            try:
                return self.events.get(timeout=_POLL)
            except Empty:
                continue

    def _read(self, items: Iterator[Item]) -> None:
        number = 0
        while self._permitted():
            try:
                item = next(items)
            except StopIteration:
                return self.events.put(_End(number))
            except BaseException as error:
                return self.events.put(_End(number, error))
            self._todo.put((number, item))
            number += 1
        return None

    def _permitted(self) -> bool:
        while not self._stopped.is_set():
            if self.permits.acquire(timeout=_POLL):
                return not self._stopped.is_set()
        return False

    def _work(self, work: Callable[[Item], Result]) -> None:
        while not self._stopped.is_set():
            try:
                number, item = self._todo.get(timeout=_POLL)
            except Empty:
                continue
            try:
                self.events.put((number, work(item)))
            except BaseException as error:
                self.events.put(_End(number, error))


def finished(
    items: Iterator[Item], work: Callable[[Item], Result], jobs: int, window: int | None = None
) -> Generator[tuple[int, Result], None, None]:
    """Yield the number of every item with what `work` made of it, as they finish.

    At most `jobs` are under way at once, and with a `window` none is begun that many numbers after
    the first unfinished one. An error of an item ends it when all items before are finished and
    yielded; a failing model or index, which would fail all others as well, ends it at once.

    Raises:
        Exception: what `items` or `work` raise.
    """
    crew = _Crew(items, work, jobs)
    permitted, done, first, after = 0, 0, 0, set[int]()
    end: _End | None = None
    try:
        while end is None or first < end.number:
            while end is None and permitted - done < jobs and _fits(permitted - first, window):
                crew.permits.release()
                permitted += 1
            event = crew.next_event()
            if isinstance(event, _End):
                _stop_at_once(event.error)
                end = event if end is None or event.number < end.number else end
                continue
            done += 1
            after.add(event[0])
            while first in after:
                after.remove(first)
                first += 1
            yield event
    finally:
        crew.stop()
    if end.error is not None:
        raise end.error


def _fits(begun: int, window: int | None) -> bool:
    return window is None or begun < window


def _stop_at_once(error: BaseException | None) -> None:
    if isinstance(error, ModelFailed | NotReady) or not isinstance(error, RagError | None):
        raise error


def in_order(outcomes: Iterator[tuple[int, Result]]) -> Iterator[Result]:
    """Yield results by number, each as soon as all before it are there."""
    waiting: dict[int, Result] = {}
    number = 0
    for finished_number, result in outcomes:
        waiting[finished_number] = result
        while number in waiting:
            yield waiting.pop(number)
            number += 1
