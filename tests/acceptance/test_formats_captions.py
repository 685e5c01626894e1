"""Subtitle files of other people's making: turns, speakers, times and lines as a person reads them.

Everything here was written down by looking at the files, not by running the reader.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from rag.errors import UsageError
from rag.transcripts import read


class Seen(NamedTuple):
    """The first words of a file, and the last line of its last words, each with line and second."""

    first: tuple[str, int, float, str]  # speaker, line, start, how the text begins
    last: tuple[str, int, float, str]  # speaker, end of the file's speech: line, second, text
    turns: int | None = None  # where a person can count them
    warnings: tuple[str, ...] = ()  # the lines they name and what they say


FILES: dict[str, Seen] = {
    "abelson_interview.cn.vtt": Seen(
        ("采访者", 9, 3.2, "今天是 2011 年 8 月 23 日。\n我是 Chris Boebel。\n作为“麻省"),
        ("采访者", 6438, 6779.93, "谢谢。"), 87,
    ),
    "abelson_interview.en.vtt": Seen(
        ("INTERVIEWER", 9, 3.2, "Today is August 23, 2011.\nI'm Chris Boebel.\nAs part of the"
         " MIT150 Infinite History project, we're talking with professor Hal Abelson.\n"),
        ("INTERVIEWER", 6438, 6779.93, "Thank you."), 87,
    ),
    # A dash and a name in small letters that comes once: it may as well be a sound, and stays text.
    **dict.fromkeys(
        ("fcc_demo.en.srt", "fcc_demo.zh-CN.srt", "fcc_demo.zh-TW.srt"),
        Seen(("", 3, 0.259, "[nhcarrigan] This file is a demonstration of the way that subtitle"
                            " translations work on crowdin.\nYou can make"),
             ("", 20, 14.58, "This will give you a chance to practice what the translation flow"
                              " feels like."), 1),
    ),
    **dict.fromkeys(
        ("fcc_python-functions.zh-CN.srt", "fcc_python-functions.zh-TW.srt"),
        Seen(("", 3, 0.932, "Hello and welcome to Chapter 4, Functions.\nThis is the fourth of"),
             ("", 1048, 611.529, "Not just using the predefined ones.")),
    ),
    # The narrator, then eight people who introduce themselves, each begun by a dash or a pause.
    "hf_course_en_0.srt": Seen(
        ("", 3, 5.85, "Welcome to the Hugging Face Course.\nThis course has been designed to"),
        ("", 448, 266.733, "Before joining Hugging Face, I worked as a Data Scientist in"
                           " Switzerland and have taught Data Science at University."), 9,
    ),
    "hf_course_zh_0.srt": Seen(
        ("", 3, 5.85, "欢迎来到 Hugging Face 课程。\nWelcome to the Hugging Face Course.\n本课程"),
        ("", 509, 266.733, "Before joining Hugging Face, I worked as a Data Scientist in"
                           " Switzerland and have taught Data Science at University."), 9,
    ),
    "hf_course_zh_1.srt": Seen(
        ("", 18, 5.88, "本节课内容是: pipeline 函数\nThe pipeline function."),
        ("", 484, 268.327, "Try then out through the inference widgets in the model hub."),
    ),
    "polyu_lecture_bilingual_dual.srt": Seen(
        ("", 3, 0.0, "Okay, let's continue.\n好的，咱们接着来。\nSo I'm glad some of you come"
         " here and ask me some questions, and some questions are really good.\n所以我很"),
        ("", 1447, 1756.599, "谢谢您。"),
    ),
    "polyu_lecture_en.srt": Seen(
        ("", 3, 0.0, "Okay, let's continue.\nSo I'm glad some of you come here and ask me some"
                     " questions, and some questions are really good.\nOkay.\nWell, I will review"),
        ("", 723, 1756.599, "Thank you."),
    ),
    "virtualcoffee_1_0.srt": Seen(
        ("Bekah Hawrot Weigel", 3, 3.45, "Hey, I'm Bekah."),
        ("Dan Ott", 247, 144.81, "If you'd like to learn more about Virtual Coffee, please check"
         " out our website at virtualcoffee.io or say hi to us on Twitter @VirtualCoffeeIO and we"
         " will talk to you soon!"), 16,
    ),
    "virtualcoffee_4_7.srt": Seen(
        ("Bekah", 3, 5.758, "Hello and welcome to season four, episode seven of the Virtual Coffee"
                            " podcast.\nI'm Bekah.\nAnd this is a podcast that features members"),
        ("Dan", 5630, 3277.59, "Thanks for listening and we'll see you next week!"), 145,
    ),
    "virtualcoffee_6_1.srt": Seen(
        ("Bekah Hawrot Weigel", 3, 6.535, "Hello, and welcome to Season 6, Episode 1 of the Virtual"
                                          " Coffee podcast.\nI'm Bekah --"),
        ("Dan Ott", 5607, 3104.139, "Thanks for listening and we'll see you next week!"), 174,
    ),
    "webvttpy_netflix_chicas_del_cable.vtt": Seen(
        ("Alba", 21, 7.96, "En 1928, las mujeres éramos algo así como adornos que se llevaban a las"
                           " fiestas para presumir de ellos."),
        ("", 3864, 3148.6, "Alba."),
    ),
    "webvttpy_invalid.vtt": Seen(
        ("", 2, 0.5, "Caption text #1 Caption text #2 Caption text #3"), ("", 2, 30.28, ""), 1,
        ("1: no WEBVTT above it",),
    ),
    "webvttpy_invalid_timeframe.sbv": Seen(
        ("", 2, 0.378, "Caption text #1 Caption text #2 Caption text #3"), ("", 2, 17.484, ""), 1,
        ("7: a damaged time: 0:00:13.f89,0:00:15.489", "13: ends before it begins"),
    ),
    "webvttpy_invalid_timeframe.vtt": Seen(
        ("", 4, 0.5, "Caption text #1 Caption text #2"), ("", 10, 30.28, ""), None,
        ("6: a damaged time: 00:00:07.000 --> 00:00:1d.890",),
    ),
    "webvttpy_invalid_timeframe_in_cue_text.vtt": Seen(
        ("", 4, 0.5, "Caption text #1 Caption text #2 Caption text #3"), ("", 4, 16.32, ""), 1,
    ),
    "webvttpy_metadata_headers_multiline.vtt": Seen(
        ("", 10, 0.5, "Caption text #1 Caption text #2"), ("", 10, 11.89, ""), 1,
    ),
    # The caption without text leaves a pause of almost five seconds.
    "webvttpy_missing_caption_text.srt": Seen(
        ("", 3, 0.5, "Caption text #1"),
        ("", 11, 23.88, "Caption text #3 Caption text #4 Caption text #5"), 2,
    ),
    "webvttpy_missing_caption_text.vtt": Seen(
        ("", 4, 0.5, "Caption text #1"),
        ("", 9, 23.88, "Caption text #3 Caption text #4 Caption text #5"), 2,
    ),
    "webvttpy_missing_timeframe.srt": Seen(
        ("", 3, 0.5, "Caption text #1 Caption text #2"),
        ("", 10, 23.88, "Caption text #3 Caption text #4 Caption text #5"), 2,
        ("6: text without a time; kept with the caption before",),
    ),
    "webvttpy_missing_timeframe.vtt": Seen(
        ("", 4, 0.5, "Caption text #1 Caption text #2"), ("", 9, 30.28, ""), 2,
        ("6: text without a time; kept with the caption before",),
    ),
    "webvttpy_one_caption.srt": Seen(("", 3, 0.5, "Caption text #1"), ("", 3, 7.0, ""), 1),
    "webvttpy_one_caption.vtt": Seen(("", 4, 0.5, "Caption text #1"), ("", 4, 7.0, ""), 1),
    "webvttpy_sample.sbv": Seen(
        ("", 2, 0.378, "Caption text #1 Caption text #2 Caption text #3 (line 1) Caption text #3"
                       " (line 2) Caption text #4 Caption text #5"),
        ("", 2, 17.484, ""), 1, ("14: ends before it begins",),
    ),
    "webvttpy_sample.srt": Seen(("", 3, 0.5, "Caption text #1 Capt"), ("", 3, 23.88, ""), 1),
    "webvttpy_sample.vtt": Seen(("", 4, 0.5, "Caption text #1 Capt"), ("", 43, 64.3, ""), 1),
    "webvttpy_styles.vtt": Seen(("", 15, 0.0, "Hello world."), ("", 15, 10.0, ""), 1),
    "webvttpy_using_identifiers.vtt": Seen(
        ("", 4, 0.5, "Caption text #1 Caption text #2 Caption text #3 Caption text #4 Caption text"
                     " #5 Caption text #6"), ("", 4, 27.28, ""), 1,
    ),
    "whisper_ts_punctuations_no_bonjour.wav.words.srt": Seen(
        ("", 3, 0.14, "Bonjour"), ("", 3, 0.94, ""), 1,
    ),
    # The header stands in it twice.
    "whisper_ts_punctuations_no_bonjour.wav.words.vtt": Seen(
        ("", 6, 0.14, "Bonjour"), ("", 6, 0.94, ""), 1,
    ),
}  # fmt: skip
# `1`, and `some text`: what is left when everything else of a subtitle file is gone.
EMPTY = ("webvttpy_invalid_format1.srt", "webvttpy_invalid_format.sbv")
# How often each name stands before its words in the file.
SPEAKERS = {
    "abelson_interview.cn.vtt": {"采访者": 44, "ABELSON": 43},
    "abelson_interview.en.vtt": {"INTERVIEWER": 44, "ABELSON": 43},
    "virtualcoffee_1_0.srt": {
        "Bekah Hawrot Weigel": 7, "Dan Ott": 5, "Tori Crawford": 1, "Nick Taylor": 1,
        "Marie Antons": 1, "Kirk Shillingford": 1,
    },
    "virtualcoffee_4_7.srt": {"Jessica": 59, "Dan": 45, "Bekah": 41},
    "virtualcoffee_6_1.srt": {"Dan Ott": 71, "David Alpert": 57, "Bekah Hawrot Weigel": 46},
}  # fmt: skip


def test_no_subtitle_file_is_left_out(shared: Path) -> None:
    there = {
        path.name
        for path in (shared / "formats").iterdir()
        if path.suffix in (".srt", ".vtt", ".ass", ".sbv")
    }
    assert there == {*FILES, *EMPTY}


@pytest.mark.parametrize("name", FILES)
def test_a_file_begins_and_ends_as_a_person_reads_it(shared: Path, name: str) -> None:
    transcript, seen = read(shared / "formats" / name), FILES[name]
    first, last = transcript.turns[0], transcript.turns[-1]
    assert (first.speaker, first.line, first.start) == seen.first[:3]
    assert first.text.startswith(seen.first[3])
    assert last.end == seen.last[2]
    assert (last.speaker, last.lines[-1]) == seen.last[:2]
    assert last.text.split("\n")[-1].startswith(seen.last[3])
    assert seen.turns in (None, len(transcript.turns))
    assert tuple(text.split(f"{name}:")[-1] for text in transcript.warnings) == seen.warnings


@pytest.mark.parametrize("name", SPEAKERS)
def test_everybody_speaks_as_often_as_the_file_names_them(shared: Path, name: str) -> None:
    transcript = read(shared / "formats" / name)
    assert Counter(turn.speaker for turn in transcript.turns) == SPEAKERS[name]


def test_people_off_the_screen_are_named_and_others_are_not_guessed(shared: Path) -> None:
    transcript = read(shared / "formats" / "webvttpy_netflix_chicas_del_cable.vtt")
    speakers = {turn.speaker for turn in transcript.turns}
    assert {"", "Alba", "Sara", "Ángeles", "Carlota", "Marga", "Pedro", "Beltrán"} <= speakers
    by_line = {turn.line: turn for turn in transcript.turns}
    assert (by_line[97].text, by_line[97].speaker) == ("Déjala.", "")
    assert by_line[188].speaker == "Pedro"
    # Sounds in brackets are nobody's words.
    assert not any("ríen emocionadas" in turn.text for turn in transcript.turns)


@pytest.mark.parametrize("name", EMPTY)
def test_a_file_without_captions_says_so(shared: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no captions in it"):
        read(shared / "formats" / name)


@pytest.mark.parametrize("name", FILES)
def test_every_sentence_stands_in_its_line_and_at_its_second(shared: Path, name: str) -> None:
    path = shared / "formats" / name
    lines = path.read_text(encoding="utf-8-sig").split("\n")
    for turn in read(path).turns:
        said = turn.text.split("\n")
        assert len(said) == len(turn.lines) == len(turn.times)
        assert list(turn.times) == sorted(turn.times)
        for sentence, number in zip(said, turn.lines, strict=True):
            word = sentence.split()[0].strip("“”\"'.,")[:1]
            assert word in lines[number - 1].replace("<i>", "").replace("  ", " ")
