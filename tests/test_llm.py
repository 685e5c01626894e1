"""The language model's client against an endpoint that says, and fails, what a test tells it to."""

from __future__ import annotations

import importlib.util
import json
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import wire
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import is_one_line
from scripted import KEY, Scripted
from scripted_http import Ending, Step, unused_url

from rag.errors import ModelFailed
from rag.llm import DEFAULT_MODEL, Endpoint, OpenAIChat, lean, load
from rag.settings import Settings
from rag.types import Delta, Message

ASKED = [Message("system", "Answer from the passages."), Message("user", "茶馆几点开门？")]
OPENED = ("早上", "五点。[tea:2]")
WHOLE = "".join(OPENED)


@pytest.fixture(autouse=True)
def _without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new client reads all certificates of the system, 50 ms that no test here needs."""
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_: None)


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client wanted to sleep between two tries; nobody waits for them."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", seconds.append)
    return seconds


def chat(
    server: Scripted,
    model: str = "scripted-1",
    *,
    key: str = KEY,
    timeout: float = 20.0,
    retries: int = 0,
) -> OpenAIChat:
    return OpenAIChat(Endpoint(server.url, key, timeout, retries), model)


def heard(model: OpenAIChat) -> tuple[str, dict[str, int]]:
    """The whole reply, and its token counts."""
    text, usage = "", dict[str, int]()
    for delta in model.stream(ASKED):
        text += delta.text
        usage.update(delta.usage)
    return text, usage


def broken(model: OpenAIChat) -> tuple[str, ModelFailed]:
    """What came before the failure, and the failure, fit to be shown."""
    said: list[str] = []
    with pytest.raises(ModelFailed) as failed:
        said.extend(delta.text for delta in model.stream(ASKED))
    text, error = "".join(said), failed.value
    assert is_one_line(f"rag: {error}\n")
    assert error.exit_code == 4
    assert error.kind in ModelFailed.KINDS
    assert error.message
    assert error.hint
    shown = "".join(traceback.format_exception(error))
    assert model.endpoint.key not in f"{error} {error!r} {shown} {model.endpoint!r}"
    return text, error


# --- a reply


def test_a_reply_comes_in_pieces_and_is_counted(server: Scripted) -> None:
    server.say(*OPENED)
    deltas = list(chat(server).stream(ASKED))
    assert [delta.text for delta in deltas if delta.text] == list(OPENED)
    (usage,) = [delta.usage for delta in deltas if delta.usage]
    assert usage["completion_tokens"] == 2
    assert usage["total_tokens"] == usage["prompt_tokens"] + 2
    body = server.last.body
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in ASKED]
    assert (body["model"], body["stream"], body["temperature"]) == ("scripted-1", True, 0)
    assert server.last.key == KEY


def test_a_piece_is_there_before_the_reply_is_whole(server: Scripted) -> None:
    gate = server.hold(*OPENED)
    deltas = chat(server).stream(ASKED)
    assert next(delta.text for delta in deltas if delta.text) == OPENED[0]
    gate.set()
    assert "".join(delta.text for delta in deltas) == OPENED[1]


def test_whoever_has_heard_enough_hangs_up(server: Scripted) -> None:
    server.hold("first ", "never")
    deltas = chat(server).stream(ASKED)
    assert next(deltas).text == "first "
    assert isinstance(deltas, Iterator)
    deltas.close()  # type: ignore[attr-defined]  # it is a generator
    assert server.last.left.wait(10)


@pytest.mark.parametrize("style", [wire.PLAIN, wire.ODD, wire.BARE], ids=["plain", "odd", "bare"])
@pytest.mark.parametrize("split", [0, 1, 5])
def test_every_way_to_write_a_stream_says_the_same(
    server: Scripted, style: wire.Style, split: int
) -> None:
    """Characters are cut within their bytes, too, and what the model thinks is left out."""
    server.queue(Step(("「茶", "馆」𠮷 ", "", "\n\nopens"), style=style, split=split))
    text, usage = heard(chat(server))
    assert text == "「茶馆」𠮷 \n\nopens"
    assert usage["total_tokens"] > 0


def test_nothing_is_counted_when_the_endpoint_does_not(server: Scripted) -> None:
    server.say(*OPENED, usage=False)
    assert heard(chat(server)) == (WHOLE, {})


THOUGHT = "<think>They ask, maybe, for 「茶」 [tea:9].\n</think>\n\n"


@pytest.mark.parametrize("text", [THOUGHT + WHOLE, "\n" + THOUGHT + WHOLE, WHOLE])
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_what_is_thought_aloud_is_left_out_however_it_is_cut(
    text: str, data: st.DataObject
) -> None:
    from rag.llm import _without_thinking

    places = sorted(data.draw(st.sets(st.integers(1, len(text) - 1), max_size=8)))
    cut = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    usage = {"total_tokens": 7}
    said = list(_without_thinking(iter([*map(Delta, cut), Delta("", usage)])))
    assert "".join(delta.text for delta in said) == WHOLE
    assert [delta.usage for delta in said if delta.usage] == [usage]


@pytest.mark.parametrize(
    "text",
    ["a < b", "<", "<thin>", "Is 3 <think> 2?", "<b>bold</b>", "He said <think>x</think> aloud"],
)
def test_what_only_resembles_a_thought_is_said(server: Scripted, text: str) -> None:
    server.say(*text)
    assert heard(chat(server))[0] == text


def test_a_thought_goes_through_the_wire_in_pieces(server: Scripted) -> None:
    server.say("<th", "ink>Hm", "m.</thi", "nk>", "\n\n", *OPENED)
    assert heard(chat(server))[0] == WHOLE


@pytest.mark.parametrize("text", ["<think>Hmm.</think>", "<think>Hmm.</think>\n\n", "<think>Hmm."])
def test_a_thought_without_a_word_after_it_is_an_empty_reply(server: Scripted, text: str) -> None:
    server.say(*text)
    assert broken(chat(server))[1].kind == "empty"


# --- what can go wrong


Arrange = Callable[[Scripted], None]
NOT_SERVED = {
    "openai": "does not exist or you do not have access",
    "ollama": "try pulling it first",
    "vllm": "`scripted-1` does not exist",
    "vllm-old": "`scripted-1` does not exist",
    "transformers": "requested 'scripted-1'",
}
FAILURES: dict[str, tuple[Arrange, str, str, str]] = {
    "wrong key": (lambda s: s.require_key("sk-right"), "key", "Incorrect API key", "API_KEY"),
    "forbidden": (lambda s: s.fail(403, "Country not supported"), "key", "not supp", "API_KEY"),
    "web page": (lambda s: s.fail(404), "model", "a web page", "OPENAI_BASE_URL"),
    "filtered prompt": (
        lambda s: s.fail(400, wire.content_filter()), "filtered", "content management", "other",
    ),
    "rate": (lambda s: s.fail(429, wire.rate_limit("m")), "rate", "try again in 20s", "wait"),
    "quota": (lambda s: s.fail(429, wire.no_quota()), "rate", "current quota", "wait"),
    "proxy": (lambda s: s.fail(502), "server", "a web page", "later"),
    "server": (lambda s: s.fail(500, "CUDA out of memory"), "server", "out of memory", "later"),
    "overloaded": (lambda s: s.fail(503, {"error": "overloaded"}), "server", "overl", "later"),
    "gateway": (lambda s: s.fail(504), "timeout", "no reply in time", "model_timeout"),
    "dropped": (lambda s: s.drop(), "unreachable", "not reached", "network"),
    "empty": (lambda s: s.empty(), "empty", "an empty reply", "ask again"),
    "blank": (lambda s: s.say(" ", "\n"), "empty", "an empty reply", "ask again"),
    "filtered": (lambda s: s.filtered(), "filtered", "content filter", "other words"),
    "no room": (lambda s: s.length(), "length", "cut", "limit"),
    "error event": (lambda s: s.error_in_stream(), "server", "had an error", "again"),
    "other request": (lambda s: s.fail(400, "no such thing"), "request", "no such", "--model"),
    "odd status": (lambda s: s.fail(418, "I am a teapot"), "request", "teapot", "--model"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_told_in_one_line_with_what_to_do(server: Scripted, case: str) -> None:
    arrange, kind, words, hint = FAILURES[case]
    arrange(server)
    text, error = broken(chat(server))
    assert text.strip() == ""
    assert error.kind == kind
    assert words in error.message
    assert hint in error.hint
    assert len(server.requests) == 1


@pytest.mark.parametrize("dialect", NOT_SERVED)
def test_a_model_that_is_not_served_is_named(server: Scripted, dialect: str) -> None:
    server.models(["qwen3"], dialect=dialect)
    _, error = broken(chat(server))
    assert "scripted-1" in error.message
    assert NOT_SERVED[dialect] in error.message
    assert "--model" in error.hint
    assert error.kind == "model"


def test_an_address_that_is_not_an_api_is_told_from_an_unknown_model(server: Scripted) -> None:
    wrong = Endpoint(server.url.removesuffix("/v1"), KEY, retries=0)
    _, error = broken(OpenAIChat(wrong, "scripted-1"))
    assert "/v1" in error.hint
    assert server.url.split("/")[2] in error.message


def test_nobody_is_there() -> None:
    url = unused_url()
    _, error = broken(OpenAIChat(Endpoint(url, KEY, retries=0), "m"))
    assert error.kind == "unreachable"
    assert url.split("/")[2] in error.message


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:9/v1", "http://localhost:abc/v1", "http://[::1/v1", "not a url", "ftp://x/v1", "/"],
)
def test_an_address_that_is_none_is_told_as_such(url: str) -> None:
    _, error = broken(OpenAIChat(Endpoint(url, KEY, retries=0), "m"))
    assert error.kind == "unreachable"
    assert error.message == "OPENAI_BASE_URL is not an address"
    assert "http://localhost" in error.hint


@pytest.mark.parametrize("place", ["{}", "http://{}:9", "http://{}:abc"])
def test_a_password_in_an_address_is_not_shown(place: str) -> None:
    url = place.format("user:hunter22@127.0.0.1") + "/v1"
    model = OpenAIChat(Endpoint(url, KEY, retries=0), "")
    _, error = broken(model)
    assert "hunter22" not in f"{error} {model.model} {model.endpoint!r}"


def test_a_reply_that_does_not_begin(server: Scripted) -> None:
    server.hang()
    text, error = broken(chat(server, timeout=0.3))
    assert (text, error.kind) == ("", "timeout")
    assert "no reply in time" in error.message


def test_a_reply_that_stops_coming(server: Scripted) -> None:
    server.stall(*OPENED)
    text, error = broken(chat(server, timeout=0.3))
    assert (text, error.kind) == (OPENED[0], "timeout")
    assert "stopped coming" in error.message


@pytest.mark.parametrize("ending", ["closed", "reset", "quiet"])
def test_a_reply_that_breaks_in_the_middle(server: Scripted, ending: Ending) -> None:
    server.break_after(*OPENED, ending=ending)
    text, error = broken(chat(server))
    assert (text, error.kind) == (WHOLE, "broken")
    server.break_after(ending=ending)
    assert broken(chat(server))[0] == ""


def test_an_error_after_the_first_words(server: Scripted) -> None:
    server.error_in_stream(*OPENED)
    text, error = broken(chat(server))
    assert (text, error.kind) == (WHOLE, "server")
    assert "had an error while processing" in error.message


def test_the_filter_and_the_limit_keep_what_was_said(server: Scripted) -> None:
    server.filtered(*OPENED)
    assert [(text, error.kind) for text, error in [broken(chat(server))]] == [(WHOLE, "filtered")]
    server.length(*OPENED)
    assert [(text, error.kind) for text, error in [broken(chat(server))]] == [(WHOLE, "length")]


def test_a_model_that_declines_is_not_taken_for_one_that_is_silent(server: Scripted) -> None:
    declined: Any = {"choices": [{"index": 0, "delta": {"refusal": "I can't help with that."}}]}
    stopped: Any = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    events = b"".join(map(wire.event, [declined, stopped, "[DONE]"])).decode()
    server.queue(Step(body=events, headers={"Content-Type": "text/event-stream"}))
    assert broken(chat(server))[1].kind == "filtered"


@pytest.mark.parametrize(
    "body", ["data: {nonsense\n\n", "data: 7\n\n", 'data: {"choices": 3}\n\n', "<html>hello</html>"]
)
def test_what_is_no_stream_is_no_reply(server: Scripted, body: str) -> None:
    server.queue(Step(body=body))
    text, error = broken(chat(server))
    assert text == ""
    assert error.kind in ("server", "empty")


@pytest.mark.parametrize("dialect", [*wire.DIALECTS, *wire.OTHER_DIALECTS])
def test_a_prompt_too_long_is_recognised_in_every_wording(server: Scripted, dialect: str) -> None:
    server.context_error(10, dialect)
    _, error = broken(chat(server))
    assert error.kind == "context"
    assert "model_window" in error.hint


# --- asked again


def test_a_busy_endpoint_is_given_the_time_it_wants(server: Scripted, naps: list[float]) -> None:
    server.fail(429, wire.rate_limit("m"), headers={"Retry-After": "7"}, times=2)
    server.say(*OPENED)
    assert heard(chat(server, retries=2))[0] == WHOLE
    assert naps == [7, 7]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "body"), [(429, wire.rate_limit("m")), (500, ""), (502, ""), (503, {"error": "no"})]
)
def test_patience_ends(server: Scripted, naps: list[float], status: int, body: wire.Body) -> None:
    server.fail(status, body, times=3)
    _, error = broken(chat(server, retries=2))
    assert error.kind == ("rate" if status == 429 else "server")
    assert (len(server.requests), len(naps), server.unsaid) == (3, 2, 0)


def test_a_server_that_fails_once_is_asked_again(server: Scripted, naps: list[float]) -> None:
    server.fail(503)
    server.drop()
    server.say(*OPENED)
    assert heard(chat(server, retries=2))[0] == WHOLE


def test_what_was_said_is_not_asked_for_again(server: Scripted) -> None:
    """A reply that broke off would begin anew with other words."""
    server.break_after(*OPENED)
    assert broken(chat(server, retries=2))[0] == WHOLE
    assert len(server.requests) == 1


@pytest.mark.parametrize("dialect", ["mistral", "vllm"])
def test_parameters_that_are_refused_are_left_out_for_good(server: Scripted, dialect: str) -> None:
    server.unsupported("temperature")
    server.refuse_usage(dialect)
    model = chat(server)
    for _ in range(2):
        server.say(*OPENED)
        assert heard(model)[0] == WHOLE
    given = [{"temperature", "stream_options"} & set(asked.body) for asked in server.requests]
    assert given == [{"temperature", "stream_options"}, {"stream_options"}, set(), set()]


@pytest.mark.parametrize("name", ["gpt-5-mini", "o3", "o4-mini"])
def test_a_model_that_reasons_is_not_sent_a_temperature(server: Scripted, name: str) -> None:
    server.say(*OPENED)
    heard(chat(server, name))
    assert "temperature" not in server.last.body
    assert "stream_options" in server.last.body


# --- which model


def test_the_only_model_of_an_endpoint_needs_no_name(server: Scripted) -> None:
    server.models(["qwen3:4b"])
    model = chat(server, "")
    assert model.model == server.url.split("/")[2]
    for _ in range(2):
        server.say(*OPENED)
        assert heard(model)[0] == WHOLE
    assert (server.last.model, model.model, server.lists) == ("qwen3:4b", "qwen3:4b", 1)


@pytest.mark.parametrize("count", [0, 2, 30])
def test_one_of_several_models_must_be_named(server: Scripted, count: int) -> None:
    server.models(f"model-{number}" for number in range(count))
    _, error = broken(chat(server, ""))
    assert error.kind == "model"
    assert f"serves {count} models" in error.message
    assert error.message.count("model-") == min(count, 8)
    assert "--model" in error.hint
    assert server.requests == []


@pytest.mark.parametrize("status", [404, 500])
def test_an_endpoint_that_lists_no_models_wants_one_named(server: Scripted, status: int) -> None:
    server.no_list(status)
    _, error = broken(chat(server, ""))
    assert (error.kind, server.requests) == ("model", [])
    assert "does not tell which models" in error.message


def test_a_wrong_key_is_told_when_the_models_are_asked_for(server: Scripted) -> None:
    server.require_key("sk-right")
    assert broken(chat(server, ""))[1].kind == "key"
    _, error = broken(OpenAIChat(Endpoint(unused_url(), KEY, retries=0), ""))
    assert error.kind == "unreachable"


# --- the key


@pytest.mark.parametrize("key", [KEY, "0123456789abcdef", "töpfchen-öffne-dich", "sk-with\nbreak"])
def test_a_key_is_in_nothing_that_is_shown(server: Scripted, key: str) -> None:
    server.require_key("sk-right")
    _, error = broken(chat(server, key=key))
    assert error.kind == "key"


@pytest.mark.parametrize(
    "said", ["sk-proj-Ab1_Cd2*****************Ef3Z", "Bearer abcdefgh12345", "sk-abcdefghijklmn"]
)
def test_what_looks_like_a_key_is_not_repeated(server: Scripted, said: str) -> None:
    server.fail(401, f"Incorrect API key provided: {said}.")
    _, error = broken(chat(server))
    assert said.rsplit(maxsplit=1)[-1] not in str(error)
    assert "***" in error.message


def test_an_endpoint_cannot_steer_a_terminal_or_fill_it(server: Scripted) -> None:
    server.fail(400, "\x1b[2J\u202enope\r\nrag: all is well\n" + "very " * 200)
    _, error = broken(chat(server))
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)
    assert len(str(error)) < 400


# --- from the settings and the environment


def test_without_a_name_a_key_or_an_address_there_is_no_model() -> None:
    assert load(Settings(), {}) is None
    assert load(Settings(), {"OPENAI_API_KEY": "  ", "OPENAI_BASE_URL": " "}) is None
    for name in ("none", "NONE", " none "):
        assert load(Settings(model=name), {"OPENAI_API_KEY": KEY}) is None


def test_a_named_model_needs_a_key_or_an_address() -> None:
    model = load(Settings(model="gpt-5"), {})
    assert model is not None
    with pytest.raises(ModelFailed, match="no key for the model 'gpt-5'") as failed:
        next(model.stream(ASKED))
    assert failed.value.kind == "key"
    assert "OPENAI_API_KEY" in failed.value.hint


@pytest.mark.parametrize(
    ("name", "environment", "model", "url"),
    [
        ("", {"OPENAI_API_KEY": KEY}, DEFAULT_MODEL, "https://api.openai.com/v1"),
        ("m", {"OPENAI_API_KEY": KEY}, "m", "https://api.openai.com/v1"),
        ("m", {"OPENAI_BASE_URL": "http://h:1/v1"}, "m", "http://h:1/v1"),
        ("", {"OPENAI_BASE_URL": "http://h:1/v1"}, "h:1", "http://h:1/v1"),
        ("m", {"OPENAI_API_KEY": f"{KEY}\r\n", "OPENAI_BASE_URL": " http://h/v1\n"}, "m",
         "http://h/v1"),
    ],
)  # fmt: skip
def test_where_the_model_is(name: str, environment: dict[str, str], model: str, url: str) -> None:
    found = load(Settings(model=name, model_timeout=3, model_retries=1), environment)
    assert found is not None
    assert (found.model, found.endpoint.url) == (model, url)
    assert (found.endpoint.timeout, found.endpoint.retries) == (3, 1)
    assert found.endpoint.key == (KEY if "OPENAI_API_KEY" in environment else "none")
    assert KEY not in repr(found.endpoint)


# --- several at once


def test_several_threads_ask_one_model(server: Scripted) -> None:
    server.models(["only"])
    server.unsupported("temperature")
    together = threading.Barrier(8)

    def model(body: Any) -> list[str]:
        together.wait(10)  # all are being answered at once, or nobody is
        return list(json.loads(body["messages"][-1]["content"]))

    server.reply_with(model)
    one = chat(server, "")

    def ask(number: int) -> str:
        asked = [Message("user", json.dumps([f"{number}", " is ", "it"]))]
        return "".join(delta.text for delta in one.stream(asked))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [f"{number} is it" for number in range(8)]
    assert (server.lists, server.busiest) == (1, 8)


def test_a_package_put_off_is_loaded_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "late.py"
    path.write_text("import time\nFIRST = [1]\ntime.sleep(0.1)\nLAST = [FIRST]\n")
    spec = importlib.util.spec_from_file_location("late", path)
    assert spec is not None
    module = lean._deferred(spec)
    assert "FIRST" not in module.__dict__
    with ThreadPoolExecutor(4) as pool:
        last = list(pool.map(lambda _: module.LAST, range(4)))
    assert all(item is module.LAST for item in last)
    for name in ("nonsense", "__nonsense__"):
        with pytest.raises(AttributeError, match=name):
            getattr(module, name)


def test_the_whole_client_is_there_for_others_too() -> None:
    """In a process of its own: here `openai` has been imported long ago."""
    program = (
        "from rag.llm.lean import import_openai\nimport sys\nclient = import_openai()\n"
        "assert len([n for n in sys.modules if n.startswith('openai.types.responses.')]) < 50\n"
        "from openai.types import CompletionUsage\n"
        "from openai.types.responses import Response\n"
        "from openai.types.shared import Metadata\n"
        "print(CompletionUsage.__name__, Response.__name__, client.__name__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "CompletionUsage Response openai\n"


@pytest.mark.parametrize("body", ["<html>Welcome</html>", {"choices": []}])
def test_somebody_who_does_not_stream_is_told_from_a_model_that_is_silent(
    server: Scripted, body: Any
) -> None:
    server.queue(Step(body=body))
    _, error = broken(chat(server))
    assert "no stream" in error.message
    assert "OPENAI_BASE_URL" in error.hint
