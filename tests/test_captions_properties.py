"""Whatever captions say, every word of it is said once, in order, at its second and line."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.transcripts import captions, parse, speech
from rag.transcripts.cues import Cue, Recording
from rag.transcripts.kinds import Kind, recognise

Caption = tuple[int, int, list[str]]  # milliseconds, and lines of text
Writer = Callable[[list[Caption]], str]

LATIN = st.text(st.sampled_from("cdfghjvw"), min_size=1, max_size=6)
HAN = st.text(st.sampled_from("船网河鱼木桥灯"), min_size=1, max_size=6)
# Within a file all lines are of one script: with two, sentence by sentence would take turns.
SCRIPTS = st.sampled_from([LATIN, HAN, st.tuples(LATIN, HAN).map("".join)])
WORDS = LATIN | HAN
MARKS = st.sampled_from(["", "", "", ".", "?", "。", "？", ",", "，", "...", "!"])


@st.composite
def scripts(draw: st.DrawFn) -> list[Caption]:
    """Captions in order of time; each word of them has a number of its own."""
    found: list[Caption] = []
    script = draw(SCRIPTS)
    at = number = 0
    for _ in range(draw(st.integers(1, 12))):
        at += draw(st.sampled_from([0, 0, 120, 1900, 2100, 60_000]))
        end = at + draw(st.integers(10, 4000)) // 10 * 10
        lines = []
        for _ in range(draw(st.integers(1, 3))):
            words = []
            for _ in range(draw(st.integers(1, 5))):
                number += 1
                words.append(f"{draw(script)}{number}{draw(MARKS)}")
            lines.append(" ".join(words))
        found.append((at, end, lines))
        at = end
    return found


def clock(ms: int, mark: str, *, places: int = 3) -> str:
    rest = f"{ms % 1000:03}"[:places]
    return f"{ms // 3600000:02}:{ms // 60000 % 60:02}:{ms // 1000 % 60:02}{mark}{rest}"


def srt(found: list[Caption]) -> str:
    return "".join(
        f"{n}\n{clock(start, ',')} --> {clock(end, ',')}\n" + "\n".join(lines) + "\n\n"
        for n, (start, end, lines) in enumerate(found, start=1)
    )


def vtt(found: list[Caption]) -> str:
    return "WEBVTT\n\n" + "".join(
        f"{clock(start, '.')} --> {clock(end, '.')}\n" + "\n".join(lines) + "\n\n"
        for start, end, lines in found
    )


def sbv(found: list[Caption]) -> str:
    return "".join(
        f"{clock(start, '.')},{clock(end, '.')}\n" + "\n".join(lines) + "\n\n"
        for start, end, lines in found
    )


def ass(found: list[Caption]) -> str:
    return "[Events]\nFormat: Start, End, Name, Text\n" + "".join(
        f"Dialogue: {clock(start, '.', places=2)},{clock(end, '.', places=2)},,"
        + "\\N".join(lines)
        + "\n"
        for start, end, lines in found
    )


def ttml(found: list[Caption]) -> str:
    body = "".join(
        f'<p begin="{start}ms" end="{clock(end, ".")}">'
        + "<br/>\n".join(map(escape, lines))
        + "</p>\n"
        for start, end, lines in found
    )
    return f'<tt xmlns="http://www.w3.org/ns/ttml"><body><div>\n{body}</div></body></tt>'


WRITERS: dict[Kind, Writer] = {
    Kind.SRT: srt, Kind.VTT: vtt, Kind.SBV: sbv, Kind.ASS: ass, Kind.TTML: ttml,
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITERS)
@given(scripts())
@settings(max_examples=60, deadline=None)
def test_captions_come_back_as_they_were_written(kind: Kind, found: list[Caption]) -> None:
    text = WRITERS[kind](found)
    assert recognise(text.encode(), Path("x.txt")) == kind
    recording = captions.read([text], kind, "x")
    expected = [(start / 1000, end / 1000, line) for start, end, lines in found for line in lines]
    given_back = [(cue.start, cue.end, cue.text) for cue in recording.cues]
    assert [text for _, _, text in given_back] == [text for _, _, text in expected]
    for (start, end, _), (first, last, _) in zip(given_back, expected, strict=True):
        assert [start, end] == pytest.approx([first, last])
    assert recording.warnings == ()
    lines = text.split("\n")
    for cue in recording.cues:
        assert cue.text.split()[0] in lines[cue.line - 1]


@pytest.mark.parametrize("kind", WRITERS)
@given(scripts())
@settings(max_examples=60, deadline=None)
def test_every_word_is_said_once_in_order(kind: Kind, found: list[Caption]) -> None:
    turns = parse(WRITERS[kind](found).encode(), Path("x"), {}).turns
    spoken = "".join(turn.text for turn in turns)
    expected = "".join(line for _, _, lines in found for line in lines)
    assert "".join(spoken.split()) == "".join(expected.split())


@given(scripts())
@settings(max_examples=100, deadline=None)
def test_times_never_go_back_and_lines_are_those_of_the_words(found: list[Caption]) -> None:
    text = srt(found)
    lines = text.split("\n")
    turns = parse(text.encode(), Path("x.srt"), {}).turns
    times = [second for turn in turns for second in turn.times]
    assert times == sorted(times)
    for turn in turns:
        assert turn.speaker == turn.label == ""
        assert turn.start == turn.times[0]
        assert (turn.end or 0.0) >= turn.times[-1]
        said = turn.text.split("\n")
        assert len(said) == len(turn.lines) == len(turn.times)
        for sentence, number in zip(said, turn.lines, strict=True):
            assert sentence.split()[0][:3] in lines[number - 1]


PIECES = st.sampled_from(
    [
        "WEBVTT", "WEBVTT\n\n", "\n", "\n\n", "1\n", "2\n", "00:00:01,000 --> 00:00:02,000\n",
        "00:01.000 --> 00:0x.000\n", "0:00:01.000,0:00:02.000\n", "-->", "NOTE", "STYLE\n",
        "<v Ann>", "</v>", "<c.red>", "<00:00:01.000>", "&amp;", "&#x110000;", "&#55296;",
        "{\\an8}",
        "[Script Info]\n", "[Events]\n", "Format: Start, End, Text\n", "Format:\n",
        "Dialogue: 0:00:01.00,0:00:02.00,hello\n", "Dialogue:", "{\\p1}", "\\N", "<tt>", "<body>",
        "<p begin='1s' end='2s'>", "<p begin='99999999999999999h'>", "</p>", "<br/>",
        "<!DOCTYPE x>",
        "<?xml version='1.0'?>", "- ", ">> ", "Ann: ", "[Music]", "(Ann) ", "【主持人】", "♪",
        "你好。", "words", "?", "-", "[", "]", "(", "\ufeff", "\0", "\ud7ff", "999999:99:99,999",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join),
       st.sampled_from(["x.srt", "x.vtt", "x.ass", "x.ttml", "x.sbv", "x.xml", "x"]))  # fmt: skip
@settings(max_examples=1000, deadline=None)
def test_any_text_is_read_or_refused_in_one_line(text: str, name: str) -> None:
    assert name in outcome(text.encode("utf-8", "surrogatepass"), name)


def outcome(data: bytes, name: str) -> str:
    """What a user sees of a file: where it was read, or the one line that says why it was not."""
    try:
        item = parse(data, Path(name), {})
    except UsageError as error:
        return str(error).partition("\n")[0]
    return item.path if item.turns or item.sections else ""


@given(st.binary(max_size=300), st.sampled_from(["x.srt", "x.vtt", "x.ass", "x.ttml", "x.sbv"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused_in_one_line(data: bytes, name: str) -> None:
    assert name in outcome(data, name)


LABELS = st.sampled_from(
    ["", "", "Ann: ", "Bob Ray: ", "- ", ">> ", "[Ann] ", "主持人：", "[Music] "]
)


@given(st.lists(st.tuples(LABELS, WORDS, MARKS, st.booleans()), min_size=1, max_size=25))
@settings(max_examples=300, deadline=None)
def test_marks_of_speakers_cost_no_words(lines: list[tuple[str, str, str, bool]]) -> None:
    cues, words = [], []
    for number, (label, word, mark, same) in enumerate(lines, start=1):
        words.append(f"{word}{number}")
        at = 0.0 if same and number == 1 else float(number)
        cues.append(Cue(at, at + 1, f"{label}{words[-1]}{mark}", number))
    turns = speech.turns(Recording(tuple(cues)), {})
    spoken = "\n".join(turn.text for turn in turns)
    places = [spoken.find(word) for word in words]
    assert -1 not in places
    assert len(spoken) <= sum(len(cue.text) + 2 for cue in cues)
