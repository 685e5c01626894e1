"""What is done with a question of a batch, what its line says, and what all lines add up to."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rag import __version__, paths, prompts, views
from rag.errors import ModelFailed
from rag.pipeline import Rag
from rag.script.lines import Asked
from rag.types import Chat

Line = Mapping[str, object]
Reply = Callable[[Asked], Line]

_FOR_ALL = ("key", "model")  # kinds of failure that no other question would escape
_IN_A_ROW = {"unreachable": 3, "rate": 10, "server": 10, "timeout": 10}
_WITHOUT_EFFECT = (
    "index", "model", "model_timeout", "model_retries", "price_input", "price_output",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Task:
    """How the questions of a batch are answered.

    `context` changes with whatever may change the replies: index, model, filters, settings; `jobs`
    is how many questions at once are worth while.
    """

    reply: Reply
    context: str
    model: bool = False
    jobs: int = 1


def asking(opened: Rag, speaker: Sequence[str] = (), transcript: Sequence[str] = ()) -> Task:
    """Answer questions as `rag ask` does; a failure of the model becomes a line that says so."""

    def reply(asked: Asked) -> Line:
        pieces = opened.stream(
            asked.question, speaker=speaker, transcript=transcript, history=asked.history
        )
        try:
            return views.answer(pieces.whole())
        except ModelFailed as error:
            if error.kind in _FOR_ALL:
                raise
            return {
                **(views.answer(pieces.answer) if pieces.answer else _unanswered(asked)),
                "incomplete": True,
                "error": str(error),
                "error_kind": error.kind,
            }

    context = _context(opened, "ask", speaker, transcript, *_said_to(opened.model))
    return Task(reply, context, opened.model is not None, 1 if opened.model is None else 4)


def finding(opened: Rag, speaker: Sequence[str] = (), transcript: Sequence[str] = ()) -> Task:
    """Search for questions as `rag search` does."""

    def reply(asked: Asked) -> Line:
        return views.found(
            opened.find(
                asked.question, speaker=speaker, transcript=transcript, history=asked.questions
            )
        )

    return Task(reply, _context(opened, "search", speaker, transcript))


def failed(line: Line) -> bool:
    """Tell whether a line says that a question could not be answered."""
    return bool(line.get("error"))


def _unanswered(asked: Asked) -> dict[str, object]:
    return {"question": asked.question, "answer": None}


def _said_to(model: Chat | None) -> list[str]:
    """The model's name and its prompts, which a project may have of its own."""
    if model is None:
        return []
    folders = [paths.home() / "prompts", paths.shipped("prompts")]
    jobs = itertools.product(("answer", "standalone"), prompts.LANGUAGES)
    return [model.model, *(repr(prompts.load(*job, folders)) for job in jobs)]


def _context(opened: Rag, *parts: object) -> str:
    settings = {
        name: value
        for name, value in asdict(opened.settings).items()
        if name not in _WITHOUT_EFFECT
    }
    values = [__version__, asdict(opened.store.manifest), settings, *parts]
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=4).hexdigest()


@dataclass(slots=True)
class Series:
    """Ends a batch when several replies in a row fail alike, in a way that lasts."""

    _kind: object = None
    _times: int = 0

    def check(self, line: Line) -> Line:
        """Return the line.

        Raises:
            ModelFailed: as the line did, when it is one too many.
        """
        kind = line.get("error_kind")
        self._times = self._times + 1 if kind == self._kind else 1
        self._kind = kind
        if kind is not None and self._times == _IN_A_ROW.get(str(kind)):
            raise ModelFailed(f"{line['error']}; {self._times} times in a row", kind=str(kind))
        return line


@dataclass(slots=True)
class Totals:
    """What the lines of a batch add up to; tokens and cost are those of this run."""

    questions: int = 0
    before: int = 0
    refused: int = 0
    failed: int = 0
    doubtful: int = 0
    usage: Counter[str] = field(default_factory=Counter)
    cost: float | None = None

    def add(self, line: Line, before: bool = False) -> None:
        """Count one line; `before` tells that an earlier run has it."""
        self.questions += 1
        self.before += before
        self.refused += line.get("refused") is True
        self.failed += failed(line)
        self.doubtful += bool(line.get("findings"))
        if before:
            return
        usage, cost = line.get("usage"), line.get("cost")
        if isinstance(usage, dict):
            self.usage.update(usage)
        if isinstance(cost, int | float):
            self.cost = (self.cost or 0.0) + cost
