"""Captions become speech: whose words, in which sentences, at which second and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.transcripts import parse, speech
from rag.transcripts.cues import Cue, Recording
from rag.types import Turn


def said(*lines: tuple[float, str], length: float = 1.0, line: int = 1) -> tuple[Turn, ...]:
    """Turns of captions that begin at the seconds given, each one line of the file."""
    cues = tuple(Cue(at, at + length, text, n) for n, (at, text) in enumerate(lines, start=line))
    return speech.turns(Recording(cues), {})


def row(*texts: str) -> tuple[Turn, ...]:
    """Turns of captions that follow each other without a pause."""
    return said(*((float(at), text) for at, text in enumerate(texts)))


def spoken(turns: tuple[Turn, ...]) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in turns]


def test_cues_are_joined_to_sentences_with_their_own_line_and_second() -> None:
    (turn,) = row("Ann: The bridge was", "built in winter. Then", "Ann: came the flood.", "Really.")
    assert turn.text == "The bridge was built in winter.\nThen came the flood.\nReally."
    assert (turn.lines, turn.times) == ((1, 2, 4), (0.0, 1.0, 3.0))
    assert (turn.line, turn.start, turn.end, turn.label) == (1, 0.0, 4.0, "Ann")


@pytest.mark.parametrize(
    "style",
    ["{}: {}", "{}：{}", "[{}]: {}", "[{}] {}", "({}) {}", "（{}）{}", "【{}】{}", ">> {}: {}",
     "- {}: {}", "- [{}] {}"],
)  # fmt: skip
def test_names_in_the_text_are_speakers(style: str) -> None:
    lines = [("Ann Lee", "Where is it?"), ("Bob Ray", "Over there."), ("Ann Lee", "I see it."),
             ("Bob Ray", "Good.")]  # fmt: skip
    turns = row(*(style.format(*line) for line in lines))
    assert spoken(turns) == lines


@pytest.mark.parametrize("style", ["{}：{}", "【{}】{}", "{}: {}"])
def test_chinese_roles_are_speakers(style: str) -> None:
    lines = [("主持人", "这条河叫什么？"), ("嘉宾", "叫青河。"), ("主持人", "谢谢。")]
    assert spoken(row(*(style.format(*line) for line in lines))) == lines


def test_labels_of_machines_are_speakers_and_can_be_named() -> None:
    cues = tuple(Cue(float(n), n + 1.0, f"SPEAKER_0{n % 2}: words {n}.", n + 1) for n in range(4))
    turns = speech.turns(Recording(cues), {"SPEAKER_00": "张三"})
    assert [turn.speaker for turn in turns] == ["张三", "SPEAKER_01", "张三", "SPEAKER_01"]
    assert turns[0].label == "SPEAKER_00"


def test_a_colon_in_a_sentence_is_no_speaker() -> None:
    turns = row(
        "Ann: There is one rule", "that counts: never swim", "alone. Bob: agreed", "Ann: yes."
    )
    assert {turn.speaker for turn in turns} == {"Ann"}
    assert "that counts: never swim" in turns[0].text


def test_short_forms_of_a_name_are_one_speaker() -> None:
    turns = row("Ann Lee: One.", "Bob: Two.", "Ann: Three.", "Bob: Four.")
    assert [turn.speaker for turn in turns] == ["Ann Lee", "Bob", "Ann Lee", "Bob"]


def test_two_people_in_one_caption_are_two_turns_of_nobody() -> None:
    cues = (Cue(1.0, 2.0, "- Is it deep?", 3), Cue(1.0, 2.0, "-Very.", 4),
            Cue(2.0, 3.0, "Then we walk.", 8))  # fmt: skip
    turns = speech.turns(Recording(cues), {})
    assert spoken(turns) == [("", "Is it deep?"), ("", "Very."), ("", "Then we walk.")]
    assert [turn.line for turn in turns] == [3, 4, 8]


def test_a_mark_of_a_new_speaker_ends_what_a_named_one_says() -> None:
    turns = row("Ann: One.", "Two.", ">> Three.", "Four.", "Ann: Five.")
    assert spoken(turns) == [("Ann", "One.\nTwo."), ("", "Three.\nFour."), ("Ann", "Five.")]


def test_a_dash_within_a_sentence_is_no_speaker() -> None:
    turns = row("We went home,", "- as one does -", "and slept. It is -5 degrees", "-- no more.")
    assert len(turns) == 1
    assert "-5 degrees -- no more." in turns[0].text


def test_a_name_off_the_screen_holds_for_its_sentence_only() -> None:
    cues = (
        Cue(0.0, 1.0, "[Ann] I was young,", 1),
        Cue(1.0, 2.0, "and it rained.", 2),
        Cue(2.0, 3.0, "Come in.", 3),
        Cue(3.0, 4.0, "- Why?", 4),
        Cue(3.0, 4.0, "- Just come.", 5),
        Cue(4.0, 5.0, "[Ann] We all went.", 6),
    )
    turns = speech.turns(Recording(cues), {})
    assert spoken(turns)[:2] == [("Ann", "I was young, and it rained."), ("", "Come in.")]
    assert spoken(turns)[-1] == ("Ann", "We all went.")


def test_nobody_is_guessed_turns_end_at_pauses_and_around_questions() -> None:
    turns = said(
        (0, "We mend the nets."), (1, "Where do they come from?"), (2, "From the north."),
        (3, "Right?"), (8, "Next day."),
    )  # fmt: skip
    assert spoken(turns) == [
        ("", "We mend the nets."),
        ("", "Where do they come from?"),
        ("", "From the north.\nRight?"),
        ("", "Next day."),
    ]
    assert all(turn.label == "" for turn in turns)
    assert [turn.start for turn in turns] == [0, 1, 2, 8]


def test_a_pause_does_not_part_what_a_named_speaker_says() -> None:
    (turn,) = said((0, "Ann: One."), (50, "Ann: Two."))
    assert (turn.text, turn.times) == ("One.\nTwo.", (0, 50))


def test_a_long_speech_of_nobody_is_cut_at_a_sentence() -> None:
    turns = row(*(f"This is sentence number {n} of a very long lecture." for n in range(300)))
    assert len(turns) > 2
    assert all(turn.text.endswith(".") and len(turn.text) < 4200 for turn in turns)


def youtube(*lines: str) -> bytes:
    """Captions as a video site makes them: each line twice, with the times of its words."""
    blocks, last = ["WEBVTT\nKind: captions\nLanguage: en"], " "
    for at, line in enumerate(lines):
        first, *more = line.split(" ")
        timed = first + "".join(f"<00:00:{at:02}.500><c> {word}</c>" for word in more)
        begin, end = f"00:00:{at:02}.000", f"00:00:{at:02}.990"
        blocks.append(f"{begin} --> {end} align:start position:0%\n{last}\n{timed}")
        blocks.append(f"{end} --> 00:00:{at + 1:02}.000 align:start position:0%\n{line}\n ")
        last = line
    return ("\n\n".join(blocks) + "\n").encode()


def test_rolling_captions_are_said_once() -> None:
    lines = ("today we talk about", "rivers and bridges", "no no no", "that is all")
    (turn,) = parse(youtube(*lines), Path("talk.vtt"), {}).turns
    assert turn.text == "today we talk about rivers and bridges no no no that is all"
    assert (turn.line, turn.start) == (7, 0.0)


def test_captions_that_grow_word_by_word_are_said_once() -> None:
    (turn,) = row("rivers", "rivers and", "rivers and bridges", "rivers and bridges are here.")
    assert turn.text == "rivers and bridges are here."


def test_a_word_said_twice_is_kept_twice() -> None:
    (turn,) = row("No.", "No.", "We stay here.", "It rains.", "We wait.", "And wait.", "And go.")
    assert turn.text.startswith("No.\nNo.\nWe stay here.")


@pytest.mark.parametrize(
    "line",
    ["[I think we should go]", "[So it was, in the end.]", "[你再说一遍]", "[他说船没有了。]"],
)
def test_a_line_in_brackets_that_somebody_says_stays(line: str) -> None:
    assert line in row("It is deep.", line, "Yes.")[0].text


@pytest.mark.parametrize("line", ["[suena música]", "[door opens in the distance]", "[关门]"])
def test_a_line_in_brackets_that_describes_is_left_out(line: str) -> None:
    assert line not in row("It is deep.", line, "Yes.")[0].text


def test_a_line_in_brackets_that_comes_back_describes() -> None:
    line = "[Ad: the best nets, by the river.]"
    often = "\n".join(turn.text for turn in row("One.", line, "Two.", line, "Three.", line))
    assert line not in often
    assert line in "\n".join(turn.text for turn in row("One.", line, "Two."))


def test_a_turn_ends_where_the_times_begin_again() -> None:
    cues = (Cue(100.0, 101.0, "Ann: One", 2), Cue(101.0, 102.0, "two.", 4),
            Cue(1.0, 2.0, "Ann: Three.", 6), Cue(2.0, 3.0, "Four.", 8))  # fmt: skip
    turns = speech.turns(Recording(cues), {})
    assert [(turn.text, turn.times) for turn in turns] == [
        ("One two.", (100.0,)), ("Three.\nFour.", (1.0, 2.0)),
    ]  # fmt: skip


def test_sounds_are_left_out_and_words_in_brackets_are_not() -> None:
    (turn,) = row(
        "[Music]", "(applause) Thank you.", "The net [laughs] tore", "(the music hall)",
        "in half. ♪ la la ♪", "（掌声）", "（意思是）谢谢。", "[Ann and Bob", "laugh] End.",
    )  # fmt: skip
    assert turn.text == (
        "Thank you.\nThe net tore (the music hall) in half.\nla la（意思是）谢谢。\nEnd."
    )


def test_words_are_joined_as_their_script_wants_it() -> None:
    (turn,) = row("我们今天谈谈", "Hal Abelson 教授", "写的书。The co-", "author and the inter-",
                  "national team said inter- international", "things.")  # fmt: skip
    assert turn.text == (
        "我们今天谈谈 Hal Abelson 教授写的书。\n"
        "The co-author and the international team said inter- international things."
    )


def test_speech_without_marks_is_cut_into_readable_stretches() -> None:
    texts = [f"我们今天来谈一谈第{n}条大河和桥梁" for n in range(60)]
    (turn,) = row(*texts)
    lines = turn.text.split("\n")
    assert len(lines) > 5
    assert all(20 <= len(line) <= 80 for line in lines[:-1])
    assert turn.text.replace("\n", "") == "".join(texts)
    assert turn.times[1] == float(turn.lines[1] - 1)


DUAL = (
    ("我们在河边", "We stand at the"),
    ("等船。", "river and wait for the boat."),
    ("船什么时候来？", "When does the boat come?"),
    ("明天。", "Tomorrow."),
)


def test_captions_in_two_languages_keep_both_sentence_by_sentence() -> None:
    cues = tuple(
        Cue(float(at), at + 1.0, text, 4 * at + 3 + place)
        for at, pair in enumerate(DUAL)
        for place, text in enumerate(pair)
    )
    turns = speech.turns(Recording(cues), {})
    assert [turn.text for turn in turns] == [
        "我们在河边等船。\nWe stand at the river and wait for the boat.",
        "船什么时候来？\nWhen does the boat come?",
        "明天。\nTomorrow.",
    ]
    assert turns[0].lines == (3, 4)


def test_a_dash_in_both_languages_is_one_speaker() -> None:
    cues = tuple(
        Cue(float(at), at + 1.0, f"- {text}", 4 * at + 3 + place)
        for at, pair in enumerate(DUAL[2:] * 2)
        for place, text in enumerate(pair)
    )
    turns = speech.turns(Recording(cues), {})
    assert [turn.text for turn in turns] == [
        "船什么时候来？\nWhen does the boat come?",
        "明天。\nTomorrow.",
    ] * 2


def test_whole_recordings_stay_as_they_are() -> None:
    cues = (Cue(1.0, 2.0, "One.\nTwo", 4, "Ann"), Cue(2.0, 3.0, "three.", 5, "Ann"),
            Cue(None, None, "Four.", 6))  # fmt: skip
    turns = speech.turns(Recording(cues, whole=True), {})
    assert spoken(turns) == [("Ann", "One.\nTwo"), ("Ann", "three."), ("", "Four.")]
    assert [turn.lines for turn in turns] == [(4, 4), (5,), (6,)]
    assert [turn.times for turn in turns] == [(1.0, 1.0), (2.0,), ()]


def test_fields_name_the_speaker_and_silence_names_nobody() -> None:
    cues = (Cue(0.0, 1.0, "One", 1, "Ann"), Cue(1.0, 2.0, "two.", 2, "Ann"),
            Cue(2.0, 3.0, "Three.", 3), Cue(3.0, 4.0, "Four.", 4, "Bob"))  # fmt: skip
    assert spoken(speech.turns(Recording(cues), {})) == [
        ("Ann", "One two."), ("", "Three."), ("Bob", "Four."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        ("好吧。", "Okay then.", "好吧。\nOkay then."),
        ("我们说", "Okay 吧。", "我们说 Okay 吧。"),
        ("He shouted “sail", "now” and left.", "He shouted “sail now” and left."),
        ("He was “late”", "and wet.", "He was “late” and wet."),
        ("It was late —", "and wet.", "It was late — and wet."),
        ("And so…", "we went.", "And so… we went."),
        ("他叫它“船”", "我们也是。", "他叫它“船”我们也是。"),
        ("他说——", "走吧。", "他说——走吧。"),
        ("那是 IBM ——", "应该是。", "那是 IBM ——应该是。"),
        ("我们去了——", "MIT 那里。", "我们去了——MIT 那里。"),
        ("他说“", "走吧”。", "他说“走吧”。"),
    ],
)
def test_lines_are_joined_as_they_are_printed(left: str, right: str, joined: str) -> None:
    """Nothing beside full-width marks; quotes and dashes go with the letters beside them."""
    (turn,) = row(left, right)
    assert turn.text == joined


def test_what_a_recogniser_says_in_a_loop_does_not_roll() -> None:
    texts = ["I'm sorry.", "I'm sorry.", "I'm sorry.", "I'm sorry.", "Good night."]
    (turn,) = row(*texts)
    assert turn.text.split("\n") == texts
    assert turn.times == (0.0, 1.0, 2.0, 3.0, 4.0)


def test_a_line_shown_once_more_for_a_moment_or_meanwhile_is_said_once() -> None:
    brief = [(0.0, 2.0, "We sail."), (2.0, 2.01, "We sail."), (2.01, 4.0, "It rains."),
             (4.0, 4.01, "It rains."), (4.01, 6.0, "We wait."),
             (6.0, 6.01, "We wait.")]  # fmt: skip
    meanwhile = [(0.0, 2.0, "We sail."), (1.0, 3.0, "We sail."), (3.0, 5.0, "It rains."),
                 (4.0, 6.0, "It rains."), (6.0, 8.0, "We wait."),
                 (7.0, 9.0, "We wait.")]  # fmt: skip
    for shown in (brief, meanwhile):
        cues = [Cue(start, end, text, line) for line, (start, end, text) in enumerate(shown)]
        (turn,) = speech.turns(Recording(cues), {})
        assert turn.text == "We sail.\nIt rains.\nWe wait."


def test_a_label_without_a_letter_names_nobody_and_a_number_a_numbered_speaker() -> None:
    voices = ("[__]", "2", "[__]", "2")
    cues = [Cue(2.0 * at, 2.0 * at + 1, "So.", at, name) for at, name in enumerate(voices)]
    turns = speech.turns(Recording(cues), {})
    assert [turn.speaker for turn in turns] == ["", "Speaker 2"] * 2
