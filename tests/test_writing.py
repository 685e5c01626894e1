"""Transcripts written and read back: the same words, of the same people, at the same time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.transcripts import parse
from rag.transcripts.comparing import difference
from rag.transcripts.writing import FORMATS, write
from rag.types import Section, Transcript, Turn

NAMES = ["Nora Lind", "Emil", "张三", "李四光", "SPEAKER_00", "Dr. Aas", "主持人"]
ENGLISH = [
    "We mended nets.", "Is it <b>late</b> & dark?", "It cost 3.5 crowns, I think.",
    "He wrote *no*, in [brackets] and under_scores.", "#1 is the boat!", "2018. It was cold.",
    "A \\ backslash `and` a ~tilde~ | pipe.", "“Sail!” he said.",
]  # fmt: skip
CHINESE = ["我们修补渔网。", "什么时候开船？", "他说：“走吧！”", "今年一共二十四条船，都在海湾里。"]


def turns_of(draw: st.DrawFn, *, named: bool | None) -> tuple[Turn, ...]:
    """Turns of people who follow upon each other, every line at its own millisecond."""
    turns: list[Turn] = []
    now = draw(st.integers(0, 50_000))
    sentence = st.sampled_from([*ENGLISH, *CHINESE])
    for number in range(1, draw(st.integers(1, 8)) + 1):
        before = turns[-1].speaker if turns else None
        names = [name for name in NAMES if name != before] if named is not False else [""]
        if named is None:
            names = [name for name in ["", *NAMES] if name != before]
        speaker = draw(st.sampled_from(names))
        # Numbered: a caption that says the same again is one that rolled on.
        said = draw(st.lists(sentence, min_size=1, max_size=4))
        lines = [f"{text[:-1]} {number}{n}{text[-1]}" for n, text in enumerate(said)]
        times = []
        for _ in lines:
            times.append(now / 1000)
            now += draw(st.integers(1000, 90_000))
        turns.append(
            Turn(number, speaker, speaker, "\n".join(lines), number, (number,) * len(lines),
                 times[0], now / 1000, times=tuple(times))
        )  # fmt: skip
        now += draw(st.integers(0, 1500))
    return tuple(turns)


@st.composite
def spoken(draw: st.DrawFn, named: bool | None = True) -> Transcript:
    source = draw(st.sampled_from(["", "https://example.org/a?b=1#c"]))
    return Transcript("a", "a.x", "A: “title” #1", "2025-06-07", source, "en",
                      turns_of(draw, named=named))  # fmt: skip


def again(item: Transcript, to: str) -> Transcript:
    return parse(write(item, to).encode(), Path(f"b.{to}"), {})


@pytest.mark.parametrize("to", ["md", "vtt", "json"])
@settings(max_examples=150, deadline=None)
@given(item=spoken())
def test_words_speakers_and_times_come_back(to: str, item: Transcript) -> None:
    assert difference(item, again(item, to), to) == ""


@pytest.mark.parametrize("to", ["md", "json"])
@settings(max_examples=100, deadline=None)
@given(item=spoken(named=None))
def test_speech_of_nobody_comes_back_as_such(to: str, item: Transcript) -> None:
    assert difference(item, again(item, to), to) == ""


@pytest.mark.parametrize("to", ["srt", "vtt"])
@settings(max_examples=100, deadline=None)
@given(item=spoken(named=False))
def test_captions_of_nobody_come_back(to: str, item: Transcript) -> None:
    item = without_marks(item)
    assert difference(item, again(item, to), to) == ""


@settings(max_examples=100, deadline=None)
@given(item=spoken())
def test_names_come_back_from_srt_where_everybody_speaks_twice(item: Transcript) -> None:
    start = item.turns[-1].end or 0.0
    twice = [
        *item.turns,
        *(
            replace(
                turn,
                text=turn.text.replace(" ", " really ", 1),
                start=(turn.start or 0.0) + start,
                end=(turn.end or 0.0) + start,
                times=tuple(second + start for second in turn.times),
            )
            for turn in item.turns
        ),
    ]
    item = without_marks(replace(item, turns=tuple(twice)))
    assert difference(item, again(item, "srt"), "srt") == ""


def without_marks(item: Transcript) -> Transcript:
    """Captions have no escapes: what looks like a tag, or again and again like a label, is one."""
    turns = (
        replace(turn, text=turn.text.replace("<b>late</b>", "late").replace("他说：", "他说"))
        for turn in item.turns
    )
    return replace(item, turns=tuple(turns))


@settings(max_examples=150, deadline=None)
@given(item=spoken(named=None))
def test_json_keeps_every_turn_as_it_was(item: Transcript) -> None:
    back = again(item, "json")
    assert (back.title, back.date, back.source) == (item.title, item.date, item.source)
    assert [replace(turn, line=1, lines=()) for turn in back.turns] == [
        replace(turn, line=1, lines=()) for turn in item.turns
    ]


@settings(max_examples=100, deadline=None)
@given(item=spoken())
def test_markdown_keeps_every_turn_and_whole_seconds(item: Transcript) -> None:
    back = again(item, "md")
    assert (back.title, back.date, back.source) == (item.title, item.date, item.source)
    assert [(turn.speaker, turn.text) for turn in back.turns] == [
        (turn.speaker, turn.text) for turn in item.turns
    ]
    seconds = [float(int(second)) for turn in item.turns for second in turn.times]
    found = [
        second
        for turn in back.turns
        for second in turn.times or (turn.start,) * (turn.text.count("\n") + 1)
    ]
    assert found == seconds


TALK = (
    Turn(1, "Nora", "Nora", "How long?\nA year?", 5, (5, 6), 3.25, 9.0, times=(3.25, 5.0)),
    Turn(2, "Emil & Ann", "Emil, Ann", "Nine evenings.", 8, (8,), 9.5, 3725.0, times=(9.5,)),
    Turn(3, "Emil", "Emil", "I mean ten.", 9, (9,), 3725.0, times=(3725.0,)),
    Turn(4, "Ann", "Ann", "Nine.", 10, (10,), 3726.0, 3727.5, times=(3726.0,)),
    Turn(5, "Nora", "Nora", "Thanks.", 11, (11,), 3728.0, 3729.0, times=(3728.0,)),
)
ITEM = Transcript("nets", "nets.md", "Nets", "2025-06-07", "https://example.org", "en", TALK)


def test_markdown_is_what_people_would_write() -> None:
    prose = (Section(1, "Before", "They met in *May*.", 2, (2,)),)
    assert (
        write(replace(ITEM, turns=TALK[:2], sections=prose, title="A talk"), "md")
        == """\
