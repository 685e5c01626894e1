"""The wire is right: a server that we did not write, with a real if tiny model behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from fakes import HashEncoder
from real_server import MODEL, SENTENCE, RealServer
from samples import is_one_line

from rag.errors import ModelFailed
from rag.llm import Endpoint, OpenAIChat
from rag.pipeline import Rag
from rag.settings import Settings
from rag.store import Store
from rag.types import Message

ASKED = [
    Message("system", "只根据给出的片段回答。"),
    Message("user", "What is the cheapest tea? 最便宜的茶多少钱？"),
]
BODY: Any = [{"role": message.role, "content": message.content} for message in ASKED]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def client(server: RealServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
        yield client


def chat(server: RealServer, model: str) -> OpenAIChat:
    return OpenAIChat(Endpoint(server.url, "none", timeout=60, retries=0), model)


def test_the_server_replies_to_the_client(client: openai.OpenAI) -> None:
    done = client.chat.completions.create(model=MODEL, messages=BODY)
    assert done.choices[0].message.content == SENTENCE
    assert done.choices[0].finish_reason == "stop"


def test_a_reply_is_streamed_and_counted(server: RealServer, client: openai.OpenAI) -> None:
    deltas = list(chat(server, MODEL).stream(ASKED))
    assert "".join(delta.text for delta in deltas) == SENTENCE
    texts = [delta.text for delta in deltas if delta.text]
    assert len(texts) > 10
    # The first character came in three tokens, a byte each: nothing is shown before it is whole.
    assert texts[0] == SENTENCE[0]
    (usage,) = [delta.usage for delta in deltas if delta.usage]
    read, written, total = (f"{name}_tokens" for name in ("prompt", "completion", "total"))
    assert usage[total] == usage[read] + usage[written]
    assert usage[read] > sum(len(message.content.encode()) for message in ASKED)  # a byte, a token
    whole = client.chat.completions.create(model=MODEL, messages=BODY).usage
    assert whole is not None
    assert usage == {
        read: whole.prompt_tokens,
        written: whole.completion_tokens,
        total: whole.total_tokens,
    }


def test_a_wrong_model_is_refused(server: RealServer) -> None:
    with pytest.raises(ModelFailed, match="'other'") as failed:
        list(chat(server, "other").stream(ASKED))
    assert failed.value.exit_code == 4
    assert is_one_line(f"rag: {failed.value}\n")


def test_a_server_that_cannot_list_its_models_wants_one_named(server: RealServer) -> None:
    with pytest.raises(ModelFailed, match="does not tell which models") as failed:
        list(chat(server, "").stream(ASKED))
    assert "--model" in failed.value.hint


def test_a_question_is_answered_and_the_answer_checked(server: RealServer, built: Path) -> None:
    asked = Rag(Store.open(built), HashEncoder(), Settings(), chat(server, MODEL))
    reply = asked.stream("最便宜的茶多少钱一壶？")
    pieces = list(reply)
    answer = reply.answer
    assert answer is not None
    assert "".join(pieces) == answer.text == SENTENCE
    assert len(pieces) > 5
    (cited,) = answer.citations
    assert (str(cited.address), cited.speaker, cited.exact) == ("tea:4", "王秀兰", True)
    assert cited.quote in SENTENCE
    assert answer.quotes == 1
    assert (answer.model, answer.refused, answer.incomplete) == (MODEL, False, False)
    assert answer.usage["total_tokens"] > answer.usage["completion_tokens"] > 20
