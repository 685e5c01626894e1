"""The commands `rag chat` and `rag chats`: piped, at a terminal, resumed, listed, exported."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from samples import OPENING, WOOD, Run, is_one_line
from scripted import KEY, Scripted
from test_startup import modules

from rag import conversations
from rag.cli import editing
from rag.conversations import Conversation
from rag.paths import user_data

MODE = "rag: answers are quoted, no model is used\n"


def only() -> Conversation:
    (conversation,) = conversations.list_all()[0]
    return conversation


def asked(conversation: Conversation) -> list[str]:
    return [entry.answer.question for entry in conversation.entries]


# ---- Piped


def test_a_piped_conversation_is_kept_and_gone_on_with(indexed: Path, run: Run) -> None:
    assert run("chat", input=f"{OPENING}\n").code == 0
    begun = only()
    again = run("chat", "--resume", input="那冬天呢？\n")
    assert again.code == 0
    assert again.err.startswith(f"{MODE}{begun.id}, last asked:\n> {OPENING}\n王秀兰：「")
    assert again.out.startswith("王秀兰：「")
    by_id = run("chat", "--resume", begun.id[:8], input=WOOD)
    assert "last asked, after 1 more:\n> 那冬天呢？\n" in by_id.err
    assert asked(only()) == [OPENING, "那冬天呢？", WOOD]


def test_options_may_stand_anywhere_beside_the_id(indexed: Path, run: Run) -> None:
    run("chat", input=OPENING)
    id_ = only().id
    for arguments in (("--resume", id_, "-k", 3), ("-k", 3, id_, "--resume"), (id_, "--resume")):
        result = run("chat", *arguments, input="/sources\n")
        assert result.code == 0
        assert result.out.startswith("tea:2")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["tea"], 2, "'tea' is no option of chat (rag chat --resume tea)"),
        (["--resume"], 2, "no conversation about "),
        (["--resume", "2099"], 2, "no conversation '2099' (rag chats lists them)"),
        (["--speaker", "Nobody"], 2, "no speaker 'Nobody' in the index (there are: "),
        (["-i", "none"], 3, "no index"),
    ],
)
def test_what_cannot_be_is_one_line(
    indexed: Path, run: Run, arguments: list[str], code: int, message: str
) -> None:
    result = run("chat", *arguments, input=OPENING)
    assert (result.code, result.out) == (code, "")
    assert is_one_line(result.err)
    assert message in result.err


def test_a_conversation_about_another_index_is_not_gone_on_with(indexed: Path, run: Run) -> None:
    run("index", "corpus/tea.md", "-i", "tea")
    run("chat", "-i", "tea", input=OPENING)
    begun = only()
    result = run("chat", "--resume", begun.id, input=WOOD)
    assert result.code == 2
    hint = f"(rag chat -i {indexed}/index/tea --resume {begun.id})"
    assert result.err == f"rag: conversation {begun.id} is about another index {hint}\n"
    assert run("chat", "--resume", input=WOOD).code == 2
    assert run("chat", "-i", indexed / "index" / "tea", "--resume", begun.id).code == 0
    assert run("chat", "-i", "tea", "--resume").code == 0


def test_a_speaker_can_be_chosen_from_the_start(indexed: Path, run: Run) -> None:
    result = run("chat", "--speaker", "marta", input=f"{WOOD}\n/speaker\n{OPENING}\n")
    assert "Host:" not in result.out
    assert "Everybody is heard again." in result.out
    assert "王秀兰：" in result.out


# ---- What is kept


def test_chats_lists_the_conversations(indexed: Path, run: Run) -> None:
    empty = run("chats")
    assert (empty.code, empty.out) == (0, "")
    assert empty.err == "no conversation is kept: rag chat begins one\n"
    assert run("chats", "--json").out == '{"conversations": []}\n'
    run("chat", input=f"{OPENING}\n{WOOD}\n")
    kept = only()
    heads, row = run("chats").out.splitlines()
    assert heads == "id\twhen\tquestions\tindex\tfirst question"
    when = kept.time[:16].replace("T", " ")
    assert row == f"{kept.id}\t{when}\t2\t{indexed}/index/default\t{OPENING}"
    assert json.loads(run("chats", "--json").out) == {
        "conversations": [
            {
                "id": kept.id, "created": kept.created, "time": kept.time,
                "index": f"{indexed}/index/default", "questions": 2, "question": OPENING,
            }
        ]
    }  # fmt: skip


def test_a_bad_file_is_named_and_the_others_are_listed(indexed: Path, run: Run) -> None:
    run("chat", input=OPENING)
    kept = only()
    bad = conversations.folder() / "\x1b[2J.jsonl"
    bad.write_text('{"version": 9}\n')
    result = run("chats")
    assert result.code == 1
    assert kept.id in result.out
    assert is_one_line(result.err)
    assert ".jsonl:1: not a conversation of version 1 (" in result.err
    removed = run("chats", bad.stem, "--delete")
    assert removed.out == "removed [2J\n"
    assert "\x1b" not in result.err


def test_chats_shows_exports_and_removes_one(indexed: Path, run: Run, tmp_path: Path) -> None:
    run("chat", input=OPENING)
    kept = only()
    shown = run("chats", kept.id[:10])
    assert shown.out == conversations.markdown(kept)
    assert "[tea:2](https://example.org/tea#:~:text=" in shown.out
    values = json.loads(run("chats", kept.id, "--json").out)
    assert values["id"] == kept.id
    assert values["answers"][0]["citations"][0]["address"] == "tea:2"

    file = tmp_path / "talk.md"
    assert run("chats", kept.id, "--export", file).err == f"written to {file}\n"
    assert file.read_text(encoding="utf-8") == shown.out
    again = run("chats", kept.id, "--export", file)
    assert (again.code, again.err) == (
        2, f"rag: {file} exists already (name another file, or remove it)\n",
    )  # fmt: skip

    assert run("chats", kept.id, "--delete").out == f"removed {kept.id}\n"
    assert conversations.list_all() == ([], [])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--delete"], "which conversation?"),
        (["--export", "x.md"], "which conversation?"),
        (["x", "--delete", "--json"], "--delete with another option"),
        (["x"], "no conversation 'x'"),
        (["x", "--delete"], "no conversation 'x'"),
    ],
)
def test_what_chats_cannot_do_is_one_line(run: Run, arguments: list[str], message: str) -> None:
    result = run("chats", *arguments)
    assert (result.code, result.out) == (2, "")
    assert is_one_line(result.err)
    assert message in result.err


def test_only_a_terminal_costs_a_line_editor(indexed: Path) -> None:
    for arguments in (["--help"], ["chat"], ["chats"]):
        code, names = modules(*arguments)
        assert code in (0, None)
        assert names & {"prompt_toolkit", "rich"} == set()


# ---- With a model


TRUE = ("王秀兰说", "「我们每天早上五点开门」", " [tea:2]。")
FALSE = ("王秀兰说", "「我们每天晚上九点开门」", " [tea:2]。")


def test_a_model_answers_and_what_it_says_is_checked_and_kept(
    indexed: Path, run: Run, llm_server: Scripted
) -> None:
    llm_server.say(*TRUE)
    llm_server.say("周末茶馆几点开门？")  # the question as it would be without a conversation
    llm_server.say(*FALSE)
    result = run("chat", "--model", "scripted-1", input=f"{OPENING}\n周末几点开门？\n")
    assert (result.code, result.err) == (0, "rag: model scripted-1 answers\n")
    first, second = result.out.rstrip("\n").split("\n\n")
    assert first == "".join(TRUE)
    assert "✗" in second
    assert "1 quotation checked: 1 " in second
    true, false = (entry.answer for entry in only().entries)
    assert (true.model, true.findings, true.citations[0].exact) == ("scripted-1", (), True)
    assert true.usage
    assert [item.kind for item in false.findings] in (["near"], ["absent"])
    assert "[tea:2](https://example.org/tea)" in run("chats", only().id).out


def test_a_model_that_fails_does_not_end_the_conversation(
    indexed: Path, run: Run, llm_server: Scripted
) -> None:
    llm_server.break_after("王秀兰说", "「我们每天早上五点开门」")
    llm_server.fail(401, f"Incorrect API key provided: {KEY}", times=2)
    llm_server.say("茶馆几点开门？")
    llm_server.say(*TRUE)
    result = run(
        "chat", "--model", "scripted-1", input=f"{OPENING}\n周末几点开门？\n茶馆几点开门？\n"
    )
    assert result.code == 0
    broken, refused, well = result.out.rstrip("\n").split("\n\n")
    assert broken.startswith("王秀兰说「我们每天早上五点开门」\n")
    assert is_one_line(f"rag: {refused}\n")
    assert well.startswith("".join(TRUE))
    assert asked(only()) == [OPENING, "茶馆几点开门？"]
    stopped = only().entries[0].answer
    assert stopped.incomplete
    assert stopped.failure
    kept = only().path.read_text()
    assert KEY not in kept + result.out + result.err
    assert "<transcripts>" not in kept


# ---- At a terminal

# Sequences that move, colour and name; one that has not come whole yet is none of the text, either.
STEERING = re.compile(
    r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[=>]|[()][0-9A-B]"
    r"|[^a-zA-Z]*\Z)"
)


class Terminal:
    """A terminal with `rag chat` in it: what was shown, and keys to press."""

    def __init__(self, process: subprocess.Popen[bytes], end: int) -> None:
        self.process = process
        self.raw = ""
        self._end = end
        self._seen = 0

    @property
    def screen(self) -> str:
        """All text shown, without what steers."""
        return STEERING.sub("", self.raw).replace("\r", "")

    def type(self, keys: str) -> None:
        os.write(self._end, keys.encode())

    def wait_for(self, text: str) -> str:
        """Read until a text was shown, after what was waited for before."""
        while text not in self.screen[self._seen :]:
            assert self._read(), f"ended without {text!r}:\n{self.screen}"
        self._seen = self.screen.index(text, self._seen) + len(text)
        return self.screen

    def say(self, line: str, reply: str) -> None:
        """Type a line, see it replied to, and wait until the next can be typed."""
        self.type(f"{line}\r")
        self.wait_for(reply)
        self.wait_for("\n>")

    def ended(self) -> int:
        """Read to the end; return the exit code."""
        while self._read():
            pass
        return self.process.wait(30)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._end], [], [], 60)
        assert ready, f"nothing more came after:\n{self.screen}"
        try:
            data = os.read(self._end, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)


LAUNCH = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.argv[0] = "rag"
from rag.cli import main
main()
"""