---
title: "A talk"
date: "2025-06-07"
source: "https://example.org"
speakers:
  - "Nora"
  - "Emil & Ann"
---

## Before

They met in \\*May\\*.

**Nora** [0:00:03]: How long?
[0:00:05] A year?

**Emil & Ann** [0:00:09]: Nine evenings.
"""
    )


def test_captions_carry_names_and_milliseconds() -> None:
    assert write(ITEM, "srt").startswith(
        "1\n00:00:03,250 --> 00:00:05,000\nNora: How long?\n\n"
        "2\n00:00:05,000 --> 00:00:09,000\nA year?\n\n"
        "3\n00:00:09,500 --> 01:02:05,000\nEmil & Ann: Nine evenings.\n\n"
    )
    assert write(ITEM, "vtt").startswith(
        "WEBVTT - Nets\nLanguage: en\n\n"
        "NOTE\ntitle: Nets\ndate: 2025-06-07\nsource: https://example.org\n\n"
        "00:00:03.250 --> 00:00:05.000\n<v Nora>How long?\n\n"
    )
    assert [turn.speaker for turn in again(ITEM, "vtt").turns] == [
        "Nora", "Emil & Ann", "Emil", "Ann", "Nora",
    ]  # fmt: skip


def test_webvtt_keeps_what_its_note_says_of_the_recording() -> None:
    back = again(ITEM, "vtt")
    assert (back.title, back.date, back.source) == ("Nets", ITEM.date, ITEM.source)
    late = write(ITEM, "vtt").replace("NOTE\n", "NOTE on this\n")
    assert parse(late.encode(), Path("b.vtt"), {}).source == ""


@pytest.mark.parametrize(
    "name", ["[__]", "__init", "a__b_c", "_Ann_", "**Ann**", "[Ann]", "2", "#", "Marks & Spencer"]
)
def test_odd_names_of_captions_come_back_from_markdown(name: str) -> None:
    voice = name.replace("&", "&amp;")
    cues = "".join(
        f"00:0{at}.000 --> 00:0{at}.900\n<v {who}>So {at}.\n\n"
        for at, who in enumerate(("Bo", voice, "Bo", voice))
    )
    item = parse(f"WEBVTT\n\n{cues}".encode(), Path("b.vtt"), {})
    assert len(item.turns) == 4
    for to in ("md", "vtt", "json"):
        assert difference(item, again(item, to), to) == "", to


def test_prose_and_topics_survive_in_markdown_and_json() -> None:
    prose = (
        Section(1, "Before", "They met in May.\nIt rained.", 2, (2, 3)),
        Section(2, "", "An aside.", 4, (4,)),
    )
    talk = tuple(replace(turn, topic="Nets") for turn in TALK)
    item = replace(ITEM, turns=talk, sections=prose)
    for to in ("md", "json"):
        back = again(item, to)
        assert difference(item, back, to) == "", to
        assert [turn.topic for turn in back.turns] == ["Nets"] * 5
    assert [(s.title, s.text) for s in again(item, "json").sections] == [
        ("Before", "They met in May.\nIt rained."), ("", "An aside."),
    ]  # fmt: skip


def test_the_lines_of_our_json_are_those_of_its_file() -> None:
    text = write(ITEM, "json")
    back = again(ITEM, "json")
    for turn in back.turns:
        assert turn.text.split("\n")[0] in text.split("\n")[turn.lines[0] - 1]


@pytest.mark.parametrize(
    "damage", ['"turn": "x"', '"body": 3', '"speaker": []', '"timed": true, "startTime": -1']
)
def test_json_of_ours_that_was_damaged_is_read_as_anybodys(damage: str) -> None:
    key = damage.split(":", maxsplit=1)[0]
    lines = write(ITEM, "json").split("\n")
    at = next(n for n, line in enumerate(lines) if key in line and "startTime" in line)
    head, _, rest = lines[at].partition("{")
    lines[at] = head + "{" + damage + ", " + rest.replace(key, '"was"')
    back = parse("\n".join(lines).encode(), Path("b.json"), {})
    assert "A year?" in "\n".join(turn.text for turn in back.turns)


def test_captions_need_times_and_speech() -> None:
    untimed = replace(ITEM, turns=(replace(TALK[0], start=None, times=()),))
    for to in ("srt", "vtt"):
        with pytest.raises(UsageError, match="nets:1 has no time"):
            write(untimed, to)
        with pytest.raises(UsageError, match="nobody speaks"):
            write(replace(ITEM, turns=()), to)
    assert set(FORMATS) == {"md", "srt", "vtt", "json"}


def test_a_difference_is_told_in_a_few_words() -> None:
    other = (replace(TALK[0], text="How short?\nA year?"), *TALK[1:])
    assert (
        difference(ITEM, replace(ITEM, turns=other), "json")
        == "'long?Ayear?' became 'short?Ayear?'"
    )
    other = (replace(TALK[0], speaker="Ann"), *TALK[1:])
    assert "Nora became Ann" in difference(ITEM, replace(ITEM, turns=other), "json")
    other = (replace(TALK[0], times=(3.25, 6.0)), *TALK[1:])
    assert "second 5 became 6" in difference(ITEM, replace(ITEM, turns=other), "json")
    assert difference(ITEM, replace(ITEM, turns=other), "md") == ""
