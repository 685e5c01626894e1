"""Real transcripts of other people's making: the speakers that a person sees are found."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from rag.transcripts import read
from rag.types import Transcript

# Written down by looking at the files, not by running the reader.
SPEAKERS: dict[str, set[str]] = {
    "btc_austin-bitcoin-developers_2019-11-19-socratic-seminar-4.md": {"Q", "A"},
    "btc_bitcoin-explained_taproot-activation-lockinontimeout.es.md": {
        "Aaron van Wirdum", "Sjors Provoost",
    },
    "btc_bitcoin-review-podcast_libsec-panel.md": {
        "NVK", "Tim Ruffing", "Jonas Nick", "Lloyd Fournier", "Rijndael", "Jesse Posner",
    },
    "btc_chaincode-podcast_chaincode-decoded-mempool.md": {"Adam Jonas", "Mark Erhardt"},
    "btc_lets-talk-bitcoin-podcast_2019-06-09-ltb-pieter-wuille-jonas-nick.md": {
        "Pieter Wuille", "Andreas", "Stephanie", "Adam", "Jonas Nick", "Jonathan",
    },
    "btc_london-bitcoin-devs_2019-07-03-alex-bosworth-submarine-swaps.md": {"Q", "A"},
    "abelson_interview_hugo_shortcodes.md": {"INTERVIEWER", "采访者", "ABELSON"},
    "changelog_friends_changelog--friends-38.md": {
        "Gerhard Lazu", "Jerod Santo", "Adam Stacoviak",
    },
    "changelog_news_changelog-news-59.md": {"Jerod Santo"},
    "changelog_podcast_the-changelog-424.md": {"Jerod Santo", "Mike Pennisi", "Adam Stacoviak"},
    "changelog_shipit_ship-it-85.md": {"Gerhard Lazu", "Marcos Nils"},
    "tf_interview_zh-Hant.md": {"魏士航醫師", "余家斌教授"},
    "tf_interview_zh_0.md": {"嘉宾A", "嘉宾B", "嘉宾C"},
    "tf_interview_zh_1.md": {"Speaker 1", "Speaker 2"},
    "tf_interview_zh_2.md": {"主持人", "嘉宾", "贾老师"},
    "tf_interview_zh_4.md": {f"Speaker {number}" for number in range(5)},
    "tf_raw_speakerN_zh.txt": {"Speaker 0", "Speaker 1"},
    # What is said at a time that the file gives, by nobody whom it names.
    "waitingtobesigned_mcllama_zh-TW.md": {""},
    "waitingtobesigned_transcript_zh-TW.md": {""},
}  # fmt: skip
PROSE = (
    "hf_course_raw_0.md", "hf_course_raw_1.md", "tf_bilingual_details.md", "tf_raw_lines_zh.txt",
    "tf_raw_wordperline_en.txt", "waitingtobesigned_transcript_en.txt",
    "waitingtobesigned_transcript_zh-TW.txt", "whisper_ts_punctuations_no_bonjour.wav.txt",
)  # fmt: skip
# Labels that stand for a crowd, a pause or are typing errors: nobody could know them for speakers.
UNKNOWABLE = {"#ALL#", "Break", "Outro", "洛َي", '罗永"', "勾ux", "北美王飞", ""}
SETS = ("tf_interviews_zh_open", "changelog_open", "qmsum_val", "vcsum_dev", "friendsqa_dev")


@pytest.mark.parametrize("name", SPEAKERS)
def test_the_speakers_of_a_file_are_those_that_a_person_sees(shared: Path, name: str) -> None:
    transcript = read(shared / "formats" / name)
    assert {turn.speaker for turn in transcript.turns} == SPEAKERS[name]


@pytest.mark.parametrize("name", PROSE)
def test_files_without_labels_are_prose(shared: Path, name: str) -> None:
    transcript = read(shared / "formats" / name)
    assert transcript.turns == ()
    assert transcript.sections


@cache
def gold(folder: Path) -> dict[str, dict[int, str]]:
    """For each transcript of an evaluation set, who speaks from which line on."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            found[item["doc"]][item["line"]] = item["speaker"].strip("[]").strip()
    return found


def speaking_at(transcript: Transcript) -> dict[int, str]:
    """The label under which each line of the file is spoken."""
    return {
        line: turn.label for turn in transcript.turns for line in (turn.line, *turn.lines)
    }  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_every_line_of_an_evaluation_set_is_spoken_by_whom_its_makers_say(
    shared: Path, name: str
) -> None:
    folder = shared / "eval" / name
    wrong = Counter[tuple[str, str]]()
    lines = 0
    for doc, speakers in gold(folder).items():
        (path,) = (folder / "transcripts").glob(f"{doc}.*")
        written = path.read_text(encoding="utf-8").split("\n")
        found = speaking_at(read(path))
        for line, speaker in speakers.items():
            # A label with nothing behind it is nobody's turn.
            empty = written[line - 1].strip().strip("*").endswith((":", f"{speaker}"))
            if speaker in UNKNOWABLE or empty:
                continue
            lines += 1
            if found.get(line) != speaker:
                wrong[doc, f"{speaker} read as {found.get(line)}"] += 1
    assert lines > 1000
    assert wrong.total() <= lines // 400, wrong.most_common(20)
