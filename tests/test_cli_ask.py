"""The command `rag ask` with a language model: what is on stdout, what on stderr, how it ends."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import wire
from samples import NOT_THERE, OPENING, TEA, VIOLIN, WOOD, Result, Run, is_one_line
from scripted import KEY, Scripted
from scripted_http import unused_url

from rag import Rag, Settings, embedder
from rag.answer import NOT_FOUND

FAITHFUL = ("王秀兰说：「我们每天早上", "五点开门」", "[tea:2]。")
WHOLE = "".join(FAITHFUL)
LYING = "王秀兰说：「我们每天早上七点开门」[tea:2]。"
ANSWER = {
    "question", "answer", "refused", "confidence", "citations", "hits", "model", "usage", "cost",
    "timings", "grounded", "quotes", "findings", "incomplete", "error", "standalone", "left_out",
}  # fmt: skip
CITATION = {
    "address", "speaker", "quote", "exact", "line", "end_line", "start", "link", "asked", "quoted",
}  # fmt: skip
MODE = "rag: model scripted-1 answers\n"


@pytest.fixture(scope="module")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "tea.md").write_text(TEA, encoding="utf-8")
    (folder / "corpus" / "violin.txt").write_text(VIOLIN, encoding="utf-8")
    Rag.build([folder / "corpus"], str(folder / "index" / "default"), Settings(model="none"))
    return folder


@pytest.fixture(autouse=True)
def _here(built_once: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A project of its own for each test, with the index that all share."""
    (tmp_path / "index").symlink_to(built_once / "index")
    (tmp_path / "rag.toml").write_text('model = "scripted-1"\nmodel_retries = 1\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(embedder, "load", load_once)


load_once = cache(embedder.load)  # it takes half of the time that a command does


@pytest.fixture
def ask(run: Run) -> Run:
    """Run `rag ask`; the key is nowhere, whatever happens."""

    def command(*arguments: object, **options: Any) -> Result:
        result = run("ask", *arguments, **options)
        assert KEY not in result.out + result.err
        assert "\x1b" not in result.out + result.err
        return result

    return command


def answer(result: Result) -> dict[str, Any]:
    """The JSON object on stdout, alone in its line, with all that it always has."""
    assert result.out.count("\n") == 1
    value = json.loads(result.out)
    assert isinstance(value, dict)
    assert set(value) == ANSWER
    return value


def complaint(result: Result) -> str:
    """The one line of the error, after the line that says who answers."""
    mode, error = result.err.splitlines(keepends=True)
    assert mode.startswith("rag: model ")
    assert is_one_line(error)
    return error


# --- an answer


def test_the_answer_is_on_stdout_and_who_answers_on_stderr(llm_server: Scripted, ask: Run) -> None:
    llm_server.say(*FAITHFUL)
    assert ask(OPENING) == Result(0, WHOLE + "\n", MODE)
    assert llm_server.last.model == "scripted-1"
    assert OPENING in llm_server.last.prompt


def test_pieces_are_shown_as_they_come(
    llm_server: Scripted, ask: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is said only when the first words were shown."""
    from rag.cli import asking

    gate = llm_server.hold("茶馆开得很早。", *FAITHFUL)
    shown: list[str] = []

    def write(text: str) -> None:
        shown.append(text)
        gate.set()

    monkeypatch.setattr(asking, "write", write)
    assert ask(OPENING).code == 0
    assert "".join(shown) == f"茶馆开得很早。{WHOLE}\n"
    assert len(shown) > 2


def test_json_has_all_of_the_answer(llm_server: Scripted, ask: Run, tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text('model = "scripted-1"\nprice_input = 1.0\n')
    llm_server.say(*FAITHFUL)
    result = ask(OPENING, "--json")
    found = answer(result)
    assert (result.code, result.err) == (0, MODE)
    assert found["answer"] == WHOLE
    assert found["model"] == "scripted-1"
    assert found["usage"]["completion_tokens"] == 3
    assert found["cost"] == pytest.approx(found["usage"]["prompt_tokens"] / 1e6)
    assert (found["refused"], found["grounded"], found["quotes"]) == (False, True, 1)
    assert (found["findings"], found["incomplete"], found["error"]) == ([], False, None)
    assert (found["standalone"], found["left_out"]) == (None, 0)
    assert 0 < found["confidence"] <= 1
    assert {"search", "first", "answer", "total"} <= set(found["timings"])
    assert found["hits"][0]["address"] == "tea:1-2"
    (citation,) = found["citations"]
    assert set(citation) == CITATION
    assert (citation["address"], citation["speaker"]) == ("tea:2", "王秀兰")
    assert (citation["quote"], citation["exact"], citation["quoted"]) == (
        "我们每天早上五点开门", True, True,
    )  # fmt: skip
    assert TEA.split("\n")[citation["line"] - 1].startswith("**王秀兰：**我们每天早上五点开门")


def test_sources_tokens_and_what_was_left_out_are_said_on_demand(
    llm_server: Scripted, ask: Run, tmp_path: Path
) -> None:
    (tmp_path / "rag.toml").write_text('model = "m"\nmodel_window = 1024\nreply_tokens = 200\n')
    llm_server.say(*FAITHFUL)
    result = ask(OPENING, "-v")
    assert result.out == WHOLE + "\n"
    assert "passages found did not fit into the model's window" in result.err
    assert "completion_tokens 3" in result.err
    assert "tea:2  line 9  王秀兰" in result.err


def test_the_prompt_speaks_the_language_of_the_question(llm_server: Scripted, ask: Run) -> None:
    """Whatever language the transcript has that answers it."""
    llm_server.reply_with(lambda _: "[tea:2]")
    for question, chinese, passage in (
        (OPENING, True, "我们每天早上五点开门"),
        (WOOD, False, "The bridge is always maple"),
        ("When does the tea house 茶馆 open in the morning?", False, "我们每天早上五点开门"),
        ("Marta Lindqvist 修一把 violin 要几个星期？", True, "A restoration takes about eleven"),
    ):
        ask(question)
        rules, asked = (message["content"] for message in llm_server.last.messages)
        assert passage in asked
        assert ("用中文回答" in rules, f"问题：{question}" in asked) == (chinese, chinese)
        assert (f"Question: {question}" in asked) != chinese
        assert NOT_FOUND["zh" if chinese else "en"] in rules


def test_a_prompt_of_the_project_is_used(llm_server: Scripted, ask: Run, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    own = tmp_path / "prompts" / "answer.zh.md"
    own.write_text("# system\n像诗人一样。$not_found\n# user\n$passages\n$question\n")
    llm_server.say(*FAITHFUL)
    assert ask(OPENING).code == 0
    assert llm_server.last.messages[0]["content"].startswith("像诗人一样。")
    own.write_text("# system\n$not_found\n# user\n$passage\n$question\n")
    result = ask(OPENING)
    assert (result.code, result.out) == (2, "")
    assert is_one_line(result.err)
    assert f"{own}:4: $passage is no place" in result.err


# --- what is found wrong


def test_a_quotation_that_nobody_said_is_marked_and_strict_minds(
    llm_server: Scripted, ask: Run
) -> None:
    for strict, code in (((), 0), (("--strict",), 1)):
        llm_server.say(*LYING)
        result = ask(OPENING, *strict)
        assert result.code == code
        assert "七点开门」（✗" in result.out
        assert result.err.startswith(MODE)
        assert "1 quotation checked" in result.err
    llm_server.say(*LYING)
    found = answer(ask(OPENING, "--strict", "--json"))
    assert found["findings"][0]["kind"] in ("near", "absent")
    assert found["findings"][0]["text"] == "我们每天早上七点开门"
    llm_server.say(*FAITHFUL)
    assert ask(OPENING, "--strict").code == 0


def test_a_key_that_was_not_given_is_removed(llm_server: Scripted, ask: Run) -> None:
    llm_server.say(WHOLE, "冬天六点[tea:99]。")
    result = ask(OPENING, "--strict")
    assert result.code == 1
    assert "tea:99" not in result.out
    assert "1 citation removed" in result.err


@pytest.mark.parametrize(("question", "language"), [(OPENING, "zh"), (WOOD, "en")])
def test_a_refusal_is_exit_code_1(
    llm_server: Scripted, ask: Run, question: str, language: str
) -> None:
    llm_server.say(*NOT_FOUND[language])
    result = ask(question)
    assert result.code == 1
    assert result.out.startswith(NOT_FOUND[language] + "\n")
    assert result.err == MODE
    llm_server.say(NOT_FOUND[language])
    found = answer(ask(question, "--json"))
    assert (found["refused"], found["citations"], found["error"]) == (True, [], None)


# --- failures


Arrange = Callable[[Scripted], None]
FAILURES: dict[str, tuple[Arrange, str]] = {
    "wrong key": (lambda s: s.require_key("sk-right"), "the key was refused"),
    "unknown model": (lambda s: s.models(["other"]), "`scripted-1` does not exist"),
    "wrong address": (lambda s: s.fail(404), "usually ends in /v1"),
    "busy": (lambda s: s.fail(429, wire.rate_limit("m"), times=2), "too many requests"),
    "no quota": (lambda s: s.fail(429, wire.no_quota(), times=2), "current quota"),
    "server": (lambda s: s.fail(503, times=2), "the server failed: it sent a web page"),
    "timeout": (lambda s: s.hang(times=2), "no reply in time"),
    "dropped": (lambda s: s.drop(times=2), "not reached"),
    "empty": (lambda s: s.empty(), "an empty reply"),
    "filter": (lambda s: s.fail(400, wire.content_filter()), "content filter"),
    "too long": (lambda s: s.context_error(1), "the prompt is too long"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_one_line_and_exit_code_4(
    llm_server: Scripted, ask: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setenv("RAG_MODEL_TIMEOUT", "0.2")
    arrange, words = FAILURES[case]
    arrange(llm_server)
    result = ask(OPENING)
    assert (result.code, result.out) == (4, "")
    assert words in complaint(result)


def test_a_failure_before_the_first_word_leaves_no_json(llm_server: Scripted, ask: Run) -> None:
    llm_server.empty()
    result = ask(OPENING, "--json")
    assert (result.code, result.out) == (4, "")
    assert "an empty reply" in complaint(result)


def test_the_whole_error_is_shown_on_demand_without_the_key(llm_server: Scripted, ask: Run) -> None:
    llm_server.require_key("sk-right")
    result = ask(OPENING, "-v")
    assert result.code == 4
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1].startswith("rag: 127.0.0.1:")


def test_nobody_is_there(ask: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", unused_url())
    result = ask(OPENING)
    assert (result.code, result.out) == (4, "")
    assert "not reached, or it hung up (check OPENAI_BASE_URL" in complaint(result)


BROKEN: dict[str, tuple[Arrange, str]] = {
    "connection": (lambda s: s.break_after(*FAITHFUL[:2]), "the connection broke off"),
    "end": (lambda s: s.break_after(*FAITHFUL[:2], ending="quiet"), "ended within the reply"),
    "event": (lambda s: s.error_in_stream(*FAITHFUL[:2]), "error while processing"),
    "filter": (lambda s: s.filtered(*FAITHFUL[:2]), "content filter stopped the reply"),
    "length": (lambda s: s.length(*FAITHFUL[:2]), "cut at the length"),
    "silence": (lambda s: s.stall("".join(FAITHFUL[:2]), "never"), "stopped coming"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_was_streamed_is_kept_and_marked_incomplete(
    llm_server: Scripted, ask: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setenv("RAG_MODEL_TIMEOUT", "0.2")
    arrange, words = BROKEN[case]
    kept = "".join(FAITHFUL[:2])
    arrange(llm_server)
    result = ask(OPENING)
    assert (result.code, result.out) == (4, kept + "\n")
    assert words in complaint(result)
    arrange(llm_server)
    result = ask(OPENING, "--json")
    found = answer(result)
    assert (result.code, found["answer"], found["incomplete"]) == (4, kept, True)
    assert f"rag: {found['error']}\n" == complaint(result)


# --- which model, or none


def test_a_named_model_without_a_key_is_said_before_anything_else(ask: Run) -> None:
    result = ask(OPENING, "--model", "gpt-5")
    assert (result.code, result.out) == (4, "")
    assert is_one_line(result.err)
    assert "no key for the model 'gpt-5'" in result.err
    assert "OPENAI_API_KEY" in result.err


def test_model_none_quotes_the_speakers(llm_server: Scripted, ask: Run) -> None:
    result = ask(OPENING, "--model", "none")
    assert result.code == 0
    assert result.out.startswith("王秀兰：「我们每天早上五点开门")
    assert result.err == "rag: answers are quoted, no model is used\n"
    found = answer(ask(OPENING, "--model", "none", "--json"))
    assert (found["model"], found["usage"], found["cost"]) == (None, {}, None)
    assert (found["incomplete"], found["grounded"], found["findings"]) == (False, True, [])
    assert (llm_server.requests, llm_server.lists) == ([], 0)


def test_without_key_and_address_answers_are_quoted(ask: Run, tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text("")
    result = ask(NOT_THERE)
    assert (result.code, result.err) == (1, "rag: answers are quoted, no model is used\n")


def test_the_flag_comes_before_the_environment_and_the_file(
    llm_server: Scripted, ask: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_MODEL", "from-environment")
    for options, model in (((), "from-environment"), (("--model", "from-flag"), "from-flag")):
        llm_server.say(*FAITHFUL)
        assert ask(OPENING, *options).err == f"rag: model {model} answers\n"
        assert llm_server.last.model == model


def test_the_only_model_of_a_server_needs_no_name(
    llm_server: Scripted, ask: Run, tmp_path: Path
) -> None:
    (tmp_path / "rag.toml").write_text("")
    llm_server.models(["only"])
    llm_server.say(*FAITHFUL)
    result = ask(OPENING, "--json")
    assert answer(result)["model"] == "only"
    assert result.err == f"rag: model {llm_server.url.split('/')[2]} answers\n"
    llm_server.models(["one", "two"])
    result = ask(OPENING)
    assert result.code == 4
    assert "serves 2 models: one, two (name one: --model" in complaint(result)


def test_a_question_longer_than_the_window_is_asked_from_its_beginning(
    llm_server: Scripted, ask: Run
) -> None:
    llm_server.say(*FAITHFUL)
    result = ask(OPENING + "茶" * 20_000)
    assert result.code == 0
    assert "only the first 4000 are used" in result.err
    assert 4000 < len(llm_server.last.messages[-1]["content"]) < 10_000


def test_searching_needs_no_key(run: Run) -> None:
    """`model` stands in rag.toml here."""
    result = run("search", OPENING)
    assert (result.code, result.err) == (0, "")
