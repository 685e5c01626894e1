"""Conversations, driven by a script of inputs and compared as a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from samples import OPENING, WOOD, Run

from rag import conversations
from rag.answer import Reply
from rag.chat import COMMANDS, HELP, Session, chat, reminder
from rag.conversations import Conversation
from rag.errors import ModelFailed, NotReady
from rag.pipeline import Rag
from rag.settings import Settings
from rag.store import Store
from rag.types import Address, Answer, Citation, Earlier, Finding

ANSWER = "Ann: “It is blue.” [talk:2]"
CLAIM = Finding("claim", "It is also round.")
WRONG = (Finding("absent", "It is red."), Finding("speaker", "It is blue."), CLAIM)


class FakeRag:
    """Answers every question alike and remembers what it was told."""

    model = None

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder)
        self.settings = Settings(index=str(folder))
        self.asked: list[tuple[str, list[str]]] = []
        self.heard: tuple[str, ...] = ()

    def stream(
        self, question: str, *, speaker: Sequence[str] = (), history: Sequence[Earlier] = ()
    ) -> Reply:
        self.asked.append((question, [item.question for item in history]))
        self.heard = tuple(speaker)
        if question == "fail":
            raise NotReady("the model is away", "bring it back")
        came: list[str] = []

        def pieces() -> Iterator[str]:
            for piece in said(question):
                came.append(piece)
                yield piece

        return Reply(pieces(), lambda why: answered(question, "".join(came), why))


def said(question: str) -> Iterator[str]:
    """What comes of an answer, which a person or the model may break off."""
    if question == "refuse":
        yield "The transcripts do not answer this question."
        return
    if question == "nothing":
        raise ModelFailed("no model answers at localhost", "start it", "unreachable")
    if question == "at once":
        raise KeyboardInterrupt
    yield "Ann: “It is "
    if question == "break":
        raise ModelFailed("the model broke off", "ask again", "broken")
    if question == "interrupt":
        raise KeyboardInterrupt
    yield "blue.” [talk:2]\x1b[2J"


def answered(question: str, text: str, why: str) -> Answer | None:
    if why and not text:
        return None
    quote = Citation(Address("talk", 2, 2), "Ann", "It is blue.", True, 3, 3, link="talk.txt#L3")
    refused = question == "refuse"
    return Answer(
        question, text, () if refused or why else (quote,), (), refused, 0.75,
        timings={} if why else {"total": 1.5}, incomplete=bool(why), failure=why,
        findings=WRONG if question == "lie" else (), quotes=3,
    )  # fmt: skip


@pytest.fixture
def fake(built: Path) -> FakeRag:
    return FakeRag(built)


def screen(rag: FakeRag, *lines: str, session: Session | None = None) -> str:
    """What a person would see after entering `lines`."""
    script: Iterator[str] = iter(lines)
    shown: list[str] = []

    def read() -> str | None:
        line = next(script, None)
        if line is not None:
            shown.append(f"> {line}\n")
        return line

    chat(session or Session(cast(Rag, rag)), read, shown.append)
    return "".join(shown)


def kept() -> list[list[str]]:
    """The questions of the conversations on disk, the oldest first."""
    found = sorted(conversations.list_all()[0], key=lambda item: item.title)
    return [[entry.answer.question for entry in item.entries] for item in found]


def test_a_whole_conversation(fake: FakeRag) -> None:
    assert screen(
        fake,
        "/sources",
        "What colour is it?",
        "",
        "/sources",
        "/show violin:3",
        "/nonsense",
        "/help",
        "refuse",
        "/reset",
        "/sources",
        "/quit",
        "never read",
    ) == f"""\
> /sources
Nothing has been answered yet.

