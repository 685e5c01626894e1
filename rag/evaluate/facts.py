"""What can be told about an answer without reading it: refused, verbatim, of whom, at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.evaluate.gold import Task
from rag.store.contract import Store
from rag.text import fold
from rag.types import Answer, Turn

_NOT_VERBATIM = ("absent", "near")


def of(answer: Answer) -> dict[str, object]:
    """Return the facts of an answer as a run file keeps them."""
    return {
        "text": answer.text,
        "refused": answer.refused,
        "confidence": round(answer.confidence, 4),
        "citations": [
            {"address": str(c.address), "speaker": c.speaker, "exact": c.exact, "quoted": c.quoted}
            for c in answer.citations
        ],
        "findings": [item.kind for item in answer.findings],
        "quotes": answer.quotes,
        "grounded": answer.grounded,
        "incomplete": answer.incomplete,
        "length": len(answer.text),
        "latency": answer.timings.get("total", 0.0),
        "usage": dict(answer.usage),
        "cost": answer.cost,
    }


def measures(answer: Answer, task: Task, store: Store) -> dict[str, float]:
    """Return the measures of an answer, those that are defined for it."""
    values = refusals(answer.refused, task.case.answerable)
    if task.case.answerable and task.case.must_say:
        said = fold(answer.text)
        complete = not answer.refused and all(fold(words) in said for words in task.case.must_say)
        values["must say"] = float(complete)
    if answer.refused:
        return values
    kinds = [item.kind for item in answer.findings]
    if answer.quotes:
        wrong = sum(kind in _NOT_VERBATIM for kind in kinds)
        values["quote exact"] = max(0.0, 1 - wrong / answer.quotes)
    values["keys"] = float("key" not in kinds)
    values["grounded"] = float(answer.grounded)
    speakers = gold_speakers(task, store)
    cited = [item.speaker for item in answer.citations if item.speaker]
    if speakers and cited:
        values["speaker"] = sum(name in speakers for name in cited) / len(cited)
    return values


def refusals(refused: bool, answerable: bool) -> dict[str, float]:
    """Return what a refusal, or an answer, means for the measures of refusals."""
    name = "false refusals" if answerable else "refusal recall"
    values = {name: float(refused)}
    if refused:
        values["refusal precision"] = float(not answerable)
    return values


def gold_speakers(task: Task, store: Store) -> set[str]:
    """Return who speaks the turns that answer a question."""
    turns = (
        store.catalog.whole(place.transcript, number, section=False)
        for place in task.gold
        if not place.section
        for number in range(place.first, place.last + 1)
    )
    return {turn.speaker for turn in turns if isinstance(turn, Turn)}


def totals(answers: Sequence[Mapping[str, object]]) -> dict[str, list[float]]:
    """Return the lengths, latencies and tokens of answers, to be summed up."""
    found: dict[str, list[float]] = {"length": [], "latency": [], "tokens": [], "cost": []}
    for item in answers:
        usage = item.get("usage")
        if isinstance(usage, dict) and usage:
            found["tokens"].append(float(usage["prompt_tokens"] + usage["completion_tokens"]))
        for name in ("length", "latency", "cost"):
            value = item.get(name)
            if isinstance(value, int | float):
                found[name].append(float(value))
    return {name: values for name, values in found.items() if values}
