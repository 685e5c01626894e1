"""What `overhead` measures in processes of their own: `python -m bench.answering ROLE JSON`."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bench.measure import ROOT
from bench.startup import QUESTION

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionMessageParam

    from rag.pipeline import Rag
    from rag.types import Chat, Delta, Message

MODEL = "scripted-1"
PIECES = 200
_OPENING = "受访者是这样说的："
_SENTENCE = re.compile(r"[^。！？.!?]{8,60}[。！？.!?]")
_WARMING = 5


class _Recorder:
    """Passes on what another model says, and keeps the prompt."""

    def __init__(self, model: Chat) -> None:
        self._chat = model
        self.model = model.model
        self.messages: tuple[Message, ...] = ()

    def check(self) -> None:
        self._chat.check()

    def stream(self, messages: Sequence[Message], /) -> Iterator[Delta]:
        self.messages = tuple(messages)
        yield from self._chat.stream(messages)


def serve(pieces: list[str]) -> None:
    """Say `pieces` to everybody until this process is ended."""
    sys.path.insert(0, str(ROOT / "tests"))
    from scripted import Scripted

    with Scripted() as server:
        server.reply_with(lambda _: pieces)
        print(server.url, flush=True)
        sys.stdin.read()


def reply(index: str) -> dict[str, list[str]]:
    """Make a reply to the question: a sentence of each passage found, with speaker and place."""
    from rag.pipeline import Rag
    from rag.settings import Settings

    found = Rag.open(chosen=Settings(index=index, model="none")).search(QUESTION, 12)
    said = []
    for passage in (hit.passage for hit in found if not hit.passage.section):
        for span in passage.spans:
            if span.speaker == passage.spans[-1].speaker and (words := _SENTENCE.search(span.text)):
                place = f"{passage.transcript}:{span.number}"
                said.append(f"{span.speaker}说：「{words[0].strip()}」[{place}]。")
                break
    text = _OPENING + "".join(said)
    size = len(text) // PIECES
    pieces = [text[start : start + size] for start in range(0, (PIECES - 1) * size, size)]
    return {"pieces": [*pieces, text[(PIECES - 1) * size :]]}


def warm(index: str, url: str, answers: int) -> dict[str, list[float]]:
    """Take turns asking the model directly and through `rag`; milliseconds of each."""
    import openai

    from rag.pipeline import Rag
    from rag.settings import Settings

    os.environ |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": ""}
    asked = Rag.open(chosen=Settings(index=index, model=MODEL))
    model = asked.model
    assert model is not None
    recorder = _Recorder(model)
    asked.model = recorder
    asked.ask(QUESTION)
    asked.model = model
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    messages: Any = [{"role": item.role, "content": item.content} for item in recorder.messages]
    characters = float(sum(len(item.content) for item in recorder.messages))
    figures: dict[str, list[float]] = {"prompt": [characters]}
    for number in range(-_WARMING, answers):
        times = _bare(client, messages) | _ours(asked)
        for name, milliseconds in times.items() if number >= 0 else ():
            figures.setdefault(name, []).append(milliseconds)
    return figures


def steps(index: str, url: str) -> dict[str, float]:
    """Go through a first answer step by step; CPU seconds of each."""
    clock = {"start": 0.0}
    os.environ |= {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": ""}
    from rag.pipeline import Rag
    from rag.settings import Settings
    from rag.types import Message

    clock["interpreter, importing `rag`"] = time.process_time()
    asked = Rag.open(chosen=Settings(index=index, model=MODEL))
    clock["opening the index, loading the encoder"] = time.process_time()
    asked.find(QUESTION)
    clock["searching"] = time.process_time()
    from rag.llm.lean import import_openai

    import_openai()
    clock["importing `openai`"] = time.process_time()
    assert asked.model is not None
    for _ in asked.model.stream([Message("user", QUESTION)]):
        pass
    clock["making a client, a first reply"] = time.process_time()
    asked.ask(QUESTION)
    clock["prompt, reply, checks"] = time.process_time()
    ends = list(clock.items())
    return {name: end - start for (_, start), (name, end) in pairwise(ends)}


def _bare(client: openai.OpenAI, messages: list[ChatCompletionMessageParam]) -> dict[str, float]:
    started, first = time.perf_counter(), 0.0
    stream = client.chat.completions.create(
        model=MODEL,
        messages=messages,
        stream=True,
        temperature=0.0,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if not first and chunk.choices and chunk.choices[0].delta.content:
            first = time.perf_counter()
    return _between(started, first, "bare")


def _ours(asked: Rag) -> dict[str, float]:
    started, first = time.perf_counter(), 0.0
    answering = asked.stream(QUESTION)
    for piece in answering:
        if not first and piece:
            first = time.perf_counter()
    times = _between(started, first, "rag")
    answer = answering.answer
    assert answer is not None
    assert not answer.findings, answer.findings  # else it is not the usual work
    return times | {f"stage {name}": took for name, took in answer.timings.items()}


def _between(started: float, first: float, who: str) -> dict[str, float]:
    ended = time.perf_counter()
    return {f"{who} first": (first - started) * 1000, f"{who} total": (ended - started) * 1000}


if __name__ == "__main__":
    roles: dict[str, Any] = {"serve": serve, "reply": reply, "warm": warm, "steps": steps}
    if (figures := roles[sys.argv[1]](**json.loads(sys.argv[2]))) is not None:
        print(json.dumps(figures))
