"""The command line: what goes to stdout, and the exit code."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from samples import (
    NOT_THERE,
    OPENING,
    TEA,
    WOOD,
    Result,
    Run,
    is_one_line,
    process,
)

import rag

HIT = {
    "address", "speakers", "text", "score", "dense", "lexical", "line", "end_line", "start", "link",
}  # fmt: skip


def read(result: Result) -> dict[str, object]:
    """The JSON object on stdout, alone on its line."""
    assert result.out.count("\n") == 1
    value = json.loads(result.out)
    assert isinstance(value, dict)
    return value


def test_show_gives_a_file_as_it_is_read(project: Path, run: Run) -> None:
    shown = read(run("show", "corpus/tea.md", "--json"))
    assert {"id", "title", "date", "source", "language", "turns", "sections"} <= set(shown)
    assert [shown[key] for key in ("id", "title", "date", "source", "language")] == [
        "tea", "老茶馆的早晨", "2024-05-01", "https://example.org/tea", "zh",
    ]  # fmt: skip
    turns = shown["turns"]
    assert isinstance(turns, list)
    assert len(turns) == 6
    assert set(turns[1]) >= {
        "address", "number", "speaker", "label", "text", "line", "end_line", "start", "end",
    }  # fmt: skip
    assert (turns[1]["address"], turns[1]["number"], turns[1]["speaker"]) == ("tea:2", 2, "王秀兰")
    assert TEA.split("\n")[turns[1]["line"] - 1].startswith("**王秀兰：**我们每天早上五点开门")


def test_show_gives_sections_of_prose(project: Path, run: Run) -> None:
    (project / "essay.md").write_text("# On tea\n\nTea is older than coffee, and calmer.\n")
    (section,) = json.loads(run("show", "essay.md", "--json").out)["sections"]
    assert set(section) >= {"address", "title", "text", "line", "end_line"}
    assert section["address"] == "essay:s1"
    assert "calmer" in section["text"]


def test_show_gives_what_stands_at_an_address(indexed: Path, run: Run) -> None:
    turns = json.loads(run("show", "violin:3-4", "--json").out)["turns"]
    assert [turn["number"] for turn in turns] == [3, 4]
    text = run("show", "violin:4").out
    assert text.startswith("[violin:4] line 7 Marta Lindqvist\n  The bridge is always maple")


def test_search_gives_hits_with_both_scores(indexed: Path, run: Run) -> None:
    found = read(run("search", WOOD, "--json"))
    assert set(found) >= {"question", "hits", "timings"}
    assert found["question"] == WOOD
    hits = found["hits"]
    assert isinstance(hits, list)
    assert set(hits[0]) >= HIT
    assert hits[0]["address"] == "violin:3-4"
    assert hits[0]["speakers"] == ["Host", "Marta Lindqvist"]
    assert (hits[0]["line"], hits[0]["end_line"]) == (5, 7)
    assert hits[0]["link"] == "corpus/violin.txt#L5-L7"
    assert hits[0]["lexical"] > 0
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)


def test_ask_gives_an_answer_with_citations(indexed: Path, run: Run) -> None:
    result = run("ask", OPENING, "--json")
    assert result.code == 0
    answer = read(result)
    assert set(answer) >= {
        "question", "answer", "refused", "citations", "hits", "model", "usage", "timings",
    }  # fmt: skip
    assert answer["refused"] is False
    citations, hits = answer["citations"], answer["hits"]
    assert isinstance(citations, list)
    assert isinstance(hits, list)
    assert set(citations[0]) >= {"address", "speaker", "quote", "exact", "line", "link"}
    assert citations[0]["speaker"] == "王秀兰"
    assert citations[0]["address"] == "tea:2"
    assert "五点开门" in citations[0]["quote"]
    assert citations[0]["quote"] in TEA
    assert set(hits[0]) >= HIT
    assert citations[0]["address"] in str(answer["answer"])


def test_index_and_speakers_and_doctor_have_json(indexed: Path, run: Run) -> None:
    report = read(run("index", "--json"))
    assert (report["transcripts"], report["passages"], report["changed"]) == (2, 6, False)
    speakers = read(run("speakers", "--json"))["speakers"]
    assert isinstance(speakers, list)
    assert {speaker["speaker"] for speaker in speakers} >= {"王秀兰", "Marta Lindqvist"}
    checks = read(run("doctor", "--json"))["checks"]
    assert isinstance(checks, list)
    assert all(check["ok"] for check in checks)


def test_text_for_people(indexed: Path, run: Run) -> None:
    assert run("ask", OPENING).out.startswith("王秀兰：「")
    assert run("search", WOOD).out.startswith("1. [violin:3-4] ")
    assert "dense" in run("search", WOOD, "-v").out
    assert run("speakers").out.startswith("turns\twords\tminutes\tspeaker\ttranscripts\n3\t")
    assert run("--version").out == f"{rag.__version__}\n"


# --- questions


def test_a_refusal_is_exit_code_1_and_shows_the_nearest_as_such(indexed: Path, run: Run) -> None:
    result = run("ask", NOT_THERE, "--json")
    assert result.code == 1
    answer = read(result)
    assert (answer["refused"], answer["citations"]) == (True, [])


def test_a_question_may_come_from_stdin_or_in_several_words(indexed: Path, run: Run) -> None:
    piped = run("ask", "-", "--json", input=OPENING + "\n")
    assert piped.code == 0
    assert json.loads(piped.out)["citations"][0]["speaker"] == "王秀兰"
    assert "violin:3-4" in run("search", *WOOD.split()).out


def test_bytes_that_are_not_utf8_are_no_reason_to_fail(indexed: Path) -> None:
    ran = process("search", b"\xff maple bridge".decode(errors="surrogateescape"))
    assert (ran.code, "violin:3-4" in ran.out) == (0, True)
    assert process("search", "-", input=b"\xff maple bridge").out == ran.out


@pytest.mark.parametrize("words", [[""], [" \n\t"], ["　"], ["-"]])
def test_a_blank_question_is_a_usage_error(indexed: Path, run: Run, words: list[str]) -> None:
    for command in ("ask", "search"):
        result = run(command, *words)
        assert (result.code, result.out) == (2, "")
        assert is_one_line(result.err)
        assert "blank" in result.err


def test_a_question_of_100000_characters_is_answered_from_its_beginning(
    indexed: Path, run: Run
) -> None:
    started = time.perf_counter()
    result = run("search", (WOOD + " ") * 2500, "--json")
    assert time.perf_counter() - started < 10
    assert result.code == 0
    assert json.loads(result.out)["hits"][0]["address"] == "violin:3-4"
    assert is_one_line(result.err)
    assert "only the first" in result.err
    assert run("ask", "的" * 100_000).code in (0, 1)


@pytest.mark.parametrize("k", ["0", "-1", "100000"])
def test_k_has_a_range(indexed: Path, run: Run, k: str) -> None:
    result = run("search", WOOD, "-k", k)
    assert result.code == 2
    assert is_one_line(result.err)
    assert f"k is {k}" in result.err
    assert len(json.loads(run("search", WOOD, "-k", "1", "--json").out)["hits"]) == 1


def test_filters_say_who_and_where(indexed: Path, run: Run) -> None:
    hits = json.loads(run("search", WOOD, "--speaker", "王秀兰", "--json").out)["hits"]
    assert {hit["address"].split(":")[0] for hit in hits} == {"tea"}
    hits = json.loads(run("search", OPENING, "--transcript", "violin", "--json").out)["hits"]
    assert {hit["address"].split(":")[0] for hit in hits} == {"violin"}
    result = run("search", WOOD, "--speaker", "Nobody")
    assert result.code == 2
    assert is_one_line(result.err)
    assert "Marta Lindqvist" in result.err


def test_a_command_or_option_that_does_not_exist_is_exit_code_2(project: Path, run: Run) -> None:
    assert run("index", "--nonsense").code == 2
    assert run("nonsense").code == 2
    assert run("search", WOOD, "-k", "many").code == 2
