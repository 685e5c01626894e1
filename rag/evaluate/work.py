"""An evaluation from its plan to its run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rag import __version__, embedder, store
from rag.errors import UsageError
from rag.evaluate import answering, facts, judging, measures, suites
from rag.evaluate.building import Shelf
from rag.evaluate.gold import Task
from rag.evaluate.ranking import LEGS, Ranked, rank
from rag.evaluate.runs import Place, Result, Run
from rag.evaluate.suites import Setup, Suite
from rag.settings import Settings
from rag.store import Progress
from rag.types import Address, Answer, Chat, Turn

_TEXTS_OF = 3  # best hits of a miss whose words are kept
_TEXT = 300  # characters of each


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be evaluated.

    `cases` are files and folders; with `itself` they are transcripts, or none for the index, that
    are asked their own questions. `legs` names a way to rank, `k` the depth of recall; at most
    `limit` questions a suite are asked. `answers` has them answered, too, and `judge` the answers
    judged, by a judge measured on the labelled answers in the file `judged`. `within` asks
    questions of transcripts with gold spans inside their transcript; None leaves that to the set.
    """

    cases: tuple[Path, ...] = ()
    itself: bool = False
    legs: str = "fused"
    k: int = measures.DEEPEST
    limit: int | None = None
    answers: bool = False
    judge: bool = False
    judged: Path | None = None
    cache: Path | None = None
    within: bool | None = None

    def check(self) -> None:
        """Complain about what does not go together.

        Raises:
            UsageError: naming it.
        """
        if not self.cases and not self.itself:
            hint = "rag eval cases.jsonl, or rag eval --self for the questions in the index"
            raise UsageError("nothing to evaluate", hint)
        if self.legs not in LEGS:
            raise UsageError(f"--legs is {self.legs!r}", f"there are {', '.join(LEGS)}")
        if not 1 <= self.k <= 1000:
            raise UsageError(f"k is {self.k}", "give a number from 1 to 1000")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit is {self.limit}", "give a number from 1")
        if self.answers and self.legs != "fused":
            raise UsageError(f"--answers with --legs {self.legs}", "answers use both legs")
        if self.judge and not self.answers:
            raise UsageError("--judge without --answers", "it judges answers")
        if self.judged is not None and not self.judge:
            raise UsageError("--judged without --judge", "it says how good the judge is")


def run(
    plan: Plan, chosen: Settings, model: Chat | None = None, progress: Progress = store.silent
) -> Run:
    """Evaluate, and return what was found.

    Raises:
        UsageError: for a plan, a file or a line that cannot be used.
        NotReady: when the cases are about an index that is not there.
        ModelFailed: when a language model is asked and gives up.
    """
    plan.check()
    if plan.judge and model is None:
        raise UsageError("--judge without a language model", "set OPENAI_BASE_URL, or --model")
    started = time.perf_counter()
    with closing(Shelf(plan.cache)) as shelf:
        setup = Setup(chosen, embedder.load(chosen.encoder), model, shelf, plan.within)
        described: list[Mapping[str, object]] = []
        results: list[Result] = []
        for suite in _suites(plan, setup):
            tasks = suites.sample(suite.tasks, plan.limit)
            found, failed = _results(suite, tasks, plan, progress)
            results += found
            described.append(_described(suite, tasks, failed))
        judge = None
        if plan.judge and model is not None:
            judge = judging.agreement(plan.judged, model)
        return Run(
            version=__version__,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            legs=plan.legs,
            k=plan.k,
            settings=asdict(chosen),
            encoder=setup.encoder.fingerprint,
            suites=tuple(described),
            results=tuple(results),
            model=model.model if model is not None and plan.answers else "",
            seconds=round(time.perf_counter() - started, 2),
            judge=judge,
        )


def _suites(plan: Plan, setup: Setup) -> Iterator[Suite]:
    """Load the suites one after the other, no two of one name."""
    seen: dict[str, int] = {}
    paths: Sequence[Path | None] = plan.cases or (None,)
    for path in paths:
        if plan.itself:
            suite = suites.of_itself(path, setup)
        else:
            assert path is not None  # `Plan.check` saw to it
            suite = suites.load(path, setup)
        seen[suite.name] = seen.get(suite.name, 0) + 1
        again = seen[suite.name] > 1
        yield replace(suite, name=f"{suite.name} {seen[suite.name]}") if again else suite


def _described(suite: Suite, tasks: Sequence[Task], failed: Sequence[str]) -> dict[str, object]:
    held = suite.rag.store.manifest
    return {
        "name": suite.name,
        "form": suite.form,
        "corpus": suite.corpus,
        "transcripts": held.transcripts,
        "passages": held.passages,
        "questions": len(tasks),
        "of": len(suite.tasks),
        "notes": [*suite.notes, *failed],
        "skipped": dict(suite.skipped),
    }


