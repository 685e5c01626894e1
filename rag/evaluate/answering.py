"""The answers to questions: with a language model several at once, without one in turn."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from rag.errors import ModelFailed
from rag.evaluate.gold import Task
from rag.pipeline import Rag
from rag.store import Progress
from rag.types import Answer

AT_ONCE = 4
"""Questions that a language model is asked at once."""
FOR_ALL = ("key", "model", "unreachable")
"""Kinds of failure that no other question would escape."""


def answers(
    rag: Rag, tasks: Sequence[Task], progress: Progress
) -> tuple[list[Answer | None], list[str]]:
    """Answer every question; None where documents are left out of account, or the model failed.

    What the model failed on is returned as well, one line a question.

    Raises:
        ModelFailed: when no other question could be answered either, or none was.
    """
    failures: dict[str, ModelFailed] = {}

    def answer(task: Task) -> Answer | None:
        if task.exclude:
            return None  # an answer would be given from them
        case = task.case
        try:
            return rag.ask(case.question, transcript=case.transcript or (), history=case.history)
        except ModelFailed as error:
            if error.kind in FOR_ALL:
                raise
            failures[case.id] = error
            return None

    found: list[Answer | None] = []
    with ThreadPoolExecutor(1 if rag.model is None else AT_ONCE) as pool:
        waiting = [pool.submit(answer, task) for task in tasks]
        try:
            for number, item in enumerate(waiting):
                progress("answering", number, len(tasks))
                found.append(item.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    progress("answering", len(tasks), len(tasks))
    if failures and not any(found):
        raise next(iter(failures.values()))
    return found, [f"{id_}: {error}" for id_, error in failures.items()]
