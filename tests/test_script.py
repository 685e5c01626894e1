"""Questions from a file: one line in, one line out, in order, with the id that came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from samples import Run

from rag.errors import UsageError
from rag.script import Asked, batch, parse


def echo(asked: Asked) -> dict[str, object]:
    if not asked.question.strip():
        raise UsageError("the question is blank", "ask something")
    return {"question": asked.question, "history": list(asked.history)}


def test_lines_come_back_in_order_with_their_ids() -> None:
    lines = ['{"id": 7, "question": "one"}', "", '{"question": "two", "id": null}']
    assert list(batch(lines, "q.jsonl", echo)) == [
        {"id": 7, "question": "one", "history": []},
        {"id": None, "question": "two", "history": []},
    ]


def test_a_history_may_be_questions_cases_or_messages() -> None:
    history = [
        "one",
        {"question": "two", "answer": "2"},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "3"},
    ]
    line = json.dumps({"question": "and four?", "history": history})
    assert parse(line, "q:1").history == ("one", "two", "three")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("not json", "not JSON"),
        ("[1]", "no question"),
        ('{"question": 3}', "no question"),
        ('{"question": "x", "history": "y"}', "history is no list"),
        ('{"question": "x", "history": [3]}', "3 in its history"),
        ('{"question": " "}', "blank"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_line_is_named_and_those_before_it_are_answered(line: str, what: str) -> None:
    replies = batch(['{"question": "fine"}', line], "q.jsonl", echo)
    assert next(replies)["question"] == "fine"
    with pytest.raises(UsageError, match=rf"q\.jsonl:2: .*{what}"):
        next(replies)


def test_ask_and_search_take_a_file_or_stdin(indexed: Path, run: Run) -> None:
    lines = '{"id": "a", "question": "最便宜的茶多少钱一壶"}\n{"id": "b", "question": "why"}\n'
    (indexed / "questions.jsonl").write_text(lines, encoding="utf-8")
    answered = run("ask", "--batch", "questions.jsonl")
    assert answered.code == 0
    replies = [json.loads(line) for line in answered.out.splitlines()]
    assert [reply["id"] for reply in replies] == ["a", "b"]
    assert "八块钱" in replies[0]["answer"]
    found = run("search", "--batch", "-", input=lines)
    hits = [json.loads(line)["hits"][0]["address"] for line in found.out.splitlines()]
    assert hits[0] == "tea:3-4"


def test_a_batch_beside_a_question_or_of_no_file_is_a_usage_error(indexed: Path, run: Run) -> None:
    assert run("ask", "why", "--batch", "questions.jsonl").code == 2
    missing = run("search", "--batch", "nowhere.jsonl")
    assert missing.code == 2
    assert missing.err == "rag: nowhere.jsonl: No such file or directory (check the path)\n"