> What colour is it?
{ANSWER}[2J

>\x20
> /sources
talk:2  line 3  Ann  talk.txt#L3
confidence 0.75; total 1.5 ms

> /show violin:3
[violin:3] line 5 Host
  Which wood do you use for the bridge of a violin?

> /nonsense
/nonsense is not a command; /help lists them

> /help
{HELP}

> refuse
The transcripts do not answer this question.

> /reset
A new conversation.

> /sources
Nothing has been answered yet.

> /quit
"""  # fmt: skip


def test_an_answer_is_shown_piece_by_piece(fake: FakeRag) -> None:
    shown: list[str] = []
    lines = iter(["one"])
    chat(Session(cast(Rag, fake)), lambda: next(lines, None), shown.append)
    assert shown == ["Ann: “It is ", "blue.” [talk:2][2J", "\n\n"]


def test_a_question_comes_with_those_before_it_until_reset(fake: FakeRag) -> None:
    screen(fake, "one", "two", "/help", "/reset", "three")
    assert fake.asked == [("one", []), ("two", ["one"]), ("three", [])]
    assert kept() == [["one", "two"], ["three"]]


def test_ctrl_c_stops_the_answer_and_keeps_what_had_come(fake: FakeRag) -> None:
    shown = screen(fake, "one", "interrupt", "at once", "two")
    assert shown.partition("> interrupt\n")[2] == (
        f"Ann: “It is \n(stopped)\n\n> at once\n(stopped)\n\n> two\n{ANSWER}[2J\n\n"
    )
    assert fake.asked[-1] == ("two", ["one", "interrupt"])
    (conversation,) = conversations.list_all()[0]
    stopped = conversation.entries[1].answer
    assert (stopped.text, stopped.incomplete, stopped.failure) == ("Ann: “It is ", True, "stopped")


def test_ctrl_c_while_an_answer_is_being_shown_stops_it(fake: FakeRag) -> None:
    shown: list[str] = []
    lines = iter(["one", "two"])

    def write(text: str) -> None:
        if text.startswith("Ann") and not shown:
            shown.append(text)
            raise KeyboardInterrupt
        shown.append(text)

    chat(Session(cast(Rag, fake)), lambda: next(lines, None), write)
    assert "".join(shown) == f"Ann: “It is \n(stopped)\n\n{ANSWER}[2J\n\n"
    assert kept() == [["one", "two"]]


def test_a_model_that_breaks_off_is_one_line_under_what_had_come(fake: FakeRag) -> None:
    shown = screen(fake, "one", "break", "nothing", "two")
    assert shown.partition("> break\n")[2] == (
        "Ann: “It is \nthe model broke off (ask again)\n\n"
        "> nothing\nno model answers at localhost (start it)\n\n"
        f"> two\n{ANSWER}[2J\n\n"
    )
    (conversation,) = conversations.list_all()[0]
    assert [entry.answer.question for entry in conversation.entries] == ["one", "break", "two"]
    broken = conversation.entries[1].answer
    assert broken.incomplete
    assert broken.failure == "the model broke off (ask again)"


def test_what_a_check_found_is_said_under_the_answer(fake: FakeRag) -> None:
    assert (
        screen(fake, "lie")
        == f"""\
> lie
{ANSWER}[2J
3 quotations checked: 1 not in the transcripts, 1 said by somebody else
no passage supports: It is also round.

"""
    )


def test_an_error_is_shown_and_the_conversation_goes_on(fake: FakeRag) -> None:
    shown = screen(fake, "fail", "/show", "/show nowhere:1", "/show violin:99", "one").split("\n\n")
    assert shown[0] == "> fail\nthe model is away (bring it back)"
    assert "is not an address" in shown[1]
    assert "no transcript 'nowhere'" in shown[2]
    assert "nothing stands at violin:99" in shown[3]
    assert shown[4].startswith("> one\nAnn: “It is blue.”")
    assert fake.asked[-1] == ("one", [])


def test_a_speaker_is_heard_until_another_or_everybody_is(fake: FakeRag) -> None:
    shown = screen(fake, "/speaker marta", "one").split("\n\n")
    assert shown[0] == "> /speaker marta\nFrom now on only what Marta Lindqvist says."
    assert list(fake.heard) == ["Marta Lindqvist"]
    screen(fake, "/speaker marta", "/speaker 王秀兰", "/reset", "one")
    assert list(fake.heard) == ["王秀兰"]
    shown = screen(fake, "/speaker 王秀兰", "/speaker", "one").split("\n\n")
    assert shown[1] == "> /speaker\nEverybody is heard again."
    assert list(fake.heard) == []


def test_nobody_of_a_name_is_an_error_that_says_who_is_there(fake: FakeRag) -> None:
    shown = screen(fake, "/speaker marta", "/speaker Nobody", "one").split("\n\n")
    assert shown[1].startswith("> /speaker Nobody\nno speaker 'Nobody' in the index (there are: ")
    assert all(name in shown[1] for name in ("王秀兰", "主持人", "Marta Lindqvist", "Host"))
    assert list(fake.heard) == ["Marta Lindqvist"]


def test_export_writes_markdown_and_never_over_a_file(
    fake: FakeRag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = screen(
        fake, "/export", "one", "/export", "/export", "/export my talk.md", "/export no/where.md"
    ).split("\n\n")
    (conversation,) = conversations.list_all()[0]
    name = f"chat-{conversation.id}.md"
    assert shown[0] == "> /export\nNothing has been answered yet."
    assert shown[2] == f"> /export\nWritten to {name}"
    assert shown[3] == f"> /export\n{name} exists already (name another file, or remove it)"
    assert shown[4] == "> /export my talk.md\nWritten to my talk.md"
    assert shown[5].endswith("no/where.md: No such file or directory (name another file)")
    assert "embedded null" in screen(fake, "one", "/export a\0b", "/export ~nobody\0/x")
    assert Path(name).read_text(encoding="utf-8") == conversations.markdown(conversation)
    assert "[talk:2](talk.txt#L3)" in Path("my talk.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("/source", "/sources"), ("/exprot x", "/export"), ("/HELPP", "/help"), ("/zzzzzz", None)],
)
def test_an_unknown_command_names_the_nearest(
    fake: FakeRag, typed: str, nearest: str | None
) -> None:
    shown = screen(fake, typed)
    assert f"{typed.split(maxsplit=1)[0]} is not a command; " in shown
    assert (f"the nearest is {nearest};" in shown) == (nearest is not None)


def test_commands_are_known_in_capitals_and_with_a_chinese_slash(fake: FakeRag) -> None:
    assert screen(fake, "／Help", " /SHOW tea:1") == (
        f"> ／Help\n{HELP}\n\n>  /SHOW tea:1\n[tea:1] line 7 主持人\n  茶馆每天几点开门？\n\n"
    )
    for leaving in ("/quit", "／QUIT", "/exit"):
        assert screen(fake, leaving, "never read") == f"> {leaving}\n"


def test_the_end_of_input_ends_it(fake: FakeRag) -> None:
    assert screen(fake) == ""


def test_every_command_is_in_the_help(fake: FakeRag) -> None:
    for command in COMMANDS:
        assert command in HELP
        assert "is not a command" not in screen(fake, command)


def test_a_conversation_goes_on_where_it_was_left(fake: FakeRag) -> None:
    screen(fake, "one", "two")
    (before,) = conversations.list_all()[0]
    session = Session(cast(Rag, fake), Conversation.resume(before.id))
    assert reminder(session.conversation) == (
        f"{before.id}, last asked, after 1 more:\n> two\n{ANSWER}[2J"
    )
    shown = screen(fake, "/sources", "three", session=session)
    assert shown.startswith("> /sources\ntalk:2  line 3  Ann  talk.txt#L3\n\n")
    assert fake.asked[-1] == ("three", ["one", "two"])
    assert kept() == [["one", "two", "three"]]


def test_without_a_disk_it_is_said_once_and_goes_on(fake: FakeRag) -> None:
    folder = conversations.folder()
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    first, second = screen(fake, "one", "two").rstrip("\n").split("\n\n")
    assert first.startswith(f"> one\n{ANSWER}[2J\n{folder}")
    assert first.endswith("(this answer is not kept)")
    assert second == f"> two\n{ANSWER}[2J"
    assert fake.asked[-1] == ("two", ["one"])


def test_completions_are_commands_speakers_and_the_last_addresses(fake: FakeRag) -> None:
    session = Session(cast(Rag, fake))
    screen(fake, "one", session=session)
    lines = session.completions()
    assert {"/sources", "/help", "/show talk:2", "/speaker 王秀兰"} <= set(lines)
    assert {line.split()[0] for line in lines} == set(COMMANDS)


def test_input_that_is_piped_in_is_answered_line_by_line(indexed: Path, run: Run) -> None:
    result = run("chat", input=f"{OPENING}\n\n/show tea:1\n{WOOD}")
    assert (result.code, result.err) == (0, "rag: answers are quoted, no model is used\n")
    first, second, third = result.out.rstrip("\n").split("\n\n")
    assert first.startswith("王秀兰：「")
    assert second.startswith("[tea:1] line 7 主持人\n")
    assert third.startswith("Marta Lindqvist: “")
    assert "[violin:4]" in third


def test_a_follow_up_is_understood_from_what_was_asked_before(indexed: Path, run: Run) -> None:
    result = run("chat", input="最便宜的茶多少钱一壶？\n那最贵的呢？\n")
    answers = result.out.rstrip("\n").split("\n\n")
    assert ["tea:4" in answer for answer in answers] == [True, True]
