"""`--batch` as a command: what is printed where, the exit codes, and what a crash leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from samples import Result, Run, is_one_line, process
from scripted import KEY, Scripted
from scripted_http import Step

from rag import cli
from rag.cli import asking
from rag.cli import batch as batches
from rag.errors import ModelFailed, NotReady, RagError, UsageError
from rag.settings import Settings
from rag.store.generation import Manifest
from rag.types import Address, Answer, Earlier, Finding, Found

ABC = "".join(f'{{"id": "{q}", "question": "{q}"}}\n' for q in "abc")

# A batch whose model takes its time and writes down what it was asked; `wait` is one that hangs.
DRIVER = """
import sys, time
from pathlib import Path
import typer
from rag.cli.batch import Plan, run_batch
from rag.cli.terminal import one_line_errors
from rag.script import Task

name, out, jobs = sys.argv[1:]

def reply(asked):
    with open("asked.log", "a") as log:
        log.write(asked.question + "\\n")
    time.sleep(600 if asked.question == "wait" else 0.01)
    return {"question": asked.question, "answer": asked.question.upper()}

try:
    with one_line_errors(False):
        plan = Plan(name, int(jobs), Path(out) if out else None)
        raise typer.Exit(run_batch(plan, Task(reply, "0000000a", model=True)))
except typer.Exit as ended:
    sys.exit(ended.exit_code)
