"""The two files that the project began with, read as a person would read them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rag.chunker import exchanges, passages
from rag.transcripts import read
from rag.types import Section, Transcript, Turn


@pytest.fixture(scope="module")
def interview(shared: Path) -> Transcript:
    return read(shared / "seeds/000_80afdb5ef3ed4cf2.txt")


@pytest.fixture(scope="module")
def essay(shared: Path) -> Transcript:
    return read(shared / "seeds/003_a4f13e233529ddcf.txt")


def lines_of(transcript: Transcript) -> list[str]:
    return Path(transcript.path).read_text(encoding="utf-8").split("\n")


def test_every_turn_of_the_interview_has_its_speaker(interview: Transcript) -> None:
    assert Counter(turn.speaker for turn in interview.turns) == {
        "Sam Altman": 28,
        "主持人": 15,
        "观众": 13,
    }


def test_labels_are_kept_as_they_are_written(interview: Transcript) -> None:
    labels = Counter((turn.speaker, turn.label) for turn in interview.turns)
    assert labels["Sam Altman", "Sam Altman"] == 2
    assert labels["Sam Altman", "Sam"] == 26
    assert labels["观众", "观众提问"] == 13


def test_questions_and_replies_of_the_interview_alternate_in_28_exchanges(
    interview: Transcript,
) -> None:
    groups = exchanges(interview.turns)
    assert len(groups) == 28
    for group in groups:
        assert {turn.speaker for turn in group.question} <= {"主持人", "观众"}
        assert {turn.speaker for turn in group.reply} == {"Sam Altman"}
        assert len(group.question) == len(group.reply) == 1


def test_bold_list_items_stay_in_the_reply_that_lists_them(interview: Transcript) -> None:
    (turn,) = (turn for turn in interview.turns if turn.line == 189)
    assert turn.speaker == "Sam Altman"
    assert turn.text.split("\n")[1:4] == [
        lines_of(interview)[number - 1].replace("**", "") for number in (190, 191, 192)
    ]
    assert turn.end_line == 194


def test_a_question_wholly_in_bold_is_the_question_without_the_marks(
    interview: Transcript,
) -> None:
    (turn,) = (turn for turn in interview.turns if turn.line == 118)
    assert (turn.speaker, turn.lines) == ("主持人", (118,))
    assert lines_of(interview)[117] == f"**主持人：{turn.text}**"


def test_the_first_label_stands_alone_above_its_words(interview: Transcript) -> None:
    first = interview.turns[0]
    assert (first.number, first.speaker, first.line, first.lines) == (1, "主持人", 94, (95,))
    assert first.text == lines_of(interview)[94]


def test_the_last_turn_ends_before_the_furniture_of_the_page(interview: Transcript) -> None:
    last = interview.turns[-1]
    assert (last.number, last.speaker, last.end_line) == (56, "Sam Altman", 203)
    assert "See more" not in last.text


def test_lines_name_where_the_words_stand(interview: Transcript, essay: Transcript) -> None:
    for transcript in (interview, essay):
        written = lines_of(transcript)
        parts: list[Turn | Section] = [*transcript.turns, *transcript.sections]
        for part in parts:
            for text, number in zip(part.text.split("\n"), part.lines, strict=True):
                letters = [char for char in written[number - 1] if char.isalnum()]
                found = [char for char in text if char.isalnum()]
                assert "".join(found) in "".join(letters)


def test_the_summary_before_the_dialogue_is_prose_in_sections(interview: Transcript) -> None:
    assert [section.line for section in interview.sections] == [
        12, 13, 19, 25, 35, 43, 55, 61, 71, 74, 82,
    ]  # fmt: skip
    assert interview.sections[3].title == "高速发布节奏的秘密"
    assert interview.sections[3].lines == (27, 29, 31, 33)
    assert interview.sections[-1].end_line == 89
    assert all("{:toc}" not in section.text for section in interview.sections)


def test_the_front_matter_of_the_interview_is_read(interview: Transcript) -> None:
    assert interview.title.startswith("Sam Altman 最新访谈：")
    assert (interview.date, interview.language) == ("2025-06-07", "zh")
    assert interview.warnings == ()


def test_nobody_speaks_in_the_essay(essay: Transcript) -> None:
    assert essay.turns == ()
    assert (essay.date, essay.language) == ("2025-05-15", "zh")
    assert essay.source.startswith("https://x.com/")


def test_unmarked_headings_of_the_essay_are_the_titles_of_its_sections(essay: Transcript) -> None:
    headings = [13, 17, 21, 33, 41, 53, 59, 63, 75]
    written = lines_of(essay)
    assert [(section.line, section.title) for section in essay.sections] == [
        (11, ""),
        *((number, written[number - 1].strip()) for number in headings),
    ]


def test_escaped_asterisks_of_the_essay_are_gone(essay: Transcript) -> None:
    (section,) = (section for section in essay.sections if section.line == 21)
    assert section.lines[0] == 23
    assert "DALL-E，然后" in section.text
    assert not any(mark in section.text for mark in ("\\", "**"))


def test_the_link_at_the_end_of_the_essay_is_kept(essay: Transcript) -> None:
    last = essay.sections[-1]
    linked = [line for line in last.text.split("\n") if "https://discord.com/" in line]
    assert len(linked) == 1
    assert last.lines[last.text.split("\n").index(linked[0])] == 83


def test_every_letter_of_both_seeds_is_kept(interview: Transcript, essay: Transcript) -> None:
    for transcript, body in ((interview, 12), (essay, 11)):
        kept = Counter[str]()
        for turn in transcript.turns:
            kept += Counter(turn.text + turn.label)
        kept += Counter("".join(turn.topic for turn in transcript.turns[:1]))
        for section in transcript.sections:
            kept += Counter(section.text + section.title)
        written = "\n".join(lines_of(transcript)[body - 1 :]).removesuffix("See more\n")
        lost = Counter(written.removesuffix("See more")) - kept
        assert not [char for char in lost if char.isalnum()], lost


def test_the_passages_of_the_interview_keep_each_question_with_its_reply(
    interview: Transcript,
) -> None:
    for passage in passages(interview, 400):
        if not passage.section and passage.spans[0].part < 2:
            assert passage.spans[0].speaker in {"主持人", "观众"}
        elif not passage.section:
            assert passage.context
