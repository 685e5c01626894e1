"""Question and hits to an answer in a language model's words, checked as they come."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.answer.check import Checker
from rag.answer.cite import citations
from rag.answer.extract import NOT_FOUND, refusal
from rag.answer.pack import compose, conversation, earlier, fit, given, plain, tokens, write
from rag.answer.support import unsupported
from rag.errors import ModelFailed
from rag.prompts import Prompt
from rag.settings import Settings
from rag.store.contract import Store
from rag.text import fold
from rag.types import Answer, Chat, Delta, Earlier, Encoder, Finding, Hit, Message

_LETTER = re.compile(r"\w")
_LONGEST_STANDALONE = 500
_QUOTE_MARKS = "\"'“”「」‘’ "
_RUNAWAY = 8  # characters per token of the room kept for the reply, at which a model is cut off


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model is to answer, and from what."""

    question: str
    standalone: str
    language: str
    hits: tuple[Hit, ...]
    confidence: float
    history: tuple[Earlier, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


class Generation:
    """One reply of a model: its pieces, checked, and the answer that they make."""

    def __init__(
        self,
        asked: Asked,
        chat: Chat,
        prompt: Prompt,
        *,
        store: Store,
        encoder: Encoder,
        settings: Settings,
        names: Collection[str],
    ) -> None:
        """`names` are the speakers whom the reply may name."""
        self._asked = asked
        self._chat = chat
        self._prompt = prompt
        self._store = store
        self._encoder = encoder
        self._settings = settings
        self._names = names
        ids = (hit.passage.transcript for hit in asked.hits)
        self._described = store.catalog.described(ids)
        self._usage = dict(asked.usage)
        self._timings = dict(asked.timings)
        self._started = time.perf_counter()
        self._shown: list[str] = []
        self._refused = False
        self._before = earlier(asked.history, settings.model_window)
        self._begin(fit(asked.hits, self._room(), chat.model, self._described))

    def _begin(self, hits: list[Hit]) -> None:
        """Make a prompt of the hits, and a checker for what is said about them."""
        self._given = hits
        self._turns = given(hits)
        self._checker = Checker(
            self._turns,
            self._names,
            self._asked.question,
            self._asked.language,
            [about.title for about in self._described.values()],
        )
        self._opening: str | None = ""

    def pieces(self) -> Iterator[str]:
        """Yield the text of the answer as it comes.

        Raises:
            ModelFailed: when the model does not give a whole reply.
        """
        while True:
            try:
                for piece in self._pieces():
                    if not self._shown:
                        self._timings["first"] = self._elapsed()
                    self._shown.append(piece)
                    yield piece
                return
            except ModelFailed as error:
                if error.kind == "context" and not self._shown and len(self._given) > 1:
                    self._begin(self._given[: len(self._given) // 2])
                    continue
                if rest := self._cut_off():
                    self._shown.append(rest)
                    yield rest
                raise

    def _pieces(self) -> Iterator[str]:
        length, before_this = 0, dict(self._usage)
        for delta in self._chat.stream(self._messages()):
            for name, count in delta.usage.items():
                # Some endpoints count up with every piece: the last word is the whole.
                self._usage[name] = before_this.get(name, 0) + count
            length += len(delta.text)
            if length > _RUNAWAY * self._settings.reply_tokens:
                raise ModelFailed(
                    f"{self._chat.model}: the reply does not end",
                    "raise reply_tokens, or ask another model",
                    "length",
                )
            if piece := self._checked(delta):
                yield piece
        if rest := self._rest():
            yield rest

    def _checked(self, delta: Delta) -> str:
        """Check a piece; the beginning is held as long as it may be the refusal."""
        if self._opening is None:
            return self._checker.feed(delta.text)
        self._opening += delta.text
        said = _letters(self._opening)
        if any(refused.startswith(said) for refused in _REFUSALS):
            return ""
        self._refused = said.startswith(_REFUSALS)
        held, self._opening = self._opening.lstrip(), None
        return self._checker.feed(held)

    def _rest(self) -> str:
        """What is still to be shown at the end: the refusal, if the reply was nothing else."""
        if self._opening is None:
            return self._checker.finish()
        if _letters(self._opening) in _REFUSALS:
            self._refused = True
            return refusal(self._given, self._asked.language)
        return self._checker.feed(self._opening.lstrip()) + self._checker.finish()

    def _cut_off(self) -> str:
        """What was held back when the model broke off; it may be a whole refusal."""
        self._refused = self._refused or _letters(self._opening or "") in _REFUSALS
        begun = self._checker.feed((self._opening or "").lstrip())
        return begun + self._checker.finish()

    def result(self, failure: str) -> Answer | None:
        """Return the answer that has come so far; with `failure` it is not all."""
        text = "".join(self._shown)
        if failure and not text.strip():
            return None
        checking = time.perf_counter()
        found = self._checker.found
        cited = citations(found, self._store, self._encoder)
        doubtful = not cited and self._asked.confidence < self._settings.refuse_below
        claims = (
            []
            if self._refused
            else unsupported(text, self._turns, self._encoder, doubtful=doubtful)
        )
        findings = (*found.findings, *(Finding("claim", sentence) for sentence in claims))
        self._timings["check"] = round((time.perf_counter() - checking) * 1000, 2)
        self._timings["answer"] = self._elapsed()
        searched = self._timings.get("search", 0.0) + self._timings.get("standalone", 0.0)
        self._timings["total"] = round(self._timings["answer"] + searched, 2)
        return Answer(
            question=self._asked.question,
            text=text,
            citations=cited,
            hits=tuple(self._given),
            refused=self._refused,
            confidence=self._asked.confidence,
            model=self._chat.model,
            usage=self._usage,
            timings=self._timings,
            findings=findings,
            quotes=len(found.quotes),
            grounded=not self._refused and bool(cited),
            incomplete=bool(failure),
            failure=failure,
            standalone=self._asked.standalone,
            left_out=len(self._asked.hits) - len(self._given),
            cost=cost(self._usage, self._settings),
        )

    def _room(self) -> int:
        """Tokens that are left for the turns."""
        fixed = tokens(compose(self._prompt, self._values(""), self._before))
        return self._settings.model_window - self._settings.reply_tokens - fixed

    def _messages(self) -> tuple[Message, ...]:
        passages = write(self._turns, self._described)
        return compose(self._prompt, self._values(passages), self._before)

    def _values(self, passages: str) -> dict[str, str]:
        question, standalone = plain(self._asked.question), plain(self._asked.standalone)
        if standalone and standalone != question:
            question = f"{question} ({standalone})"
        return {
            "not_found": NOT_FOUND[self._asked.language],
            "passages": passages,
            "question": question,
        }

    def _elapsed(self) -> float:
        return round((time.perf_counter() - self._started) * 1000, 2)


def refuse(asked: Asked, only: Collection[str], settings: Settings) -> Answer:
    """Return a refusal that the model was not asked for: nothing found is near the question."""
    return Answer(
        question=asked.question,
        text=refusal(asked.hits, asked.language, only),
        citations=(),
        hits=asked.hits,
        refused=True,
        confidence=asked.confidence,
        usage=asked.usage,
        timings={**asked.timings, "total": sum(asked.timings.values())},
        grounded=False,
        standalone=asked.standalone,
        cost=cost(asked.usage, settings),
    )


def standalone(
    question: str, history: Sequence[Earlier], chat: Chat, prompt: Prompt
) -> tuple[str, dict[str, int]]:
    """Ask the model for the question as it would be without a conversation, and count its tokens.

    The question is empty when the model gives nothing usable: then the rules for follow-ups serve.
    """
    messages = prompt.fill({"conversation": conversation(history), "question": plain(question)})
    text, usage = "", dict[str, int]()
    try:
        for delta in chat.stream(messages):
            text += delta.text
            usage.update(delta.usage)
    except ModelFailed:
        return "", usage
    lines = [line.strip(_QUOTE_MARKS) for line in text.strip().split("\n")]
    usable = lines[0] if len(lines) == 1 and len(lines[0]) <= _LONGEST_STANDALONE else ""
    return usable, usage


def cost(usage: Mapping[str, int], settings: Settings) -> float | None:
    """Return what the tokens cost at the configured prices, None without prices or counts."""
    if not usage or not (settings.price_input or settings.price_output):
        return None
    read = usage.get("prompt_tokens", 0) * settings.price_input
    return (read + usage.get("completion_tokens", 0) * settings.price_output) / 1e6


def _letters(text: str) -> str:
    return "".join(_LETTER.findall(fold(text)))


_REFUSALS = tuple(_letters(sentence) for sentence in NOT_FOUND.values())