@contextmanager
def terminal(*arguments: str, **env: str) -> Iterator[Terminal]:
    mine, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, "chat", *arguments],
        stdin=its,
        stdout=its,
        stderr=its,
        # Nobody answers here when it is asked where the cursor is.
        env={**os.environ, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **env},
        start_new_session=True,
    )
    os.close(its)
    try:
        yield Terminal(process, mine)
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def test_a_conversation_at_a_terminal(indexed: Path, llm_server: Scripted) -> None:
    llm_server.say(*TRUE)
    llm_server.say("周末几点开门？")
    llm_server.stall("王秀兰说早上")
    with terminal("--model", "scripted-1") as shown:
        shown.wait_for("rag: model scripted-1 answers\n")
        shown.wait_for("2 transcripts, 6 passages in 'default'; /help, /quit\n")
        shown.wait_for(">")
        shown.say(OPENING, "".join(TRUE))
        assert "\x1b[2m[tea:2]\x1b[0m" in shown.raw

        shown.type("周末几点开门？\r")
        shown.wait_for("王秀兰说早上")
        shown.type("\x03")
        shown.wait_for("\n(stopped)\n")
        shown.wait_for("\n>")
        assert llm_server.last.left.wait(30), "the model goes on talking to nobody"

        shown.say("/sources", "asked as: 周末几点开门？\n")
        shown.type("half a line")
        shown.wait_for("half a line")
        shown.type("\x03")
        shown.wait_for("\n>")
        shown.say("/sho\ttea:1", "茶馆每天几点开门？")
        shown.type("/quit\r")
        assert shown.ended() == 0
        assert f"kept: rag chat --resume {only().id}" in shown.screen
        assert "Traceback" not in shown.screen
    assert [item.answer.incomplete for item in only().entries] == [False, True]
    history = user_data() / "history"
    assert editing.recalled(history) == [
        OPENING, "周末几点开门？", "/sources", "/show tea:1", "/quit",
    ]  # fmt: skip
    assert history.stat().st_mode & 0o777 == 0o600