"""


@dataclass
class FakeReply:
    """What `Rag.stream` gives: an answer, or a failure."""

    complete: Answer
    error: RagError | None = None
    partial: str = ""
    answer: Answer | None = None

    def whole(self) -> Answer:
        if self.error is None:
            return self.complete
        if self.partial:
            self.answer = Answer(
                self.complete.question, self.partial, (), (), False, 0.5, "tiny", incomplete=True
            )
        raise self.error


@dataclass
class FakeModel:
    model: str = "tiny"


@dataclass
class FakeStore:
    manifest: Manifest = field(
        default_factory=lambda: Manifest("fake", "fake", 64, 400, (), "test", "now")
    )


@dataclass
class FakeRag:
    """Answers from a list; what it was asked is in `asked`."""

    answers: dict[str, Answer] = field(default_factory=dict)
    errors: dict[str, RagError] = field(default_factory=dict)
    partial: str = ""
    settings: Settings = field(default_factory=Settings)
    model: FakeModel | None = field(default_factory=FakeModel)
    store: FakeStore = field(default_factory=FakeStore)
    asked: list[tuple[str, tuple[str | Earlier, ...]]] = field(default_factory=list)

    def stream(
        self,
        question: str,
        *,
        speaker: Sequence[str] = (),  # noqa: ARG002
        transcript: Sequence[str] = (),  # noqa: ARG002
        history: Sequence[str | Earlier] = (),
    ) -> FakeReply:
        self.asked.append((question, tuple(history)))
        answer = self.answers.get(question) or given(question, f"re: {question}")
        return FakeReply(answer, self.errors.get(question), self.partial)

    def find(
        self,
        question: str,
        *,
        speaker: Sequence[str] = (),  # noqa: ARG002
        transcript: Sequence[str] = (),  # noqa: ARG002
        history: Sequence[str] = (),
    ) -> Found:
        self.asked.append((question, tuple(history)))
        return Found(question, ())


def given(question: str, text: str, *, refused: bool = False, **more: Any) -> Answer:
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return Answer(question, text, (), (), refused, 0.5, "tiny", usage, **more)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeRag:
    """A Rag that every command opens; we stand in an empty folder."""
    rag = FakeRag()
    monkeypatch.chdir(tmp_path)
    for door in (cli, asking):
        monkeypatch.setattr(door, "open_index", lambda **_flags: rag)
    return rag


def replies(text: str | bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def said(ran: Result) -> str:
    """What stands on stderr after the line that says who answers."""
    mode, _, rest = ran.err.partition("\n")
    assert mode in ("rag: model tiny answers", "rag: answers are quoted, no model is used")
    return rest


def start(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *arguments],
        cwd=folder, stderr=options.pop("stderr", subprocess.PIPE), stdout=subprocess.PIPE,
        **options,
    )  # fmt: skip


def write(folder: Path, *questions: str) -> None:
    lines = [json.dumps({"id": number, "question": q}) for number, q in enumerate(questions)]
    (folder / "q.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def wait_for(found: Any) -> None:
    """Wait until something is there that another process makes."""
    until = time.monotonic() + 30
    while not found():
        assert time.monotonic() < until
        time.sleep(0.005)


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


# --- stdout, stderr and the exit code


def test_replies_go_to_stdout_in_order_and_the_totals_to_stderr(fake: FakeRag, run: Run) -> None:
    fake.answers["b"] = given("b", "No.", refused=True, cost=0.25)
    fake.answers["c"] = given("c", "Yes.", cost=0.5)
    ran = run("ask", "--batch", "-", input=ABC)
    assert ran.code == 0
    assert [(line["id"], line["answer"]) for line in replies(ran.out)] == [
        ("a", "re: a"), ("b", "No."), ("c", "Yes."),
    ]  # fmt: skip
    assert said(ran) == (
        "rag: 3 questions, 1 refused, 0 failed; 300 tokens read, 30 written; cost 0.7500\n"
    )


def test_without_a_model_nothing_is_said(fake: FakeRag, run: Run) -> None:
    fake.model = None
    assert said(run("ask", "--batch", "-", input=ABC)) == ""
    ran = run("search", "--batch", "-", "--jobs", 2, input=ABC)
    assert [line["id"] for line in replies(ran.out)] == ["a", "b", "c"]
    assert (ran.code, ran.err) == (0, "")


def test_history_comes_with_its_answers(fake: FakeRag, run: Run) -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    line = json.dumps({"question": "and z?", "history": ["w", *messages]})
    assert run("ask", "--batch", "-", input=line).code == 0
    assert run("search", "--batch", "-", input=line).code == 0
    assert fake.asked == [("and z?", ("w", Earlier("x", "y"))), ("and z?", ("w", "x"))]


@pytest.mark.parametrize("partial", ["", "Because of"])
def test_a_failure_is_a_line_and_the_rest_is_answered(
    fake: FakeRag, run: Run, partial: str
) -> None:
    fake.errors["b"] = ModelFailed("the stream broke off", "ask again", "broken")
    fake.partial = partial
    ran = run("ask", "--batch", "-", input=ABC)
    assert ran.code == 4
    first, failed, last = replies(ran.out)
    assert (first["answer"], last["answer"]) == ("re: a", "re: c")
    assert (failed["id"], failed["question"], failed["answer"]) == ("b", "b", partial or None)
    assert failed["incomplete"] is True
    assert (failed["error"], failed["error_kind"]) == ("the stream broke off (ask again)", "broken")
    assert "1 failed" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelFailed("wrong key", "set another", "key"), 4),
        (ModelFailed("no such model", "name another", "model"), 4),
        (NotReady("the index is gone", "build it"), 3),
        (UsageError("no speaker 'X'", "there are: Y"), 2),
    ],
)
def test_what_fails_for_all_ends_it_with_one_line(
    fake: FakeRag, run: Run, error: RagError, code: int
) -> None:
    fake.errors["b"] = error
    ran = run("ask", "--batch", "-", "--jobs", 1, input=ABC)
    assert ran.code == code
    assert [line["id"] for line in replies(ran.out)] == ["a"]
    assert is_one_line(said(ran))
    assert str(error) in ran.err


def test_an_endpoint_that_is_not_there_ends_it_after_three(fake: FakeRag, run: Run) -> None:
    away = ModelFailed("example.org: not reached", "is it running?", "unreachable")
    fake.errors = {str(number): away for number in range(50)}
    lines = "".join(f'{{"question": "{number}"}}\n' for number in range(50))
    ran = run("ask", "--batch", "-", "--jobs", 1, input=lines)
    assert ran.code == 4
    assert len(replies(ran.out)) == 2
    assert is_one_line(said(ran))
    assert "not reached" in ran.err
    assert "3 times in a row" in ran.err


def test_strict_makes_a_finding_count(fake: FakeRag, run: Run) -> None:
    lie = Finding("absent", "it is green", address=Address("x", 1, 1))
    fake.answers["b"] = given("b", "“it is green”", findings=(lie,))
    assert run("ask", "--batch", "-", input=ABC).code == 0
    assert run("ask", "--batch", "-", "--strict", input=ABC).code == 1
    assert run("ask", "--batch", "-", "--strict", "--out", "o.jsonl", input=ABC).code == 1
    again = run("ask", "--batch", "-", "--strict", "--out", "o.jsonl", input=ABC)
    assert again.code == 1
    assert "nothing was asked" in again.err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("a", "--batch", "-"), "a question and --batch at once"),
        (("a", "--jobs", 2), "--jobs without --batch"),
        (("a", "--out", "x"), "--out without --batch"),
        (("--batch", "-", "--jobs", 0), "--jobs is 0"),
        (("--batch", "-", "--out", "."), "is not a file"),
        (("--batch", "-", "--out", "no/such.jsonl"), "is no folder"),
        (("--batch", "nowhere.jsonl"), "nowhere.jsonl: No such file or directory (check the path)"),
        (("--batch", "."), ".: Is a directory"),
    ],
)
def test_options_that_do_not_go_together(
    fake: FakeRag, run: Run, arguments: tuple[object, ...], what: str
) -> None:
    for command in ("ask", "search"):
        ran = run(command, *arguments, input=ABC)
        assert ran.code == 2
        assert is_one_line(ran.err.splitlines(keepends=True)[-1])
        assert what in ran.err
    assert fake.asked == []


# --- into a file


def test_replies_go_to_a_file_and_stdout_stays_empty(fake: FakeRag, run: Run) -> None:
    ran = run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC)
    assert (ran.code, ran.out) == (0, "")
    assert said(ran).startswith("rag: 3 questions, 0 refused, 0 failed")
    assert [line["id"] for line in replies(Path("o.jsonl").read_text())] == ["a", "b", "c"]


def test_a_complete_file_is_said_to_be_so(fake: FakeRag, run: Run) -> None:
    run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC)
    again = run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC)
    assert again.code == 0
    assert said(again).splitlines() == [
        "rag: o.jsonl is complete and the questions are unchanged: nothing was asked",
        "rag: 3 questions (3 answered before), 0 refused, 0 failed",
    ]
    assert len(fake.asked) == 3


def test_a_failed_question_is_asked_again_by_the_same_command(fake: FakeRag, run: Run) -> None:
    fake.errors["b"] = ModelFailed("busy", "wait", "rate")
    assert run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC).code == 4
    fake.errors.clear()
    again = run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC)
    assert again.code == 0
    assert said(again) == (
        "rag: 3 questions (2 answered before), 0 refused, 0 failed; 100 tokens read, 10 written\n"
    )
    assert Counter(question for question, _ in fake.asked) == {"a": 1, "b": 2, "c": 1}


@pytest.mark.parametrize("change", ["model", "index", "filter", "setting"])
def test_with_other_settings_all_is_asked_anew_and_said(
    fake: FakeRag, run: Run, change: str
) -> None:
    command = ["ask", "--batch", "-", "--out", "o.jsonl"]
    run(*command, input=ABC)
    if change == "model":
        fake.model = FakeModel("large")
    elif change == "index":
        fake.store = FakeStore(Manifest("fake", "fake", 64, 400, (), "test", "later"))
    elif change == "setting":
        fake.settings = Settings(refuse_below=0.9)
    else:
        command += ["--speaker", "Ann"]
    ran = run(*command, input=ABC)
    assert len(fake.asked) == 6
    assert "o.jsonl: 3 replies were given with another model, index, setting or filter" in ran.err
    assert "o.jsonl.bak" in ran.err
    assert len(replies(Path("o.jsonl.bak").read_text())) == 3


@pytest.mark.parametrize("setting", [{"model_timeout": 5.0}, {"price_input": 3.0}, {"index": "x"}])
def test_settings_that_change_no_reply_do_not_count(
    fake: FakeRag, run: Run, setting: dict[str, Any]
) -> None:
    run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC)
    fake.settings = Settings(**setting)
    run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC)
    assert len(fake.asked) == 3


def test_a_bad_line_leaves_a_journal_to_go_on_with(fake: FakeRag, run: Run) -> None:
    ran = run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC + "oops\n")
    assert ran.code == 2
    kept, error = said(ran).splitlines()
    assert kept.startswith("rag: 3 replies are kept in ")
    assert kept.endswith("o.jsonl.partial: run it again to go on")
    assert error.startswith("rag: -:4: not JSON")
    assert not Path("o.jsonl").exists()
    assert run("ask", "--batch", "-", "--out", "o.jsonl", input=ABC + ABC).code == 0
    assert len(fake.asked) == 6
    assert [line["id"] for line in replies(Path("o.jsonl").read_text())] == list("abcabc")


# --- progress


def test_progress_is_a_line_now_and_then(
    fake: FakeRag, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batches, "_SECONDS", 0.0)
    (tmp_path / "q.jsonl").write_text(ABC)
    ran = run("ask", "--batch", "q.jsonl", "--out", "o.jsonl")
    assert said(ran).splitlines()[:3] == [f"rag: {n} of 3 answered" for n in (1, 2, 3)]
    os.mkfifo("pipe")
    with subprocess.Popen(["sh", "-c", "cat q.jsonl > pipe"]):
        ran = run("search", "--batch", "pipe")
    assert ran.err.splitlines() == [f"rag: {n} answered" for n in (1, 2, 3)]
    assert len(ran.out.splitlines()) == 3


def test_on_a_terminal_progress_is_a_bar_on_stderr_alone(tmp_path: Path) -> None:
    write(tmp_path, *"abcdef")
    ours, theirs = os.openpty()
    with start(tmp_path, "q.jsonl", "", "2", stderr=theirs) as running:
        os.close(theirs)
        assert running.stdout is not None
        out = running.stdout.read().decode()
        shown = b""
        try:
            while data := os.read(ours, 4096):
                shown += data
        except OSError:  # Linux says so when nobody holds the other side any more
            pass
        os.close(ours)
    assert running.returncode == 0
    assert [line["answer"] for line in replies(out)] == list("ABCDEF")
    assert b"6/6" in shown
    assert b"6 questions" in shown


# --- killed and interrupted


@pytest.mark.parametrize("killed_at", [(0,), (1, 2), (7, 15, 33), (3, 38)])
def test_killed_at_any_point_nothing_that_was_answered_is_asked_again(
    tmp_path: Path, killed_at: Sequence[int]
) -> None:
    questions = [f"问题 {number}" for number in range(40)]
    write(tmp_path, *questions)
    journal, log = tmp_path / "o.jsonl.partial", tmp_path / "asked.log"
    allowed: Counter[str] = Counter(questions)
    for count in killed_at:
        with start(tmp_path, "q.jsonl", "o.jsonl", "3") as running:
            wait_for(lambda count=count: lines_in(journal) >= count and journal.exists())
            running.send_signal(signal.SIGKILL)
        kept = {line["question"] for line in replies(journal.read_bytes().rpartition(b"\n")[0])}
        asked = Counter(log.read_text().splitlines()) if log.exists() else Counter[str]()
        assert len(kept) >= count
        assert all(asked[question] for question in kept)
        # Those under way when it was killed have to be asked again.
        allowed.update(set(asked) - kept)
        assert sum(asked.values()) - len(kept) <= 3 * len(killed_at)
        assert not (tmp_path / "o.jsonl").exists()
        with journal.open("ab") as torn:
            torn.write('{"id": 39, "question": "问'.encode()[:-1])
    with start(tmp_path, "q.jsonl", "o.jsonl", "3") as running:
        running.communicate(timeout=60)
    assert running.returncode == 0
    asked = Counter(log.read_text().splitlines())
    assert set(asked) == set(questions)
    assert asked <= allowed
    found = replies((tmp_path / "o.jsonl").read_text())
    assert [line["id"] for line in found] == list(range(40))
    assert [line["answer"] for line in found] == questions
    assert not journal.exists()


def test_ctrl_c_does_not_wait_for_the_answer_and_keeps_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "a", "b", "wait", "d", "e")
    with start(tmp_path, "q.jsonl", "o.jsonl", "2") as running:
        wait_for(lambda: lines_in(tmp_path / "o.jsonl.partial") == 4)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    kept, last = err.decode().splitlines()
    # The fourth is there before it is counted.
    assert re.match("rag: [34] replies are kept in ", kept)
    assert last == "rag: interrupted"
    assert sorted(line["id"] for line in replies((tmp_path / "o.jsonl.partial").read_text())) == [
        0, 1, 3, 4,
    ]  # fmt: skip


def test_ctrl_c_keeps_what_was_printed(tmp_path: Path) -> None:
    write(tmp_path, "a", "wait", "c", "d")
    with start(tmp_path, "q.jsonl", "", "2") as running:
        wait_for(lambda: lines_in(tmp_path / "asked.log") == 4)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert [line["id"] for line in replies(out.decode())] == [0]
    assert err == b"rag: interrupted\n"


def test_ctrl_c_while_nothing_comes_from_the_pipe(tmp_path: Path) -> None:
    with start(tmp_path, "-", "", "4", stdin=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(b'{"question": "a"}\n')
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["answer"] == "A"  # before there is a second
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 130
        assert running.stderr is not None
        assert running.stderr.read() == b"rag: interrupted\n"


def test_nobody_reading_any_more_ends_it(tmp_path: Path) -> None:
    write(tmp_path, *map(str, range(3000)))
    with start(tmp_path, "q.jsonl", "", "8") as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["id"] == 0
        running.stdout.close()
        assert running.wait(timeout=60) == 141
        assert running.stderr is not None
        assert running.stderr.read() == b""


# --- with a model, through the client


def questions(folder: Path, count: int) -> list[str]:
    asked = [f"茶馆每天早上几点开门？（第 {number} 次）" for number in range(1, count + 1)]
    write(folder, *asked)
    return asked


def asked_of(server: Scripted) -> Counter[str]:
    """How often the model was asked each question."""
    return Counter(
        request.prompt.strip().rpartition("\n")[2].removeprefix("问题：")
        for request in server.requests
    )


def test_several_questions_are_asked_at_once_and_their_tokens_counted(
    indexed: Path, run: Run, llm_server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_PRICE_INPUT", "2")
    asked = questions(indexed, 9)
    llm_server.reply_with(lambda _: Step(("五点", "开门", "。[tea:2]"), delay=0.02))
    ran = run("ask", "--batch", "q.jsonl", "--jobs", 3)
    assert ran.code == 0
    found = replies(ran.out)
    assert [line["question"] for line in found] == asked
    assert {line["answer"] for line in found} == {"五点开门。[tea:2]"}
    assert {line["citations"][0]["address"] for line in found} == {"tea:2"}
    assert asked_of(llm_server) == dict.fromkeys(asked, 1)
    assert 2 <= llm_server.busiest <= 3
    read_ = sum(line["usage"]["prompt_tokens"] for line in found)
    total = ran.err.splitlines()[-1]
    assert f"; {read_} tokens read, 27 written; cost {read_ * 2 / 1e6:.4f}" in total


def test_one_refused_by_the_filter_and_one_that_breaks_off_do_not_end_it(
    indexed: Path, run: Run, llm_server: Scripted
) -> None:
    questions(indexed, 4)
    llm_server.say("五点。[tea:2]")
    llm_server.filtered()
    llm_server.break_after("早上五点", "开门")
    llm_server.say("六点。[tea:2]")
    ran = run("ask", "--batch", "q.jsonl", "--jobs", 1)
    assert ran.code == 4
    first, filtered, broken, last = replies(ran.out)
    assert (first["error"], last["error"]) == (None, None)
    assert (filtered["answer"], filtered["error_kind"]) == (None, "filtered")
    assert (broken["answer"], broken["error_kind"]) == ("早上五点开门", "broken")
    assert broken["incomplete"] is filtered["incomplete"] is True
    assert "4 questions, 0 refused, 2 failed" in ran.err


def test_a_wrong_key_is_tried_once_for_each_job(indexed: Path, llm_server: Scripted) -> None:
    questions(indexed, 50)
    llm_server.require_key("sk-another")
    ran = process("ask", "--batch", "q.jsonl", "--jobs", 2)
    assert (ran.code, ran.out) == (4, "")
    assert len(llm_server.requests) <= 4
    assert is_one_line(ran.err.splitlines(keepends=True)[-1])
    assert KEY not in ran.err


def test_killed_while_the_model_answers_it_goes_on_where_it_was(
    indexed: Path, llm_server: Scripted
) -> None:
    asked = questions(indexed, 12)
    llm_server.reply_with(lambda _: Step(("五点开门。", "[tea:2]"), delay=0.03))
    command = [sys.executable, "-m", "rag", "ask", "--batch", "q.jsonl", "--out", "o.jsonl"]
    journal = indexed / "o.jsonl.partial"
    kept: set[str] = set()
    for count in (2, 7):
        with subprocess.Popen(command, cwd=indexed, stderr=subprocess.DEVNULL) as running:
            wait_for(lambda count=count: lines_in(journal) >= count)
            running.kill()
        kept = {line["question"] for line in replies(journal.read_bytes().rpartition(b"\n")[0])}
        assert len(kept) >= count
    before = asked_of(llm_server)
    ended = subprocess.run(command, cwd=indexed, capture_output=True, timeout=60, check=True)
    assert f"12 questions ({len(kept)} answered before)".encode() in ended.stderr
    again = asked_of(llm_server) - before
    assert again == Counter(set(asked) - kept)
    found = replies((indexed / "o.jsonl").read_text())
    assert [line["question"] for line in found] == asked
    ended = subprocess.run(command, cwd=indexed, capture_output=True, timeout=60, check=True)
    assert b"nothing was asked" in ended.stderr
    assert asked_of(llm_server) == before + again