def _results(
    suite: Suite, tasks: Sequence[Task], plan: Plan, progress: Progress
) -> tuple[list[Result], list[str]]:
    """Return the results of a suite, and what the model failed on."""
    depth = max(plan.k, measures.DEEPEST)
    ranked = []
    for number, task in enumerate(tasks):
        progress(f"ranking {suite.name}", number, len(tasks))
        ranked.append(rank(suite.rag, task, plan.legs, depth))
    progress(f"ranking {suite.name}", len(tasks), len(tasks))
    answers: list[Answer | None] = [None] * len(tasks)
    failed: list[str] = []
    if plan.answers:
        answers, failed = answering.answers(suite.rag, tasks, progress)
    judged: Sequence[Mapping[str, float]] = [{}] * len(tasks)
    if plan.judge:
        judged = judging.judge(suite.rag, answers, progress)
    values = _values(suite, tasks, ranked, answers, plan)
    results = [
        _result(suite, task, found, answer, {**measured, **verdict})
        for task, found, answer, measured, verdict in zip(
            tasks, ranked, answers, values, judged, strict=True
        )
    ]
    return results, failed


def _values(
    suite: Suite,
    tasks: Sequence[Task],
    ranked: Sequence[Ranked],
    answers: Sequence[Answer | None],
    plan: Plan,
) -> list[dict[str, float]]:
    """Return the measures of every question, those of its ranking and those of its answer."""
    judged = [number for number, task in enumerate(tasks) if task.judged]
    held = [
        (
            [tasks[number].found_in(hit.passage) for hit in ranked[number].hits],
            len(tasks[number].gold),
        )
        for number in judged
    ]
    values: list[dict[str, float]] = [{} for _ in tasks]
    for number, found in zip(judged, measures.rankings(held, plan.k), strict=True):
        values[number] |= found
    settings = suite.rag.settings
    decides = settings.refuse_below if suite.rag.model is None else settings.model_refuse_below
    telling = any(not task.case.answerable for task in tasks)
    for number, (task, found_, answer) in enumerate(zip(tasks, ranked, answers, strict=True)):
        if answer is not None:
            values[number] |= facts.measures(answer, task, suite.rag.store)
        elif telling and found_.confidence is not None and (task.exclude or not plan.answers):
            refused = found_.confidence < decides
            values[number] |= facts.refusals(refused, task.case.answerable)
    return values


def _result(
    suite: Suite, task: Task, found: Ranked, answer: Answer | None, values: Mapping[str, float]
) -> Result:
    case = task.case
    return Result(
        suite=suite.name,
        id=case.id,
        question=case.question,
        history=case.history,
        kind=case.kind,
        language=case.language,
        transcript=_transcript(task, suite),
        answerable=case.answerable,
        relevant=tuple(map(str, task.gold)),
        missing=task.missing,
        ranking=tuple(
            Place(
                str(hit.passage.address),
                round(hit.score, 4),
                round(hit.dense, 4),
                round(hit.lexical, 4),
                bool(task.found_in(hit.passage)),
            )
            for hit in found.hits
        ),
        measures=dict(values),
        confidence=None if found.confidence is None else round(found.confidence, 4),
        search=found.search,
        texts=_texts(suite, task, found),
        answer=None if answer is None else facts.of(answer),
    )


def _transcript(task: Task, suite: Suite) -> str:
    """The transcript that a question is about; a document of a collection is none."""
    if task.case.transcript or suite.form == "collection" or not task.gold:
        return task.case.transcript
    return task.gold[0].transcript


def _texts(suite: Suite, task: Task, found: Ranked) -> dict[str, str]:
    """Return what stands at the gold places and at the best hits, when the first hit is wrong."""
    if not task.judged or (found.hits and task.found_in(found.hits[0].passage)):
        return {}
    texts = {str(place): _words(suite, place) for place in task.gold[:_TEXTS_OF]}
    texts |= {str(hit.passage.address): hit.passage.text for hit in found.hits[:_TEXTS_OF]}
    return {name: text[:_TEXT] for name, text in texts.items()}


def _words(suite: Suite, place: Address) -> str:
    """Return the longest turn or section of a place, with its speaker."""
    numbers = range(place.first, place.last + 1)
    catalog = suite.rag.store.catalog
    found = (catalog.whole(place.transcript, number, place.section) for number in numbers)
    parts = [part for part in found if part is not None]
    if not parts:
        return ""
    longest = max(parts, key=lambda part: len(part.text))
    return f"{longest.speaker}：{longest.text}" if isinstance(longest, Turn) else longest.text
