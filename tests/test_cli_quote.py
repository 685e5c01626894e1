"""`rag quote`: what it shows, and how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from samples import Run, is_one_line

FOUND = {
    "quote", "verdict", "address", "speaker", "text", "difference", "line", "end_line", "start",
    "link",
}  # fmt: skip


def on_page(words: str) -> str:
    return f"https://example.org/tea#:~:text={quote(words)}"


def test_an_exact_quotation_in_chinese(indexed: Path, run: Run) -> None:
    result = run("quote", "「第一批客人是下夜班的司機」")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"exact\n王秀兰  [tea:2]  line 9  {on_page('第一批客人是下夜班的司机')}\n"
        "  第一批客人是下夜班的司机\n"
    )


def test_a_near_quotation_in_english(indexed: Path, run: Run) -> None:
    result = run("quote", "the", "bridge", "is", "never", "maple")
    assert result.code == 1
    assert result.out == (
        "near: not in these words\n"
        "Marta Lindqvist  [violin:4]  line 7  corpus/violin.txt#L7\n"
        "  The bridge is always maple\n"
        "  The bridge is [-always-]{+never+} maple\n"
    )


def test_what_somebody_else_said(indexed: Path, run: Run) -> None:
    result = run("quote", "“最便宜的茶多少钱一壶？”", "--speaker", "王秀兰")
    assert result.code == 1
    assert result.out == (
        "absent: said by 主持人\n"
        f"主持人  [tea:3]  line 11  {on_page('最便宜的茶多少钱一壶')}\n"
        "  最便宜的茶多少钱一壶\n"
    )
    assert run("quote", "最便宜的茶多少钱一壶", "--speaker", "主持人").code == 0


def test_what_nobody_said(indexed: Path, run: Run) -> None:
    result = run("quote", "zygomorphic quaternion photolithography")
    assert (result.code, result.out) == (1, "absent: not in the transcripts, nor anything near\n")
    result = run("quote", "zygomorphic quaternions", "--speaker", "Marta")
    assert result.out == "absent: not said by Marta Lindqvist, nor anything near\n"


def test_the_quotation_is_read_from_stdin(indexed: Path, run: Run) -> None:
    result = run("quote", "-", "--json", input='"The bridge is always\nmaple"\n')
    assert (result.code, result.out.count("\n")) == (0, 1)
    found = json.loads(result.out)
    assert set(found) >= FOUND
    assert found == {
        "quote": "The bridge is always\nmaple",
        "verdict": "exact",
        "address": "violin:4",
        "speaker": "Marta Lindqvist",
        "text": "The bridge is always maple",
        "difference": None,
        "line": 7,
        "end_line": 7,
        "start": None,
        "link": "corpus/violin.txt#L7",
    }


def test_what_is_empty_is_null(indexed: Path, run: Run) -> None:
    found = json.loads(run("quote", "！？", "--json").out)
    assert found == {**dict.fromkeys(FOUND), "quote": "！？", "verdict": "absent"}


def test_filters_that_are_not_in_the_index_are_named(indexed: Path, run: Run) -> None:
    for option, name in (("--speaker", "Nobody"), ("--transcript", "nothing")):
        result = run("quote", "maple", option, name)
        assert (result.code, result.out) == (2, "")
        assert is_one_line(result.err)
        assert name in result.err
        assert "there are: " in result.err
    assert run("quote", "always maple", "--transcript", "tea").code == 1
    assert run("quote", "always maple", "--transcript", "violin").code == 0


@pytest.mark.parametrize("words", [(), ("",), ("  ",), ("-",)])
def test_a_blank_quotation_is_an_error(indexed: Path, run: Run, words: tuple[str, ...]) -> None:
    result = run("quote", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err == 'rag: the quotation is blank (give one: rag quote "…")\n'


def test_nothing_steers_the_terminal(indexed: Path, run: Run) -> None:
    for extra in ((), ("--json",), ("-v",)):
        result = run("quote", "The \x1b[31mbridge\x07 is \x9b2Jalways oak\u202e", *extra)
        assert not set("\x1b\x07\x9b\u202e") & set(result.out + result.err)


def test_bytes_that_are_no_text_do_no_harm(indexed: Path, run: Run) -> None:
    assert run("quote", "The bridge\udcff is always maple").code == 0


def test_without_an_index_the_next_step_is_named(project: Path, run: Run) -> None:
    result = run("quote", "maple")
    assert result.code == 3
    assert is_one_line(result.err)
    assert "rag index" in result.err


def test_the_time_is_told_when_asked(indexed: Path, run: Run) -> None:
    result = run("quote", "always maple", "-v")
    assert result.err.startswith("looked up in ")
    assert result.err.endswith(" ms\n")