def test_a_paste_of_several_lines_is_one_question_and_ctrl_d_leaves(indexed: Path) -> None:
    with terminal(NO_COLOR="1") as shown:
        shown.wait_for(">")
        shown.say("\x1b[200~Which wood\ris the bridge\nof a violin?\x1b[201~", "[violin:4]")
        shown.type("\x04")
        assert shown.ended() == 0
        assert "\x1b[2m" not in shown.raw
    assert asked(only()) == ["Which wood\nis the bridge\nof a violin?"]


def test_what_was_typed_before_comes_back_and_names_are_completed(indexed: Path) -> None:
    editing.remember(user_data() / "history", WOOD)
    with terminal() as shown:
        shown.wait_for(">")
        shown.say("\x1b[A", "[violin:4]")
        shown.say("/speaker M\t", "From now on only what Marta Lindqvist says.")
        shown.say("/show violin:4\t", "The bridge is always maple")
        shown.type("/quit\r")
        assert shown.ended() == 0


def test_a_dumb_terminal_gets_no_escapes(indexed: Path) -> None:
    with terminal(TERM="dumb") as shown:
        shown.wait_for("> ")
        shown.type(f"{WOOD}\n")
        shown.wait_for("[violin:4]")
        shown.type("/quit\n")
        assert shown.ended() == 0
        assert "\x1b" not in shown.raw


