"""A question answered with a model that may fail: what is kept, and what is asked again."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import wire
from samples import NOT_THERE, OPENING, TEA, VIOLIN, WOOD, is_one_line
from scripted import KEY, Scripted
from scripted_http import Request

from rag import Rag, Settings
from rag.answer import NOT_FOUND
from rag.errors import ModelFailed
from rag.llm import Endpoint, OpenAIChat
from rag.types import Address, Answer, Earlier

BEGUN = ("王秀兰说：「我们每天早上", "五点开门，因为")
FAITHFUL = "王秀兰说：「我们每天早上五点开门」[tea:2]。"
LINE = re.compile(r"^\[(?:tea|violin):[^\]]+\]", re.MULTILINE)
Opened = Callable[..., Rag]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Rag:
    folder = tmp_path_factory.mktemp("project")
    (folder / "tea.md").write_text(TEA, encoding="utf-8")
    (folder / "violin.txt").write_text(VIOLIN, encoding="utf-8")
    return Rag.build([folder], str(folder / "index"), Settings(model="none"))


@pytest.fixture
def opened(llm_server: Scripted, index: Rag, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """The index with a model, which is not waited for when it wants to be asked again later."""
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def open_with(**settings: Any) -> Rag:
        chosen = replace(Settings(model="scripted-1", model_retries=0), **settings)
        endpoint = Endpoint(llm_server.url, KEY, chosen.model_timeout, chosen.model_retries)
        return Rag(index.store, index.encoder, chosen, OpenAIChat(endpoint, chosen.model))

    return open_with


def failed(rag: Rag, question: str = OPENING) -> tuple[ModelFailed, Answer | None]:
    """Ask, and fail: what was streamed is what is kept, marked, and nothing shows the key."""
    said: list[str] = []
    reply = rag.stream(question)
    with pytest.raises(ModelFailed) as error:
        said.extend(reply)
    assert is_one_line(f"rag: {error.value}\n")
    assert error.value.kind in ModelFailed.KINDS
    assert error.value.hint
    assert KEY not in f"{error.value} {reply.answer}"
    if reply.answer is not None:
        assert "".join(said) == reply.answer.text
        assert reply.answer.incomplete
        assert reply.answer.failure == str(error.value)
    else:
        assert said == []
    return error.value, reply.answer


def given(request: Request) -> int:
    """How many turns a prompt has."""
    return len(LINE.findall(request.messages[-1]["content"]))


# --- what came is kept


@pytest.mark.parametrize(
    ("arrange", "kind"),
    [
        (lambda s: s.break_after(*BEGUN), "broken"),
        (lambda s: s.break_after(*BEGUN, ending="reset"), "broken"),
        (lambda s: s.break_after(*BEGUN, ending="quiet"), "broken"),
        (lambda s: s.error_in_stream(*BEGUN), "server"),
        (lambda s: s.filtered(*BEGUN), "filtered"),
        (lambda s: s.length(*BEGUN), "length"),
        (lambda s: s.stall("".join(BEGUN), "never"), "timeout"),
    ],
)
def test_what_came_before_a_failure_is_kept_and_marked(
    llm_server: Scripted, opened: Opened, arrange: Callable[[Scripted], None], kind: str
) -> None:
    """Also what was still held back for its quotation to end."""
    arrange(llm_server)
    error, answer = failed(opened(model_timeout=0.3))
    assert error.kind == kind
    assert answer is not None
    assert answer.text == "".join(BEGUN)
    assert (answer.model, answer.refused, answer.question) == ("scripted-1", False, OPENING)


@pytest.mark.parametrize(
    ("arrange", "kind"),
    [
        (lambda s: s.require_key("sk-right"), "key"),
        (lambda s: s.models(["other"]), "model"),
        (lambda s: s.fail(404), "model"),
        (lambda s: s.fail(429, wire.rate_limit("m"), times=2), "rate"),
        (lambda s: s.fail(429, wire.no_quota(), times=2), "rate"),
        (lambda s: s.fail(503, times=2), "server"),
        (lambda s: s.drop(times=2), "unreachable"),
        (lambda s: s.hang(times=2), "timeout"),
        (lambda s: s.empty(), "empty"),
        (lambda s: s.say(" \n"), "empty"),
        (lambda s: s.say("<think>", "Hm.", "</think>"), "empty"),
        (lambda s: s.filtered(), "filtered"),
        (lambda s: s.fail(400, wire.content_filter()), "filtered"),
        (lambda s: s.break_after(), "unreachable"),
        (lambda s: s.break_after(ending="quiet"), "empty"),
    ],
)
def test_when_nothing_came_there_is_no_answer(
    llm_server: Scripted, opened: Opened, arrange: Callable[[Scripted], None], kind: str
) -> None:
    arrange(llm_server)
    error, answer = failed(opened(model_timeout=0.2, model_retries=1))
    assert (error.kind, answer) == (kind, None)
    assert llm_server.unsaid == 0


def test_what_was_checked_before_a_failure_is_in_the_answer(
    llm_server: Scripted, opened: Opened
) -> None:
    llm_server.break_after(FAITHFUL, "主持人说：「我们从不关门」[tea:2]。还有")
    _, answer = failed(opened())
    assert answer is not None
    assert [str(item.address) for item in answer.citations if item.exact] == ["tea:2"]
    assert [item.kind for item in answer.findings if item.kind == "absent"] == ["absent"]
    assert "✗" in answer.text


def test_ask_raises_what_stream_raises(llm_server: Scripted, opened: Opened) -> None:
    llm_server.break_after(*BEGUN)
    with pytest.raises(ModelFailed) as error:
        opened().ask(OPENING)
    assert error.value.kind == "broken"
    llm_server.say(FAITHFUL)
    assert opened().ask(OPENING).text == FAITHFUL


def test_a_reply_that_does_not_end_is_cut(llm_server: Scripted, opened: Opened) -> None:
    llm_server.say(*["五点开门，" * 10] * 200)
    error, answer = failed(opened(reply_tokens=50))
    assert error.kind == "length"
    assert "does not end" in error.message
    assert answer is not None
    assert 300 <= len(answer.text) <= 50 * 8


# --- asked again


def test_a_busy_endpoint_is_asked_again(llm_server: Scripted, opened: Opened) -> None:
    llm_server.fail(429, wire.rate_limit("m"), headers={"Retry-After": "1"})
    llm_server.fail(503)
    llm_server.say(FAITHFUL)
    assert opened(model_retries=2).ask(OPENING).text == FAITHFUL
    assert len(llm_server.requests) == 3


@pytest.mark.parametrize("dialect", ["openai", "llama.cpp-500", "lm-studio-stream"])
def test_a_prompt_too_long_is_halved_until_it_is_not(
    llm_server: Scripted, opened: Opened, dialect: str
) -> None:
    """The first limit lets nothing pass, so that one passage alone is tried before it fails."""
    llm_server.context_error(1, dialect)
    error, answer = failed(opened())
    assert (error.kind, answer) == ("context", None)
    assert "model_window" in error.hint
    turns = [given(request) for request in llm_server.requests]
    assert turns == sorted(set(turns), reverse=True)
    assert (turns[0], turns[-1]) == (12, 2)
    assert all("[tea:2]" in request.prompt for request in llm_server.requests)

    limit = llm_server.requests[1].tokens
    with Scripted() as wider:
        wider.context_error(limit, dialect)
        wider.say(FAITHFUL)
        rag = opened()
        rag.model = OpenAIChat(Endpoint(wider.url, KEY, retries=0), "scripted-1")
        found = rag.ask(OPENING)
    assert [given(request) for request in wider.requests] == turns[:2]
    assert found.text == FAITHFUL
    assert not found.incomplete
    assert found.left_out == 3
    assert len(found.hits) == 3


def test_what_does_not_fit_into_the_window_is_not_sent(
    llm_server: Scripted, opened: Opened
) -> None:
    for window in (8192, 1400, 1024):
        llm_server.say(FAITHFUL)
        found = opened(model_window=window, reply_tokens=200).ask(OPENING)
        assert found.left_out + len(found.hits) == 6
        assert given(llm_server.last) == 2 * len(found.hits)
        assert found.hits[0].passage.address == Address("tea", 1, 2)
    assert given(llm_server.requests[0]) == 12
    assert given(llm_server.last) < 12


def test_parameters_are_refused_once(llm_server: Scripted, opened: Opened) -> None:
    llm_server.unsupported("temperature")
    llm_server.refuse_usage()
    rag = opened()
    for _ in range(2):
        llm_server.say(FAITHFUL)
        assert rag.ask(OPENING).usage == {}
    assert len(llm_server.requests) == 4


# --- what is said


def test_the_only_model_of_an_endpoint_is_named_in_the_answer(
    llm_server: Scripted, opened: Opened
) -> None:
    llm_server.say(FAITHFUL)
    rag = opened(model="")
    assert rag.ask(OPENING).model == "scripted-1"


def test_thoughts_are_no_part_of_an_answer(llm_server: Scripted, opened: Opened) -> None:
    llm_server.say("<thi", "nk>「没有的话」[tea:9]</thi", "nk>\n\n", FAITHFUL)
    answer = opened().ask(OPENING)
    assert answer.text == FAITHFUL
    assert answer.findings == ()


def test_bytes_cut_in_the_middle_of_characters_are_whole_in_the_answer(
    llm_server: Scripted, opened: Opened
) -> None:
    llm_server.say_bytes_split(*FAITHFUL, size=1)
    assert opened().ask(OPENING).text == FAITHFUL


def test_tokens_are_counted_over_all_requests_and_cost(
    llm_server: Scripted, opened: Opened
) -> None:
    def counts(read: int, written: int) -> dict[str, int]:
        total = read + written
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": total}

    llm_server.say("茶馆冬天几点开门？", usage=counts(100, 10))
    llm_server.say(FAITHFUL, usage=counts(1000, 50))
    rag = opened(price_input=2.0, price_output=10.0)
    answer = rag.ask("那冬天呢？", history=[Earlier(OPENING, FAITHFUL)])
    assert answer.usage == counts(1100, 60)
    assert answer.cost == pytest.approx((1100 * 2 + 60 * 10) / 1e6)
    assert answer.standalone == "茶馆冬天几点开门？"


def test_a_model_that_fails_to_rephrase_is_asked_the_question_as_it_is(
    llm_server: Scripted, opened: Opened
) -> None:
    llm_server.fail(500, "no")
    llm_server.say(FAITHFUL)
    answer = opened().ask("那冬天呢？", history=[Earlier(OPENING, FAITHFUL)])
    assert (answer.text, answer.standalone) == (FAITHFUL, "")
    assert "那冬天呢？" in llm_server.last.prompt


def test_a_model_is_not_asked_what_nothing_was_found_for(
    llm_server: Scripted, opened: Opened
) -> None:
    answer = opened(model_refuse_below=0.9).ask(NOT_THERE)
    assert (answer.refused, llm_server.requests) == (True, [])
    assert answer.text.startswith(NOT_FOUND["en"])


@pytest.mark.parametrize(("question", "language"), [(OPENING, "zh"), (WOOD, "en")])
def test_the_refusal_of_a_model_is_recognised(
    llm_server: Scripted, opened: Opened, question: str, language: str
) -> None:
    llm_server.say(*NOT_FOUND[language])
    answer = opened().ask(question)
    assert (answer.refused, answer.citations, answer.incomplete) == (True, (), False)
    assert answer.text.startswith(NOT_FOUND[language])


# --- several at once


def test_several_threads_ask_at_once(llm_server: Scripted, opened: Opened) -> None:
    def model(body: Any) -> list[str]:
        asked = str(body["messages"][-1]["content"])
        return ["Number ", asked.rsplit("number ", 1)[1], " it is."]

    llm_server.reply_with(model)
    rag = opened(model="")
    with ThreadPoolExecutor(8) as pool:
        asked = [f"Which wood is the bridge of violin number {n}" for n in range(16)]
        answers = list(pool.map(rag.ask, asked))
    for n, answer in enumerate(answers):
        assert answer.question == asked[n]
        assert answer.text.startswith(f"Number {n} it is.")
