"""A language model as judge: is every statement borne out, and is the question answered?

What such a judge says is worth as much as it agrees with people: on a file of labelled answers, it
is measured first, by Cohen's kappa.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rag import paths, prompts
from rag.answer import pack
from rag.errors import ModelFailed, UsageError
from rag.evaluate.answering import AT_ONCE, FOR_ALL
from rag.evaluate.cases import rows, text
from rag.evaluate.chance import kappa
from rag.pipeline import Rag
from rag.store import Progress
from rag.text import language
from rag.types import Answer, Chat

_OBJECT = re.compile(r"\{[^{}]*\}")
_SAID = ("supported", "answers")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of an answer."""

    supported: bool
    answers: bool


@dataclass(frozen=True, slots=True)
class _Labelled:
    question: str
    answer: str
    passages: str
    verdict: Verdict


def judge(rag: Rag, answers: Sequence[Answer | None], progress: Progress) -> list[dict[str, float]]:
    """Return the measures that a judge gives to answers, none where it cannot be understood."""
    model = rag.model
    assert model is not None  # a run with a judge has one

    def one(answer: Answer | None) -> dict[str, float]:
        if answer is None:
            return {}
        described = rag.store.catalog.described(hit.passage.transcript for hit in answer.hits)
        passages = pack.write(pack.given(answer.hits), described)
        verdict = _ask(model, answer.question, answer.text, passages)
        if verdict is None:
            return {}
        return {
            "judged supported": float(verdict.supported),
            "judged answering": float(verdict.answers),
        }

    found = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, item in enumerate(pool.map(one, answers)):
            progress("judging", number, len(answers))
            found.append(item)
    progress("judging", len(answers), len(answers))
    return found


def agreement(path: Path | None, model: Chat) -> dict[str, object]:
    """Return how far a judge agrees with people on the labelled answers in a file.

    Raises:
        UsageError: for a line that cannot be read.
    """
    if path is None:
        return {"model": model.model, "sample": None}
    labelled = [_labelled(where, row) for where, row in rows(path)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = list(pool.map(lambda i: _ask(model, i.question, i.answer, i.passages), labelled))
    pairs = [(item.verdict, v) for item, v in zip(labelled, said, strict=True) if v is not None]
    found: dict[str, object] = {
        "model": model.model,
        "sample": path.name,
        "n": len(pairs),
        "unreadable": len(said) - len(pairs),
    }
    for name in _SAID if pairs else ():
        people = [bool(getattr(one, name)) for one, _ in pairs]
        judged = [bool(getattr(other, name)) for _, other in pairs]
        same = sum(a == b for a, b in zip(people, judged, strict=True))
        found[name] = {"kappa": round(kappa(people, judged), 4), "agreed": same}
    return found


def _labelled(where: str, row: dict[str, object]) -> _Labelled:
    verdict = _verdict(row)
    if verdict is None:
        raise UsageError(f"{where}: not labelled", 'write "supported" and "answers", true or false')
    question, answer, passages = (
        text(row, name, where) for name in ("question", "answer", "passages")
    )
    if not (question and answer and passages):
        raise UsageError(f"{where}: it needs a question, an answer and passages", "write all three")
    return _Labelled(question, answer, passages, verdict)


def _ask(model: Chat, question: str, answer: str, passages: str) -> Verdict | None:
    prompt = prompts.load(
        "judge", language(question), [paths.home() / "prompts", paths.shipped("prompts")]
    )
    values = {
        "question": pack.plain(question),
        "answer": pack.plain(answer),
        "passages": passages,
    }
    try:
        return understood("".join(delta.text for delta in model.stream(prompt.fill(values))))
    except ModelFailed as error:
        if error.kind in FOR_ALL:
            raise
        return None


def understood(reply: str) -> Verdict | None:
    """Return the verdict in a reply: its last JSON object that has both; None without one."""
    for match in reversed(list(_OBJECT.finditer(reply))):
        try:
            value = json.loads(match[0])
        except (ValueError, RecursionError):
            continue
        if (verdict := _verdict(value)) is not None:
            return verdict
    return None


def _verdict(value: Mapping[str, object]) -> Verdict | None:
    supported, answers = (value.get(name) for name in _SAID)
    if isinstance(supported, bool) and isinstance(answers, bool):
        return Verdict(supported, answers)
    return None


def alike(found: Mapping[str, object]) -> str:
    """Say how far the judge of an agreement and people say the same."""
    parts = []
    for name in ("supported", "answers"):
        values = found[name]
        assert isinstance(values, Mapping)  # as `agreement` writes it
        parts.append(f"{name} κ {values['kappa']:.2f} ({values['agreed']} of {found['n']} alike)")
    return ", ".join(parts)
