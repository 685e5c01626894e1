"""Conversations, driven by a script of inputs and compared as a screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest
from fakes import HashEncoder
from samples import OPENING, WOOD, Run

from rag import store
from rag.chat import HELP, chat
from rag.errors import NotReady
from rag.pipeline import Rag
from rag.types import Address, Answer, Citation

ANSWER = "Ann: “It is blue.” [talk:2]"


class FakeRag:
    """Answers every question alike and remembers what it was told."""

    def __init__(self, opened: store.Store) -> None:
        self.store = opened
        self.asked: list[tuple[str, list[str]]] = []

    def ask(self, question: str, *, history: Sequence[str] = ()) -> Answer:
        self.asked.append((question, list(history)))
        if question == "interrupt":
            raise KeyboardInterrupt
        if question == "fail":
            raise NotReady("the model is away", "bring it back")
        refused = question == "refuse"
        quote = Citation(
            Address("talk", 2, 2), "Ann", "It is blue.", True, 3, 3, link="talk.txt#L3"
        )
        text = "The transcripts do not answer this question." if refused else f"{ANSWER}\x1b[2J"
        citations = () if refused else (quote,)
        return Answer(question, text, citations, (), refused, 0.75, timings={"total": 1.5})


@pytest.fixture
def fake(corpus: Path) -> FakeRag:
    folder = corpus.parent / "index" / "default"
    store.build(
        folder, [corpus], HashEncoder(), encoder_name="fake", passage_tokens=400,
        base=corpus.parent, version="test",
    )  # fmt: skip
    return FakeRag(store.Store.open(folder))


def screen(rag: FakeRag, *lines: str) -> list[str]:
    """What a person would see after entering `lines`."""
    script: Iterator[str] = iter(lines)
    shown: list[str] = []

    def read() -> str | None:
        line = next(script, None)
        if line is not None:
            shown.append(f"> {line}")
        return line

    chat(cast(Rag, rag), read, shown.append)
    return shown


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
    ) == [
        "> /sources",
        "Nothing has been answered yet.",
        "> What colour is it?",
        "Ann: “It is blue.” [talk:2][2J",
        "> ",
        "> /sources",
        "talk:2  line 3  Ann  talk.txt#L3\nconfidence 0.75; total 1.5 ms",
        "> /show violin:3",
        "[violin:3] line 5 Host\n  Which wood do you use for the bridge of a violin?",
        "> /nonsense",
        "/nonsense is not a command; /help lists them",
        "> /help",
        HELP,
        "> refuse",
        "The transcripts do not answer this question.",
        "> /reset",
        "A new conversation.",
        "> /sources",
        "Nothing has been answered yet.",
        "> /quit",
    ]


def test_a_question_comes_with_those_before_it_until_reset(fake: FakeRag) -> None:
    screen(fake, "one", "two", "/help", "/reset", "three")
    assert fake.asked == [("one", []), ("two", ["one"]), ("three", [])]


def test_ctrl_c_stops_the_answer_and_not_the_conversation(fake: FakeRag) -> None:
    assert screen(fake, "one", "interrupt", "two")[2:] == [
        "> interrupt",
        "(stopped)",
        "> two",
        "Ann: “It is blue.” [talk:2][2J",
    ]
    assert fake.asked[-1] == ("two", ["one"])


def test_an_error_is_shown_and_the_conversation_goes_on(fake: FakeRag) -> None:
    shown = screen(fake, "fail", "/show", "/show nowhere:1", "/show violin:99", "one")
    assert shown[1] == "the model is away (bring it back)"
    assert "is not an address" in shown[3]
    assert "no transcript 'nowhere'" in shown[5]
    assert "nothing stands at violin:99" in shown[7]
    assert shown[9].startswith("Ann: “It is blue.”")
    assert fake.asked[-1] == ("one", [])


def test_the_end_of_input_ends_it(fake: FakeRag) -> None:
    assert screen(fake) == []


def test_every_command_is_in_the_help(fake: FakeRag) -> None:
    for command in ("/sources", "/show", "/reset", "/help", "/quit"):
        assert command in HELP
        assert "is not a command" not in "".join(screen(fake, command))


def test_input_that_is_piped_in_is_answered_line_by_line(indexed: Path, run: Run) -> None:
    result = run("chat", input=f"{OPENING}\n\n/show tea:1\n{WOOD}")
    assert (result.code, result.err) == (0, "")
    first, second, third = result.out.rstrip("\n").split("\n\n")
    assert first.startswith("王秀兰：「")
    assert second.startswith("[tea:1] line 7 主持人\n")
    assert third.startswith("Marta Lindqvist: “")
    assert "[violin:4]" in third


def test_a_follow_up_is_understood_from_what_was_asked_before(indexed: Path, run: Run) -> None:
    result = run("chat", input="最便宜的茶多少钱一壶？\n那最贵的呢？\n")
    answers = result.out.rstrip("\n").split("\n\n")
    assert ["tea:4" in answer for answer in answers] == [True, True]
