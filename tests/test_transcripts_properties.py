"""Whatever a file looks like, nothing of it is lost and every line number is right."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.transcripts import parse
from rag.types import Section, Transcript, Turn

NAMES = ("Ann Lee", "Bob Ray", "主持人", "陈若", "Q", "A", "观众", "Speaker 1")
LABELS = (
    "**{}:** ",
    "**{}：**",
    "**{}**: ",
    "{}: ",
    "{}：",
    "[{}]: ",
    "【{}】",
    "[00:01:02] {}: ",
    "> {}: ",
)
LINES = (
    "{}", "- {}", "> {}", "# {}", "### {}", "**{}**", "**{}**：x", "*{}*.", "1. {}。", "{}",
    "\\*\\*{}\\*\\*", "<b>{}</b>", "[{}](https://example.org)", "`{}`", "    {}", "| {} |",
    "__{}__ y", "{}: z", "{}。",
)  # fmt: skip


def words() -> st.SearchStrategy[str]:
    """Words that hold nothing but their own letters, Latin or Han."""
    return st.one_of(
        st.text(st.sampled_from("cdfghjvw"), min_size=1, max_size=9),
        st.text(st.sampled_from("船网河鱼冬木桥灯"), min_size=1, max_size=9),
    )


@st.composite
def files(draw: st.DrawFn) -> str:
    """A Markdown file of turns, prose, headings and lists, in any order and any mixture."""
    label = draw(st.sampled_from(LABELS))
    lines: list[str] = []
    for number in range(draw(st.integers(1, 25))):
        text = " ".join(draw(st.lists(words(), min_size=1, max_size=6)))
        if draw(st.booleans()):
            lines.append(label.format(draw(st.sampled_from(NAMES))) + text)
        else:
            # Numbered, so that no heading is the same as the one before.
            lines.append(draw(st.sampled_from(LINES)).format(f"{text} {number}"))
        lines += [""] * draw(st.integers(0, 2))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines)


def parts(transcript: Transcript) -> list[Turn | Section]:
    return [*transcript.turns, *transcript.sections]


def letters(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W\d_]", text))


def kept(transcript: Transcript) -> Counter[str]:
    found = Counter[str]()
    topic = ""
    for turn in transcript.turns:
        # Neighbours share a topic, which stands in the file once.
        found += letters(turn.text + ("" if turn.topic == topic else turn.topic))
        # A recogniser's fragments come together, and the label that they repeat is kept once.
        found += letters(turn.label * len(turn.lines))
        topic = turn.topic
    for section in transcript.sections:
        found += letters(section.text + section.title)
    return found


@settings(deadline=None)
@given(files())
def test_every_letter_of_a_file_is_in_a_turn_a_section_a_label_or_a_title(text: str) -> None:
    transcript = parse(text.encode(), Path("talk.md"), {})
    body = re.sub(r"https://example\.org|</?b>", "", text)
    lost = letters(body) - kept(transcript)
    assert not lost, (lost, transcript)


@settings(deadline=None)
@given(files())
def test_every_line_of_a_turn_or_section_stands_in_the_file_line_that_it_names(text: str) -> None:
    transcript = parse(text.encode(), Path("talk.md"), {})
    written = text.replace("\r\n", "\n").split("\n")
    for part in parts(transcript):
        if isinstance(part, Turn) and not part.speaker and part.start is not None:
            continue  # captions of nobody are joined to sentences, which begin at their lines
        lines = part.text.split("\n")
        assert len(lines) == len(part.lines)
        assert list(part.lines) == sorted(set(part.lines))
        assert part.line <= part.lines[0]
        for line, number in zip(lines, part.lines, strict=True):
            assert not letters(line) - letters(written[number - 1])


@settings(deadline=None)
@given(files())
def test_turns_and_sections_are_numbered_upwards_in_file_order(text: str) -> None:
    transcript = parse(text.encode(), Path("talk.md"), {})
    for numbers in ([t.number for t in transcript.turns], [s.number for s in transcript.sections]):
        assert numbers == list(range(1, len(numbers) + 1))
    for lines in ([t.line for t in transcript.turns], [s.line for s in transcript.sections]):
        assert lines == sorted(lines)


@settings(deadline=None)
@given(files())
def test_reading_the_same_bytes_twice_gives_the_same_transcript(text: str) -> None:
    data, path = text.encode(), Path("talk.md")
    assert parse(data, path, {}) == parse(data, path, {})


def read_or_refused(data: bytes) -> Transcript | str:
    try:
        return parse(data, Path("talk.md"), {})
    except UsageError as error:
        return error.message


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_either_read_or_refused_by_name(data: bytes) -> None:
    result = read_or_refused(data)
    assert "talk.md" in result if isinstance(result, str) else parts(result)


@settings(deadline=None)
@given(
    st.text(st.sampled_from("*_[]()<>{}#:：.\\`!-|~ \n\t1aA问。【】\u2028\U0001f30a"), max_size=300)
)
def test_any_mixture_of_markup_is_read(text: str) -> None:
    result = read_or_refused(text.encode())
    if isinstance(result, str):
        assert "no text in it" in result
    else:
        assert all(len(part.text.split("\n")) == len(part.lines) for part in parts(result))
