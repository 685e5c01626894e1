"""`--self`: which questions of an interviewer are asked, and what a user gets to see."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import Run

from rag.evaluate import selfmade
from rag.transcripts import read

TALK = """\
Host: Welcome to the show, everybody, it is good to have you all here in the studio tonight.

Marta Lindqvist: Thank you. I took the night train from Trieste, which is my favourite way to
travel, and I slept all the way along the coast.

Host: I have wanted to ask this for years. How do you choose the maple for the bridge of a violin?

Marta Lindqvist: I choose maple by its sound. I knock on it and listen, and a good bridge answers
at once, where a bad one mumbles like somebody who has been woken too early.

Host: Why is that?

Marta Lindqvist: Because the cells of wood that was cut in winter are empty, so that there is
nothing in them which could damp the sound when it passes through.

Host: And it?

Marta Lindqvist: It depends on the year and on the slope on which the tree grew up, and sometimes
on the moon, if you ask my grandmother about such things.

Host: Did your grandmother repair violins in the same workshop?

Marta Lindqvist: No.

Host: Which varnish would you recommend to a beginner with little money?

Marta Lindqvist: For a beginner the varnish of the hardware shop will do, thinned with alcohol,
three coats, and a week of patience between them. Nobody ever ruined an instrument by waiting.
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    folder.mkdir()
    (folder / "talk.txt").write_text(TALK, encoding="utf-8")
    return folder


def test_questions_that_stand_alone_are_asked_for_their_replies(talk: Path) -> None:
    found = selfmade.questions([read(talk / "talk.txt")])
    assert [(task.case.question, str(task.gold[0])) for task in found.tasks] == [
        (
            "I have wanted to ask this for years. How do you choose the maple for the bridge of a"
            " violin?",
            "talk:4",
        ),
        ("Which varnish would you recommend to a beginner with little money?", "talk:12"),
    ]
    assert found.hidden == {"talk": {3, 11}}
    assert found.skipped == {
        selfmade.NOT_ASKED: 1,
        selfmade.LEANS: 1,
        selfmade.TOO_SHORT: 1,
        selfmade.NO_REPLY: 1,
    }


def test_a_question_that_leans_on_another_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(
        "主持人：你们的茶馆每天早上几点钟开门营业？\n\n王秀兰：我们每天早上五点开门，因为第一批客人是下夜班的司机，"
        "老人们四点多就在门口等着了。\n\n主持人：那冬天下雪呢？\n\n"
        "王秀兰：冬天炉子要先生起来，开门就只好等到六点，老客人都知道，谁也不着急，慢慢地走过来。\n"
    )
    found = selfmade.questions([read(path)])
    assert [task.case.id for task in found.tasks] == ["a:1"]
    assert found.skipped == {selfmade.LEANS: 1}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("We met in May. Who was there? Thank you.", "We met in May. Who was there?"),
        ("Nothing is asked here.", ""),
        ("这样好吗", "这样好吗"),
        ("好的。你觉得呢？谢谢。", "好的。你觉得呢？"),
        ("word " * 100 + ". What then?", "What then?"),
    ],
)
def test_of_a_long_turn_the_part_that_asks_is_taken(said: str, asked: str) -> None:
    assert selfmade.asking(said) == asked


def test_the_question_does_not_find_itself(talk: Path, run: Run) -> None:
    found = run("eval", talk, "--self")
    assert found.code == 0, found.err
    table = found.out.split("\n")
    assert table[0].startswith("2 questions; legs fused; talks: 1 transcripts")
    assert table[2].split()[:3] == ["all", "2", "100.0"]
    (skipped,) = (line for line in table if "skipped" in line)
    assert "1 no question mark" in skipped
    assert "1 lean on what was said before" in skipped
    assert "every question is answered among the first 10 passages" in table


def test_what_fails_is_shown_with_what_was_found(talk: Path, run: Run) -> None:
    (talk / "other.txt").write_text(
        "Host: How does one become a baker of bread in this town of yours?\n\n"
        "Piet Janssen: The maple bridge over the violin river leads to the school where they choose"
        " whom they teach, and the bridge of a violin is on its coat of arms.\n\n"
        "Host: Is bread from rye healthy for children who are small?\n\n"
        "Piet Janssen: My grandmother lived on nothing else and was a hundred years old when"
        " finally her heart stood still over breakfast.\n",
        encoding="utf-8",
    )
    found = run("eval", talk, "--self", "-k", "1", "--legs", "lexical")
    lines = found.out.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith("nothing right among"))
    baker = lines.index("[other:1] How does one become a baker of bread in this town of yours?")
    assert baker > start
    assert lines[baker + 1].startswith("  wanted [other:2] Piet Janssen：The maple bridge")
    assert lines[baker + 2].startswith("  found  [")


def test_the_index_is_asked_when_nothing_is_named(indexed: Path, run: Run) -> None:
    found = run("eval", "--self")
    assert found.code == 0, found.err
    assert "questions; legs fused; default: 2 transcripts, 6 passages" in found.out


def test_where_nobody_asks_there_is_nothing_to_measure(tmp_path: Path, run: Run) -> None:
    (tmp_path / "essay.md").write_text("# On tea\n\nTea is older than coffee, and calmer.\n")
    found = run("eval", tmp_path, "--self")
    assert (found.code, found.out) == (2, "")
    assert "none of the 0 replies in it follows a question that stands alone" in found.err
