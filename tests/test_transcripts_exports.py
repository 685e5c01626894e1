"""Text that meeting programs and note takers export: who spoke, at which second, in which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.transcripts import parse
from rag.types import Transcript

ENGLISH = (
    ("Ann Lee", "Are the boats ready?", 62),
    ("Bob Ray", "Two of them are. The third leaks.", 65),
    ("Ann Lee", "Then we wait.", 120),
    ("Bob Ray", "Until Friday.", 125),
)
CHINESE = (
    ("周岚", "船都准备好了吗？", 62),
    ("老贺", "有两条好了。第三条漏水。", 65),
    ("周岚", "那就再等等。", 120),
    ("老贺", "等到星期五吧。", 125),
)
STYLES = {
    "Otter": "{name}  {short}\n{text}\n\n",
    "Zoom": "[{name}] {long}\n{text}\n\n",
    "Zoom chat": "{long}\t From {name} : {text}\n",
    "Zoom chat to everyone": "{long} From {name} to Everyone:\n\t{text}\n",
    "Teams": "0:{minute}:{second}.0 --> 0:{minute}:{second}.9\n{name}\n{text}\n\n",
    "Teams without arrows": "{name}   {short}\n{text}\n",
    "Fireflies": "{name} - {short}\n{text}\n\n",
    "time, dash, name": "{short} - {name}\n{text}\n\n",
    "飞书妙记": "{name} {long}\n{text}\n\n",
    "腾讯会议": "{name}({long}): {text}\n",
    "腾讯会议, own line": "{name}({long})\n{text}\n\n",
    "full-width parentheses": "{name}（{long}）\n{text}\n\n",
    "讯飞听见": "{long} {name}\n{text}\n\n",
    "name, time, text": "{name}\n{long}\n{text}\n\n",
    "time, name, text": "{long}\n{name}\n{text}\n\n",
    "name, time, text, apart": "{name}\n\n{short}\n\n{text}\n\n",
    "time in brackets before": "[{long}] {name}\n{text}\n\n",
    "time in brackets before a colon": "[{long}] {name}: {text}\n",
    "time in brackets after": "{name} [{long}]: {text}\n",
    "time behind the colon": "{name}: [{long}] {text}\n\n",
    "full-width brackets": "【{name}】{long}\n{text}\n\n",
    "time in full-width brackets": "【{long}】{name}：{text}\n",
    "bold with the time inside": "**[{long}] {name}:** {text}\n\n",
    "bold behind the time": "[{long}] **{name}**: {text}\n\n",
    "both bold": "**{long}** **{name}:** {text}\n\n",
    "bold, time in italics": "**{name}** *{long}*\n\n{text}\n\n",
    "heading": "### {name} ({short})\n\n{text}\n\n",
    "heading behind the time": "## [{long}] {name}\n\n{text}\n\n",
    "list": "- **{name}** ({short}): {text}\n",
    "Rev": "{name} ({long}):\n{text}\n\n",
}


def read(text: str) -> Transcript:
    return parse(text.encode(), Path("talk.txt"), {})


def written(style: str, rows: tuple[tuple[str, str, int], ...]) -> str:
    return "".join(
        style.format(
            name=name, text=text, minute=at // 60, second=at % 60,
            short=f"{at // 60}:{at % 60:02}", long=f"00:{at // 60:02}:{at % 60:02}",
        )
        for name, text, at in rows
    )  # fmt: skip


@pytest.mark.parametrize("rows", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("style", STYLES)
def test_every_export_gives_the_same_speakers_words_and_seconds(
    style: str, rows: tuple[tuple[str, str, int], ...]
) -> None:
    text = written(STYLES[style], rows)
    turns = read(text).turns
    assert [(turn.speaker, turn.text, turn.start) for turn in turns] == list(rows)
    lines = text.split("\n")
    for turn in turns:
        assert turn.text in lines[turn.lines[0] - 1]
        assert turn.speaker in "".join(lines[turn.line - 1 : turn.lines[0]])


def test_bold_names_on_lines_of_their_own_are_speakers_and_bold_topics_are_not() -> None:
    spoken = read(written("**{name}**\n\n{text}\n\n", ENGLISH))
    assert [(turn.speaker, turn.text) for turn in spoken.turns] == [row[:2] for row in ENGLISH]
    topics = ["The Boats", "The Nets", "The Boats", "The Oars", "The Nets", "The Sails"]
    prose = read("".join(f"**{topic}**\n\nThey float.\n\n" for topic in topics))
    assert prose.turns == ()
    assert [section.title for section in prose.sections] == topics


def test_recurring_words_behind_a_time_are_not_speakers() -> None:
    words = ["Yeah", "and then we mended the nets", "Yeah", "all of them", "Okay", "Okay", "Yeah"]
    text = "\n".join(f"[00:{n * 2:02}] {word}" for n, word in enumerate(words))
    transcript = read(text)
    assert {turn.speaker for turn in transcript.turns} == {""}
    assert "".join(turn.text for turn in transcript.turns).count("Yeah") == 3


@pytest.mark.parametrize(
    "style",
    [
        "[{short}] {text}\n",
        "**[{long}]** {text}\n\n",
        "{short}\n{text}\n",
        "{long} - {text}\n",
        "[{long}.000 --> {long}.900] {text}\n",
        "({short}) {text}\n",
        "[{short}](https://example.org/v?t=1) {text}\n",
        '{{{{< segment start="{long}.00" >}}}}\n{text}\n{{{{< /segment >}}}}\n',
    ],
)
def test_times_before_speech_of_nobody_give_each_sentence_its_second_and_line(style: str) -> None:
    text = written(style, ENGLISH)
    turns = read(text).turns
    assert {turn.speaker for turn in turns} == {""}
    # A question stands for itself, what follows is for somebody else to say.
    assert turns[0].text == "Are the boats ready?"
    times = {
        line: (time, number)
        for turn in turns
        for line, time, number in zip(turn.text.split("\n"), turn.times, turn.lines, strict=True)
    }
    written_lines = text.split("\n")
    for said, second in (("Then we wait.", 120.0), ("Until Friday.", 125.0)):
        assert times[said][0] == second
        assert said in written_lines[times[said][1] - 1]


def test_what_the_panel_says_beside_its_times_is_left_out() -> None:
    text = (
        "0:05\n5 seconds\nwe sail at four\n1:02\n1 minute, 2 seconds\nfrom the old pier\n"
        "1:04\n1分钟4秒钟\nby the light\n"
    )
    said = " ".join(turn.text for turn in read(text).turns)
    assert said.split() == "we sail at four from the old pier by the light".split()


def test_chapters_of_a_video_are_no_speech() -> None:
    text = "The boats\n\n00:00 Intro\n02:10 The nets\n10:45 The oars\n31:00 Questions\n"
    transcript = read(text)
    assert transcript.turns == ()
    assert "02:10 The nets" in transcript.sections[0].text


def test_times_inside_a_reply_are_those_of_its_lines() -> None:
    text = (
        "Ann: [00:10] We sail at four from the old pier.\n[00:14] From there to the light.\n"
        "And back.\nBob: [00:19] Why?\nAnn: [00:21] Because of the wind over there."
    )
    turn = read(text).turns[0]
    assert turn.text == "We sail at four from the old pier.\nFrom there to the light.\nAnd back."
    assert (turn.start, turn.times) == (10.0, (10.0, 14.0, 14.0))


def test_the_time_of_day_is_no_place_in_a_recording() -> None:
    text = "[Ann Lee] 10:02:33\nReady?\n\n[Bob Ray] 10:02:35\nYes.\n\n[Ann Lee] 10:02:40\nGo.\n"
    turns = read(text).turns
    assert [(turn.speaker, turn.text, turn.start) for turn in turns] == [
        ("Ann Lee", "Ready?", None),
        ("Bob Ray", "Yes.", None),
        ("Ann Lee", "Go.", None),
    ]


def test_what_stands_behind_a_rule_at_the_end_is_nobodys() -> None:
    text = (
        "Ann: Ready?\nBob: Yes.\nAnn: Go.\n\n---\n\nTranscribed by machine.\nAll rights reserved."
    )
    transcript = read(text)
    assert transcript.turns[-1].text == "Go."
    assert transcript.sections[-1].text.endswith("All rights reserved.")


def test_short_lines_of_speech_become_sentences_and_lists_stay_lists() -> None:
    words = "We sail at four. From the old pier we sail to the light and back, if the wind lets us."
    spoken = "\n".join((words + " ").split(" ") * 3)
    (section,) = read(spoken).sections
    assert section.text.split("\n")[0] == "We sail at four."
    assert section.lines[:2] == (1, 5)
    items = "\n".join(f"- knot {n}" for n in range(40))
    (section,) = read(items).sections
    assert len(section.lines) == 40
