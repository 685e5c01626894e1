"""Every Markdown, text, JSON and table file of other people's making, as a person reads it.

What is expected was written down by looking at the files: labels counted with grep, the first and
the last words with an editor.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.transcripts import read
from rag.types import Transcript, Turn


@dataclass(frozen=True)
class Said:
    """One turn: who, from which file line, from which second, and its first or last words."""

    speaker: str
    line: int
    words: str
    start: float | None = None


@dataclass(frozen=True)
class Expected:
    title: str
    turns: dict[str, int]
    first: Said | None = None
    last: Said | None = None
    sections: tuple[str, ...] | int = ()
    date: str = ""


FILES: dict[str, Expected] = {
    "abelson_interview_hugo_shortcodes.md": Expected(
        "Hal Abelson 访谈 - InfiniteHistoryProject MIT",
        {"INTERVIEWER": 44, "采访者": 44, "ABELSON": 85},
        Said("INTERVIEWER", 34, "Today is August 23, 2011.", 0.0),
        Said("采访者", 5610, "谢谢。", 6778.46),
        ("", "译文作者：王文鑫"),
        "2026-02-21",
    ),
    "btc_austin-bitcoin-developers_2019-11-19-socratic-seminar-4.md": Expected(
        "Socratic Seminar 4",
        {"Q": 10, "A": 7},
        Said("Q", 89, "What other things have you learned"),
        Said("Q", 229, "I would be happy to do that."),
        39,
        "2019-11-19",
    ),
    "btc_bitcoin-explained_taproot-activation-lockinontimeout.es.md": Expected(
        "Activación de Taproot y LOT=true vs LOT=false",
        {"Aaron van Wirdum": 63, "Sjors Provoost": 63},
        Said("Aaron van Wirdum", 27, "En directo desde Utrecht"),
        Said("Sjors Provoost", 287, "más tonta que he dicho nunca."),
        ("",),
        "2021-02-26",
    ),
    "btc_bitcoin-review-podcast_libsec-panel.md": Expected(
        "Libsec Panel",
        {
            "NVK": 72, "Tim Ruffing": 37, "Jonas Nick": 26, "Lloyd Fournier": 13, "Rijndael": 10,
            "Jesse Posner": 8,
        },
        Said("NVK", 20, "I have an absolute rock star team here."),
        Said("NVK", 392, "Thank you so much."),
        (),
        "2023-09-08",
    ),
    "btc_chaincode-podcast_chaincode-decoded-mempool.md": Expected(
        "Chaincode Decoded: Mempool",
        {"Adam Jonas": 30, "Mark Erhardt": 30},
        Said("Adam Jonas", 34, "Welcome to the Chaincode podcast.", 0.0),
        Said("Adam Jonas", 436, "See you next time.", 26 * 60 + 49),
        (),
        "2021-04-26",
    ),
    "btc_lets-talk-bitcoin-podcast_2019-06-09-ltb-pieter-wuille-jonas-nick.md": Expected(
        "The Tools and The Work",
        {
            "Pieter Wuille": 48, "Andreas": 30, "Stephanie": 22, "Adam": 10, "Jonas Nick": 5,
            "Jonathan": 1,
        },
        Said("Adam", 26, "On this episode we'll be digging"),
        Said("Pieter Wuille", 258, "that I'm really excited about."),
        ("",),
        "2019-06-09",
    ),
    "btc_london-bitcoin-devs_2019-07-03-alex-bosworth-submarine-swaps.md": Expected(
        "Submarine Swaps and Loop",
        {"Q": 57, "A": 57},
        Said("Q", 31, "What’s plenty of time?"),
        Said("A", 303, "Number one Loopers."),
        15,
        "2019-07-03",
    ),
    # One of Gerhard's 228 labels goes on with the sentence before it.
    "changelog_friends_changelog--friends-38.md": Expected(
        "changelog_friends_changelog--friends-38",
        {"Gerhard Lazu": 227, "Jerod Santo": 210, "Adam Stacoviak": 81},
        Said("Jerod Santo", 1, "Well, should we kaizen?"),
        Said("Adam Stacoviak", 1095, "Kaizen!"),
    ),
    "changelog_news_changelog-news-59.md": Expected(
        "changelog_news_changelog-news-59",
        {"Jerod Santo": 8},
        Said("Jerod Santo", 1, "What up, nerds?"),
        Said("Jerod Santo", 78, "I'll talk to you again real soon. 💚"),
    ),
    "changelog_podcast_the-changelog-424.md": Expected(
        "changelog_podcast_the-changelog-424",
        {"Jerod Santo": 118, "Mike Pennisi": 110, "Adam Stacoviak": 47},
        Said("Jerod Santo", 1, "Alright, we're joined by Mike Pennisi"),
        Said("Jerod Santo", 637, "Yup."),
    ),
    "changelog_shipit_ship-it-85.md": Expected(
        "changelog_shipit_ship-it-85",
        {"Gerhard Lazu": 40, "Marcos Nils": 40},
        Said("Gerhard Lazu", 1, "Hey, Marcos. How's it going?"),
        Said("Marcos Nils", 239, "Always a pleasure. Take care."),
    ),
    "hf_course_raw_0.md": Expected("hf_course_raw_0", {}, sections=("",)),
    "hf_course_raw_1.md": Expected("hf_course_raw_1", {}, sections=("",)),
    "qmsum_covid_4.json": Expected(
        "qmsum_covid_4",
        {"The Chair": 44, "The Acting Chair": 22, "Right Hon. Justin Trudeau": 18},
        Said("The Chair", 242, "I call this meeting to order."),
        Said("The Chair", 1342, "adjourned until tomorrow at noon."),
    ),
    "tf_bilingual_details.md": Expected(
        "为什么现在找工作如此艰难？AI、政策不确定性与疫情经济的终结",
        {},
        sections=7,
        date="2025-12-02",
    ),
    "tf_interview_zh-Hant.md": Expected(
        "不是耍廢！科學實證：待30分鐘讓壓力下降｜初日診所 魏士航醫師"
        " feat.臺大森林系余家斌教授【我就問魏什麼】",
        {"魏士航醫師": 22, "余家斌教授": 18},
        Said("魏士航醫師", 35, "大家好，我是魏士航醫師。"),
        Said("余家斌教授", 125, "掰掰。"),
        (),
        "2026-04-28",
    ),
    "tf_interview_zh_0.md": Expected(
        "习近平访朝与半岛核危机：地缘政治的危险博弈",
        {"嘉宾B": 21, "嘉宾A": 17, "嘉宾C": 7},
        Said("嘉宾A", 32, "所以我觉得韩国情报院对北朝鲜的情报掌握是合理的。"),
        Said("嘉宾A", 130, "拜拜。"),
        (),
        "2026-06-16",
    ),
    "tf_interview_zh_1.md": Expected(
        "城市化浪潮下的左翼式微：印度、尼泊尔与乌干达的政治变迁",
        {"Speaker 1": 240, "Speaker 2": 10},
        Said("Speaker 1", 40, "大家好，"),
        Said("Speaker 1", 752, "我们周五再见。"),
        (),
        "2026-03-27",
    ),
    "tf_interview_zh_2.md": Expected(
        "日本人为什么援助中国？ODA项目揭秘与中日感恩之辩",
        {"嘉宾": 106, "主持人": 80, "贾老师": 52},
        Said("主持人", 57, "今天我们来说另外一个问题。"),
        Said("贾老师", 547, "拜拜。"),
        (),
        "2025-12-05",
    ),
    "tf_interview_zh_4.md": Expected(
        "美伊冲突升级：智能炸弹迷局、核扩散风险与美国政治内斗",
        {"Speaker 0": 152, "Speaker 1": 113, "Speaker 2": 97, "Speaker 3": 86, "Speaker 4": 1},
        Said("Speaker 1", 74, "好的，我现在正式直播。"),
        Said("Speaker 0", 978, "嗯嗯嗯嗯"),
        (),
        "2026-03-14",
    ),
    "tf_raw_lines_zh.txt": Expected("tf_raw_lines_zh", {}, sections=("",)),
    "tf_raw_speakerN_zh.txt": Expected(
        "tf_raw_speakerN_zh",
        {"Speaker 0": 118, "Speaker 1": 56},
        Said("Speaker 0", 1, "自我检查再怎么做，"),
        Said("Speaker 1", 432, "感谢你来谢谢谢谢谢谢谢谢。"),
    ),
    "tf_raw_wordperline_en.txt": Expected("tf_raw_wordperline_en", {}, sections=("",)),
    "vcsum_one_meeting.json": Expected(
        "vcsum_one_meeting",
        {f"Speaker {n}": count for n, count in enumerate((1, 5, 2, 2, 1, 1), start=1)},
        Said("Speaker 1", 1, "我休息一下，"),
        Said("Speaker 6", 1, "而且我一直想要做一个小学生。"),
    ),
    "waitingtobesigned_mcllama_zh-TW.md": Expected(
        "Turning Pokemon Cards into fx(hash) Grails - Interview with McLlama",
        {"": 104},
        Said("", 397, "All right, hello and welcome everyone", 0.0),
        Said("", 2063, "having me yeah bye yeah", 57 * 60 + 9),
        ("Turning Pokemon Cards into fx(hash) Grails - Interview with McLlama", "中文全文"),
        "2026-06-09",
    ),
    "waitingtobesigned_transcript_en.txt": Expected(
        "waitingtobesigned_transcript_en", {}, sections=("",)
    ),
    "waitingtobesigned_transcript_en_turns.json": Expected(
        "waitingtobesigned_transcript_en_turns",
        {"Speaker 0": 75, "Speaker 1": 75},
        Said("Speaker 0", 6, "Alright, hello and welcome everyone", 0.0),
        Said("Speaker 1", 900, "I'm sure bye everyone", 4140.2),
    ),
    "waitingtobesigned_transcript_zh-TW.md": Expected(
        "Following The Line - Interview with CCDDBB (Claudio Dalla Bernardina)",
        {"": 18},
        Said("", 327, "Alright, hello and welcome everyone", 0.0),
        Said("", 1629, "I'm sure bye everyone", 3993.0),
        ("Following The Line - Interview with CCDDBB (Claudio Dalla Bernardina)", "中文全文"),
        "2026-04-03",
    ),
    "waitingtobesigned_transcript_zh-TW.txt": Expected(
        "waitingtobesigned_transcript_zh-TW", {}, sections=("",)
    ),
    "whisper_ts_corner_cases.cpu_accurate.tiny_apollo11.mp3.words.json": Expected(
        "whisper_ts_corner_cases.cpu_accurate.tiny_apollo11.mp3.words",
        {"": 2},
        Said("", 9, "I'm all around my business and we gotta eat", 0.6),
        Said("", 329, "it's not over, it's not over", 31.24),
    ),
    "whisper_ts_corner_cases_arabic.mp3.words.json": Expected(
        "whisper_ts_corner_cases_arabic.mp3.words",
        {"": 2},
        Said("", 9, "حبّي أنصار الهدى", 1.8),
        Said("", 101, "ونغمّض كي لا نمسر", 18.86),
    ),
    "whisper_ts_corner_cases_large-v2.accurate_gloria.mp3.words.json": Expected(
        "whisper_ts_corner_cases_large-v2.accurate_gloria.mp3.words",
        {"": 2},
        Said("", 9, "Ella, my glorious love, how are you?", 0.0),
        Said("", 79, "I've really missed you.\nPops.", 6.28),
    ),
    "whisper_ts_punctuations_no_bonjour.wav.csv": Expected(
        "whisper_ts_punctuations_no_bonjour.wav", {"": 1}, Said("", 1, "Bonjour !", 0.14)
    ),
    "whisper_ts_punctuations_no_bonjour.wav.tsv": Expected(
        "whisper_ts_punctuations_no_bonjour.wav", {"": 1}, Said("", 2, "Bonjour !", 0.14)
    ),
    "whisper_ts_punctuations_no_bonjour.wav.txt": Expected(
        "whisper_ts_punctuations_no_bonjour.wav", {}, sections=("",)
    ),
    "whisper_ts_punctuations_no_bonjour.wav.words.tsv": Expected(
        "whisper_ts_punctuations_no_bonjour.wav.words", {"": 1}, Said("", 2, "Bonjour", 0.14)
    ),
    "whisper_ts_tiny_auto_japanese.mp3.words.json": Expected(
        "whisper_ts_tiny_auto_japanese.mp3.words",
        {"": 1},
        Said("", 9, "いきます 入室タブでの", 0.08),
        Said("", 9, "設定した", 0.08),
    ),
}  # fmt: skip
# What they are is no transcript, and the reader says so.
REFUSED = ("waitingtobesigned_metadata.json", "SOURCES.tsv")
# A recogniser in a loop, 29 times the same sentence: see the test below.
LOOPING = "whisper_ts_corner_cases_issue24_empty.wav.words.json"


@pytest.fixture(scope="module")
def transcripts(shared: Path) -> dict[str, Transcript]:
    return {name: read(shared / "formats" / name, {}) for name in FILES}


def test_no_file_is_left_out(shared: Path) -> None:
    suffixes = {".md", ".txt", ".json", ".csv", ".tsv"}
    names = {file.name for file in (shared / "formats").iterdir() if file.suffix in suffixes}
    assert names == {*FILES, *REFUSED, LOOPING}


@pytest.mark.parametrize("name", FILES)
def test_title_date_and_sections_are_those_of_the_file(
    transcripts: dict[str, Transcript], name: str
) -> None:
    transcript, expected = transcripts[name], FILES[name]
    assert (transcript.title, transcript.date) == (expected.title, expected.date)
    if isinstance(expected.sections, int):
        assert len(transcript.sections) == expected.sections
    else:
        assert tuple(section.title for section in transcript.sections) == expected.sections
    assert transcript.warnings == ()


@pytest.mark.parametrize("name", FILES)
def test_who_speaks_how_often_and_what_is_said_first_and_last(
    transcripts: dict[str, Transcript], name: str
) -> None:
    transcript, expected = transcripts[name], FILES[name]
    counts = Counter(turn.speaker for turn in transcript.turns)
    assert {speaker: counts[speaker] for speaker in expected.turns} == expected.turns
    if expected.first is not None:
        assert described(transcript.turns[0]) == where(expected.first)
        assert transcript.turns[0].text.startswith(expected.first.words)
    if expected.last is not None:
        assert described(transcript.turns[-1]) == where(expected.last)
        assert expected.last.words in transcript.turns[-1].text[-len(expected.last.words) - 200 :]


def described(turn: Turn) -> tuple[str, int, float | None]:
    return turn.speaker, turn.line, turn.start


def where(said: Said) -> tuple[str, int, float | None]:
    return said.speaker, said.line, said.start


@pytest.mark.parametrize("name", FILES)
def test_lines_rise_and_times_do_too(transcripts: dict[str, Transcript], name: str) -> None:
    for turn in transcripts[name].turns:
        assert list(turn.lines) == sorted(turn.lines)
        assert list(turn.times) == sorted(turn.times)
        assert len(turn.times) in (0, len(turn.lines))
        assert len(turn.text.split("\n")) == len(turn.lines)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_transcript_is_refused(shared: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no transcript in it"):
        read(shared / "formats" / name)


def test_a_looping_recogniser_is_heard_from_the_first_line_to_the_last_second(shared: Path) -> None:
    transcript = read(shared / "formats" / LOOPING)
    assert {turn.speaker for turn in transcript.turns} == {""}
    assert described(transcript.turns[0]) == ("", 9, 0.0)
    assert {line for turn in transcript.turns for line in turn.text.split("\n")} == {"I'm sorry."}


def test_one_word_a_line_becomes_sentences_with_the_lines_of_their_first_words(
    transcripts: dict[str, Transcript], shared: Path
) -> None:
    (section,) = transcripts["tf_raw_wordperline_en.txt"].sections
    written = (shared / "formats" / "tf_raw_wordperline_en.txt").read_text(encoding="utf-8")
    assert section.text.split("\n")[:2] == [
        "Hey everyone, it's Anna.",
        "All right, before we start the show, I want to talk about Valentine's Day because of"
        " course we are already thinking about it over here at Modern Love.",
    ]
    assert section.lines[:2] == (1, 5)
    # Marks of a new speaker begin a line and are not words.
    assert section.text.split() == [word for word in written.split() if word != ">>"]
    (loved,) = (n for n, line in enumerate(section.lines) if line == 297)
    assert section.text.split("\n")[loved].startswith("Love now and fall")
    assert max(map(len, section.text.split("\n"))) < 1000


def test_captions_without_marks_become_stretches_with_the_lines_of_their_first_words(
    transcripts: dict[str, Transcript], shared: Path
) -> None:
    (section,) = transcripts["tf_raw_lines_zh.txt"].sections
    written = (shared / "formats" / "tf_raw_lines_zh.txt").read_text(encoding="utf-8").split("\n")
    assert "".join(section.text.split()) == "".join("".join(written).split())
    for line, text in zip(section.lines, section.text.split("\n"), strict=True):
        assert text.startswith(written[line - 1].strip())
        assert len(text) < 150


def test_what_a_page_writes_on_every_fold_is_not_said(transcripts: dict[str, Transcript]) -> None:
    text = "\n".join(section.text for section in transcripts["tf_bilingual_details.md"].sections)
    assert "View/Hide" not in text
    assert "We are going to be unemployed." in text


def test_the_second_of_a_sentence_is_that_of_its_own_line(
    transcripts: dict[str, Transcript],
) -> None:
    turn = transcripts["abelson_interview_hugo_shortcodes.md"].turns[1]
    assert turn.text.split("\n")[1] == "I'm Chris Boebel."
    assert (turn.lines[1], turn.times[1]) == (39, 5.28)
    gloria = transcripts["whisper_ts_corner_cases_large-v2.accurate_gloria.mp3.words.json"]
    assert gloria.turns[1].text.split("\n")[1] == "I will be."
    assert gloria.turns[1].times[1] == 8.3
