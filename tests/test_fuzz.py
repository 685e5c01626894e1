"""However damaged a file is, it is read or refused; what fuzzing broke once stays mended."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import papers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.cases import case
from fuzz.check import Broken, check
from fuzz.talk import conversations
from fuzz.writers import WRITERS, seeds
from rag.errors import UsageError
from rag.transcripts import parse
from rag.transcripts.kinds import Kind, recognise
from rag.types import Transcript

CASES = 20  # of every format; `python -m fuzz` runs as many as one likes


def read(content: str | bytes, name: str) -> Transcript:
    return parse(content if isinstance(content, bytes) else content.encode(), Path(name), {})


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_read_with_its_words(name: str) -> None:
    file, (english, chinese, both) = seeds(name)
    for content, lines in zip((english, chinese, both), conversations(), strict=True):
        check(content, file)
        found = read(content, file)
        text = "".join([*(turn.text for turn in found.turns), *(s.text for s in found.sections)])
        words = lines[-1].text.rsplit("(", 1)[0].split()[0]
        assert words in text or words in text.replace("\n", "")
        named = {turn.speaker for turn in found.turns if turn.speaker}
        assert len(named) in (0, 2, 4)


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_read_or_refused(name: str) -> None:
    for number in range(CASES):
        file, data = case(name, 0, number)
        check(data, file)


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from([file for file, _ in WRITERS.values()]))
def test_any_bytes_are_read_or_refused(data: bytes, file: str) -> None:
    check(data, file)


def test_the_check_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read("1\n00:00:01,000 --> 00:00:02,000\nHello.\n", "talk.srt")

    def made_up(_data: bytes, _path: Path, _aliases: object) -> Transcript:
        return found

    monkeypatch.setattr("fuzz.check.parse", made_up)
    with pytest.raises(Broken, match="characters that are not in the file: U\\+0048, U\\+006F"):
        check(b"1\n00:00:01,000 --> 00:00:02,000\nell.\n", "talk.srt")
    with pytest.raises(Broken, match="lines that are not in the file"):
        check(b"Hello.", "talk.txt")


def test_escapes_of_json_leave_no_nul_and_no_half_characters() -> None:
    said = [
        {"speaker": "A\0nn", "text": "a\0b \ud800 c", "start": 0},
        {"speaker": "Bob", "text": "\U0001f600 \\u0000", "start": 1},
    ]
    found = read(json.dumps(said), "talk.json")
    assert [(turn.speaker, turn.text) for turn in found.turns] == [
        ("Ann", "ab \N{REPLACEMENT CHARACTER} c"),
        ("Bob", "\U0001f600 \\u0000"),
    ]


def test_nul_between_the_letters_of_a_wide_encoding_is_dropped() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nIt is\0 deep.\n\n"
    assert read(text.encode("utf-16"), "talk.srt").turns[0].text == "It is deep."


def test_nul_in_the_words_of_a_pdf_is_dropped() -> None:
    found = read(papers.pdf([["Host: Is\0 it?", "Nora: It is."]]), "talk.pdf")
    assert found.turns[0].text == "Is it?"


def test_nothing_ends_before_it_begins() -> None:
    said = [{"text": "It is deep.", "start": 3.0, "end": 2.0}]
    (turn,) = read(json.dumps(said), "talk.json").turns
    assert (turn.start, turn.end) == (3.0, 3.0)


def test_sentences_of_stretches_that_overlap_stand_in_order_of_time() -> None:
    words = [
        [("One.", 0.0), ("Three.", 2.0)],
        [("Two.", 1.0), ("Four.", 3.0)],
    ]
    segments = [
        {"start": some[0][1], "end": 4.0, "text": " ".join(text for text, _ in some),
         "words": [{"word": text, "start": at, "end": at + 0.5} for text, at in some]}
        for some in words
    ]  # fmt: skip
    (turn,) = read(json.dumps({"segments": segments}), "talk.json").turns
    assert turn.text == "One.\nTwo.\nThree.\nFour."
    assert turn.times == (0.0, 1.0, 2.0, 3.0)


def test_two_languages_of_which_some_have_no_time_stand_as_in_the_file() -> None:
    said = [
        {"text": text, "start": time} if time is not None else {"text": text}
        for at, pair in enumerate([("It is deep.", "很深。"), ("We swim.", "我们游泳。"),
                                   ("We fish.", "我们钓鱼。")])
        for text, time in zip(pair, (at, at if at < 2 else None), strict=True)
    ]  # fmt: skip
    turns = read(json.dumps(said, ensure_ascii=False, indent=1), "talk.json").turns
    lines = [line for turn in turns for line in turn.lines]
    assert lines == sorted(lines)


def test_a_line_break_within_a_word_is_no_line() -> None:
    items = [
        {"start_time": "0.0", "end_time": "1.0", "type": "pronunciation",
         "alternatives": [{"content": word}]}
        for word in ("It", "is\ndeep.")
    ]  # fmt: skip
    (turn,) = read(json.dumps({"results": {"items": items}}), "talk.json").turns
    assert (turn.text, turn.lines) == ("It is deep.", (1,))


def test_events_without_words_are_no_transcript() -> None:
    events = [{"tStartMs": 1, "segs": [{"utf8": ["a"]}]}, {"tStartMs": 2, "segs": ["b"]}]
    with pytest.raises(UsageError, match="no transcript in it"):
        read(json.dumps({"events": events}), "talk.json")


def test_lines_of_a_table_are_those_of_editors() -> None:
    rows = "start,end,text\n0,1,It is\x85deep\u2028here.\n1,2,So.\r\n2,3,Yes.\n"
    lines = [line for turn in read(rows, "talk.csv").turns for line in turn.lines]
    assert lines == [2, 3, 4]


def test_furniture_at_the_end_takes_its_time_along() -> None:
    text = "[00:00:00] It is deep, and nobody swims.\n[00:00:03] We fish.\n[00:00:06] Good.\n\n$\n"
    assert read(text, "talk.txt").turns[-1].text.endswith("Good.")


def test_an_error_is_one_line_whatever_is_in_the_file() -> None:
    with pytest.raises(UsageError) as found:
        read("1\n00:00:0\x1b[31m,000 --> 00:00:02,x\x02\n", "talk.srt")
    assert str(found.value).isprintable()


def test_a_packed_type_does_not_hide_what_a_file_is() -> None:
    for data, kind in (
        (papers.epub("<p>Why?</p>"), Kind.EPUB),
        (papers.odt("<text:p>Why?</text:p>"), Kind.ODT),
    ):
        out = BytesIO()
        with zipfile.ZipFile(BytesIO(data)) as plain, zipfile.ZipFile(out, "w") as archive:
            for name in plain.namelist():
                archive.writestr(name, plain.read(name), zipfile.ZIP_DEFLATED)
        assert recognise(out.getvalue(), Path("talk")) is kind
        assert recognise(data, Path("talk")) is kind


def test_a_header_of_many_lines_does_not_take_long() -> None:
    text = "WEBVTT\n" + "X-A: b\n" * 60_000 + "\n00:01.000 --> 00:02.000\nIt is deep.\n"
    check(text.encode(), "talk.vtt")
