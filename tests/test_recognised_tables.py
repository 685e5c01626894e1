"""Tables: CSV and TSV of recognisers, and what spreadsheets save of transcripts."""

from __future__ import annotations

import pytest

from rag.errors import UsageError
from rag.transcripts.cues import Recording
from rag.transcripts.recognised import read_table


def said(recording: Recording) -> list[tuple[str, str, float | None, int]]:
    return [(cue.speaker, cue.text, cue.start, cue.line) for cue in recording.cues]


def test_whisper_tsv_counts_milliseconds() -> None:
    text = 'start\tend\ttext\n140\t940\tReady, "Ann"?\n1000\t2600\tTwo of them are.\n'
    recording = read_table(text, "x.tsv")
    assert said(recording) == [
        ("", 'Ready, "Ann"?', 0.14, 2),
        ("", "Two of them are.", 1.0, 3),
    ]
    assert recording.cues[0].end == 0.94


def test_a_table_without_heads_is_told_by_what_is_in_its_columns() -> None:
    assert said(read_table("Ready?,0.14,0.94\nNo.,1.5,2\n", "x")) == [
        ("", "Ready?", 0.14, 1),
        ("", "No.", 1.5, 2),
    ]
    rows = "0.0,1.2,SPEAKER_00,ready\n1.2,2.2,SPEAKER_00,go\n2.3,4,SPEAKER_01,no\n4,5,SPEAKER_01,hm"
    assert said(read_table(rows, "x"))[2] == ("SPEAKER_01", "no", 2.3, 3)


def test_what_a_spreadsheet_saves_in_chinese() -> None:
    text = (
        "\ufeffsep=;\r\n序号;说话人;开始时间;结束时间;内容\r\n"
        '1;周岚;00:00:01;00:00:02;"船好了吗？\n好了就走。"\r\n2;老贺;00:00:03;00:00:05;还没有。\r\n'
    )
    assert said(read_table(text, "x")) == [
        ("周岚", "船好了吗？ 好了就走。", 1.0, 3),
        ("老贺", "还没有。", 3.0, 5),
    ]


@pytest.mark.parametrize(
    ("head", "row", "start"),
    [
        ("Speaker,Start (ms),Text", "Ann,2000,Go then", 2.0),
        ("Speaker,start_ms,Text", "Ann,2000,Go then", 2.0),
        ("Speaker,Start (s),Text", "Ann,2000,Go then", 2000.0),
        ("Speaker Name,Start Time,Transcript", "Ann,00:33:20,Go then", 2000.0),
        ("Timecode|Speaker|Dialogue|Text", "0:02|Ann||Go then", 2.0),
        ("speaker,text", "Ann,Go then", None),
    ],
)
def test_heads_say_what_a_column_is_and_in_which_unit(
    head: str, row: str, start: float | None
) -> None:
    recording = read_table(f"{head}\n{row}\n", "x")
    assert said(recording) == [("Ann", "Go then", start, 2)]
    assert recording.whole == (start is None)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "name,age\nAnn,40\n", "file\trepo\nx\ty\n", "1,2,3\n4,5,6\n", "x"]
)
def test_other_tables_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^x: "):
        read_table(text, "x")


def test_a_quotation_mark_that_never_closes_is_told() -> None:
    with pytest.raises(UsageError, match=r"x:\d+: not a table"):
        read_table('speaker,text\nAnn,"' + "go\n" * 100_000, "x")