def test_output_that_is_piped_from_a_terminal_is_plain(indexed: Path) -> None:
    mine, its = pty.openpty()
    os.write(mine, f"{WOOD}\n\x04".encode())
    ran = subprocess.run(
        [sys.executable, "-m", "rag", "chat"],
        stdin=its,
        capture_output=True,
        timeout=60,
        check=True,
    )
    os.close(mine)
    os.close(its)
    assert ran.stdout.decode().startswith("Marta Lindqvist: “")
    assert b"\x1b" not in ran.stdout
    assert ran.stderr.decode() == MODE


# ---- Colours


def test_citations_are_dim_and_marks_red_however_the_pieces_fall() -> None:
    text = (
        "Ann「好」（✗ 记录里没有）[a:1, b:s2-s3]，[laughter] “x” (✗ said by 主持人) ✗ (ok) [b:2.1]"
    )
    expected = [
        ("Ann「好」", ""), ("（✗ 记录里没有）", "red"), ("[a:1, b:s2-s3]", "dim"),
        ("，[laughter] “x” ", ""), ("(✗ said by 主持人)", "red"), (" ", ""), ("✗", "red"),
        (" (ok) ", ""), ("[b:2.1]", "dim"),
    ]  # fmt: skip
    assert editing.painting(text) == expected
    for size in (1, 2, 3, 7):
        runs: list[tuple[str, str]] = []
        held = ""
        for at in range(0, len(text), size):
            ready, held = editing.split(held + text[at : at + size])
            runs += editing.painting(ready)
        assert held == ""
        joined: list[tuple[str, str]] = []
        for words, style in runs:
            if joined and joined[-1][1] == style == "":
                joined[-1] = (joined[-1][0] + words, "")
            else:
                joined.append((words, style))
        assert joined == expected


def test_text_is_painted_and_never_read_as_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "[bold]x[/bold] :smile: [link=https://evil.example]y[/link] **b** " + "长" * 200 + " \n\n"
    )
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    write = editing.colours()
    for piece in (text[:3], text[3:], "[tea:1]", "✗"):
        write(piece)
    assert capsys.readouterr().out == f"{text}\x1b[2m[tea:1]\x1b[0m\x1b[31m✗\x1b[0m"


def test_a_history_that_cannot_be_read_or_written_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    editing.remember(folder, "line")
    assert editing.recalled(folder) == []
    file = tmp_path / "history"
    file.write_bytes(b'"one"\n"one"\nnot json\n\xff\n7\n"two\\nlines \\u001b[2J"\n')
    assert editing.recalled(file) == ["one", "two\nlines [2J"]
