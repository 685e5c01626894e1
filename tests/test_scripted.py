"""The scripted model server does what it says, seen through the real client."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import wire
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from scripted import Scripted
from scripted_http import Ending, Step, unused_url

QUESTION: Any = [
    {"role": "system", "content": "Answer from the passages."},
    {"role": "user", "content": "茶馆几点开门？"},
]
COUNTED: Any = {"include_usage": True}


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def client(server: Scripted) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key="sk-test", max_retries=0, timeout=20) as client:
        yield client


def ask(client: openai.OpenAI, **options: Any) -> openai.Stream[ChatCompletionChunk]:
    stream: openai.Stream[ChatCompletionChunk] = client.chat.completions.create(
        model="scripted-1", messages=QUESTION, stream=True, **options
    )
    return stream


def heard(chunks: Iterator[ChatCompletionChunk]) -> tuple[str, str | None, CompletionUsage | None]:
    """The whole text of a stream, why it ended, and its token counts."""
    text, finish, usage = "", None, None
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return text, finish, usage


def test_a_reply_is_streamed_and_the_request_kept(server: Scripted, client: openai.OpenAI) -> None:
    server.say("早上", "五点。")
    text, finish, usage = heard(iter(ask(client, stream_options=COUNTED, temperature=0)))
    assert (text, finish) == ("早上五点。", "stop")
    assert usage is not None
    assert usage.total_tokens == usage.prompt_tokens + 2
    assert server.last.prompt.endswith("茶馆几点开门？")
    assert (server.last.model, server.last.key) == ("scripted-1", "sk-test")
    assert server.last.body["temperature"] == 0


def test_tokens_are_counted_only_when_asked_for(server: Scripted, client: openai.OpenAI) -> None:
    server.say("Five.")
    assert heard(iter(ask(client)))[2] is None
    server.say("Five.", usage=False)
    assert heard(iter(ask(client, stream_options=COUNTED)))[2] is None


def test_a_reply_comes_in_one_when_no_stream_is_wanted(
    server: Scripted, client: openai.OpenAI
) -> None:
    server.say("早上", "五点。")
    done = client.chat.completions.create(model="scripted-1", messages=QUESTION)
    assert done.choices[0].message.content == "早上五点。"
    assert done.usage is not None


@pytest.mark.parametrize("style", [wire.PLAIN, wire.ODD, wire.BARE])
@pytest.mark.parametrize("split", [0, 1, 7])
def test_every_style_and_every_cut_says_the_same(
    server: Scripted, client: openai.OpenAI, style: wire.Style, split: int
) -> None:
    server.queue(Step(("「茶", "馆」𠮷 ", "\n\nopens"), style=style, split=split))
    text, finish, usage = heard(iter(ask(client, stream_options=COUNTED)))
    assert (text, finish) == ("「茶馆」𠮷 \n\nopens", "stop")
    assert usage is not None


def test_a_model_that_reads_the_prompt(server: Scripted, client: openai.OpenAI) -> None:
    server.reply_with(lambda body: [body["messages"][-1]["content"], "!"])
    assert heard(iter(ask(client)))[0] == "茶馆几点开门？!"
    server.say("queued first")
    assert heard(iter(ask(client)))[0] == "queued first"


def test_what_is_wrong_in_the_tests_model_fails_the_test() -> None:
    def model(_: object) -> str:
        raise ZeroDivisionError

    def test() -> None:
        with Scripted() as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
            server.reply_with(model)
            with pytest.raises(openai.BadRequestError):
                heard(iter(ask(client)))

    with pytest.raises(ZeroDivisionError):
        test()


def test_a_request_that_nobody_expected_fails_the_test() -> None:
    def test() -> None:
        with (
            Scripted() as server,
            openai.OpenAI(base_url=server.url, api_key="k") as client,
            pytest.raises(openai.BadRequestError),
        ):
            heard(iter(ask(client)))

    with pytest.raises(AssertionError, match="no reply was queued"):
        test()


def test_a_busy_endpoint_is_asked_again(server: Scripted, client: openai.OpenAI) -> None:
    busy = {"retry-after-ms": "1"}
    server.fail(429, wire.rate_limit("scripted-1"), headers=busy, times=2)
    server.say("at last")
    assert heard(iter(ask(client.with_options(max_retries=2))))[0] == "at last"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, wire.no_quota(), openai.RateLimitError),
        (400, wire.content_filter(), openai.BadRequestError),
        (503, "", openai.InternalServerError),
        (502, {"error": "upstream"}, openai.InternalServerError),
    ],
)
def test_failures_arrive_as_their_kind(
    server: Scripted,
    client: openai.OpenAI,
    status: int,
    body: wire.Body,
    error: type[openai.APIStatusError],
) -> None:
    server.fail(status, body)
    with pytest.raises(error) as failed:
        ask(client)
    if isinstance(body, str):
        assert "<h1>503 Service Unavailable</h1>" in failed.value.response.text


@pytest.mark.parametrize("ending", ["closed", "reset", "quiet"])
def test_a_stream_breaks_after_what_was_said(
    server: Scripted, client: openai.OpenAI, ending: Ending
) -> None:
    server.break_after("It opens ", "at fi", ending=ending)
    heard = ""
    finish = None
    try:
        for chunk in ask(client):
            heard += chunk.choices[0].delta.content or ""
            finish = finish or chunk.choices[0].finish_reason
    except openai.APIConnectionError:
        assert ending != "quiet"
    else:
        assert ending == "quiet"
    assert (heard, finish) == ("It opens at fi", None)


def test_no_reply_at_all(server: Scripted, client: openai.OpenAI) -> None:
    server.drop()
    with pytest.raises(openai.APIConnectionError):
        ask(client)
    with (
        openai.OpenAI(base_url=unused_url(), api_key="k", max_retries=0) as nobody,
        pytest.raises(openai.APIConnectionError),
    ):
        ask(nobody)


def test_an_error_in_the_stream(server: Scripted, client: openai.OpenAI) -> None:
    server.error_in_stream("It opens ")
    chunks = ask(client)
    assert heard(next(chunks) for _ in range(2))[0] == "It opens "
    with pytest.raises(openai.APIError, match="error while processing"):
        next(chunks)


def test_ways_to_end_early(server: Scripted, client: openai.OpenAI) -> None:
    server.empty()
    server.filtered("It ")
    server.length("It opens")
    assert heard(iter(ask(client)))[:2] == ("", "stop")
    assert heard(iter(ask(client)))[:2] == ("It ", "content_filter")
    assert heard(iter(ask(client)))[:2] == ("It opens", "length")


def test_a_timeout_before_and_within_the_reply(server: Scripted, client: openai.OpenAI) -> None:
    hurried = client.with_options(timeout=0.5)
    server.hang()
    with pytest.raises(openai.APITimeoutError):
        ask(hurried)
    server.stall("It opens ")
    chunks = ask(hurried)
    assert heard(next(chunks) for _ in range(2))[0] == "It opens "
    with pytest.raises(openai.APITimeoutError):
        next(chunks)


def test_a_reply_is_held_until_it_is_let_go(server: Scripted, client: openai.OpenAI) -> None:
    gate = server.hold("first ", "second")
    chunks = ask(client)
    assert heard(next(chunks) for _ in range(2))[0] == "first "
    gate.set()
    assert heard(iter(chunks))[:2] == ("second", "stop")


def test_the_server_knows_who_left(server: Scripted, client: openai.OpenAI) -> None:
    server.hold("first ", "second")
    chunks = ask(client)
    next(chunks)
    chunks.close()
    assert server.last.left.wait(10)


def test_closing_waits_for_nobody() -> None:
    with Scripted() as server:
        server.hang()
        failed: list[Exception] = []

        def wait() -> None:
            with openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
                try:
                    ask(client)
                except openai.APIConnectionError as error:
                    failed.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not server.requests:
            time.sleep(0.01)
    waiting.join(10)
    assert not isinstance(failed[0], openai.APITimeoutError)


def test_a_wrong_key_is_refused_and_shown(server: Scripted, client: openai.OpenAI) -> None:
    server.require_key("sk-right")
    with pytest.raises(openai.AuthenticationError, match="sk-test") as failed:
        ask(client)
    assert failed.value.code == "invalid_api_key"
    with pytest.raises(openai.AuthenticationError):
        client.models.list()
    server.say("welcome")
    assert heard(iter(ask(client.with_options(api_key="sk-right"))))[0] == "welcome"


@pytest.mark.parametrize("dialect", ["openai", "ollama", "vllm", "vllm-old", "transformers"])
def test_an_unknown_model_is_refused(server: Scripted, client: openai.OpenAI, dialect: str) -> None:
    server.models(["qwen3", "llama4"], dialect=dialect)
    assert [model.id for model in client.models.list()] == ["qwen3", "llama4"]
    with pytest.raises(openai.APIStatusError) as failed:
        ask(client)
    assert "scripted-1" in failed.value.response.text


def test_models_may_not_be_listed(server: Scripted, client: openai.OpenAI) -> None:
    server.no_list()
    with pytest.raises(openai.InternalServerError):
        client.models.list()
    assert server.lists == 1


def test_parameters_may_not_be_known(server: Scripted, client: openai.OpenAI) -> None:
    server.unsupported("temperature")
    server.refuse_usage()
    with pytest.raises(openai.BadRequestError) as failed:
        ask(client, temperature=0, stream_options=COUNTED)
    assert (failed.value.param, failed.value.code) == ("temperature", "unsupported_value")
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        ask(client, stream_options=COUNTED)
    assert "include_usage" in refused.value.response.text
    server.say("now")
    assert heard(iter(ask(client)))[0] == "now"


@pytest.mark.parametrize("dialect", [*wire.DIALECTS, *wire.OTHER_DIALECTS])
def test_a_prompt_is_too_long_in_many_words(
    server: Scripted, client: openai.OpenAI, dialect: str
) -> None:
    server.context_error(10, dialect)
    with pytest.raises(openai.APIError) as failed:
        heard(iter(ask(client)))
    error = failed.value
    assert isinstance(error, openai.APIStatusError) == (dialect not in wire.STREAMED)
    words = error.response.text if isinstance(error, openai.APIStatusError) else error.message
    assert "context" in words or "exceed" in words
    server.say("short enough")
    short: Any = [{"role": "user", "content": "茶？"}]
    done = client.chat.completions.create(model="scripted-1", messages=short)
    assert done.choices[0].message.content == "short enough"
