"""Answers measured: by what the check found in them, and by a judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import build
from samples import Run
from scripted import Scripted

from rag.errors import UsageError
from rag.evaluate import facts, judging
from rag.evaluate.cases import Case
from rag.evaluate.gold import Task
from rag.store import Store
from rag.types import Address, Answer, Citation, Finding

TASK = Task(
    Case("a", "花茶多少钱？", relevant=("tea:4",), must_say=("八块", "續水")),
    (Address("tea", 4, 4),),
)
SILENT = Task(Case("b", "咖啡多少钱？", answerable=False))


def cited(speaker: str) -> Citation:
    return Citation(Address("tea", 4, 4), speaker, "八块钱一壶", exact=True, line=1, end_line=1)


def answer(text: str, **changes: Any) -> Answer:
    plain = Answer("q", text, (cited("王秀兰"),), (), refused=False, confidence=0.9, quotes=2)
    return replace(plain, **changes)


@pytest.fixture
def store(corpus: Path, folder: Path) -> Iterator[Store]:
    build(folder, corpus)
    opened = Store.open(folder)
    yield opened
    opened.close()


def test_a_right_answer(store: Store) -> None:
    assert facts.measures(answer("花茶八块钱，续水不要钱"), TASK, store) == {
        "false refusals": 0, "must say": 1, "quote exact": 1, "keys": 1, "grounded": 1,
        "speaker": 1,
    }  # fmt: skip


def test_what_is_wrong_with_an_answer(store: Store) -> None:
    wrong = answer(
        "花茶九块钱",
        citations=(cited("王秀兰"), cited("主持人")),
        findings=(Finding("near", "九块钱"), Finding("key", "tea:99"), Finding("claim", "…")),
        quotes=4,
        grounded=False,
    )
    assert facts.measures(wrong, TASK, store) == {
        "false refusals": 0, "must say": 0, "quote exact": 0.75, "keys": 0, "grounded": 0,
        "speaker": 0.5,
    }  # fmt: skip


def test_refusals_right_and_wrong(store: Store) -> None:
    refused = answer("没有", refused=True, citations=(), quotes=0)
    assert facts.measures(refused, TASK, store) == {
        "false refusals": 1, "refusal precision": 0, "must say": 0,
    }  # fmt: skip
    assert facts.measures(refused, SILENT, store) == {
        "refusal recall": 1, "refusal precision": 1,
    }  # fmt: skip
    assert facts.measures(answer("八块"), SILENT, store)["refusal recall"] == 0


def test_a_refusal_does_not_pass_for_what_must_be_said(store: Store) -> None:
    refused = answer("最接近的：八块钱，续水不要钱", refused=True)
    assert facts.measures(refused, TASK, store)["must say"] == 0


def test_without_a_model_answers_are_quoted_and_measured(project: Path, run: Run) -> None:
    cases(project)
    found = run("eval", "corpus", "--answers", "--json")
    assert found.code == 0, found.err
    results = {item["id"]: item for item in json.loads(found.out)["results"]}
    assert results["price"]["measures"]["must say"] == 1
    assert results["price"]["measures"]["quote exact"] == 1
    assert results["price"]["measures"]["speaker"] == 1
    assert results["price"]["answer"]["citations"][0]["speaker"] == "王秀兰"
    assert results["silent"]["measures"] == {"refusal recall": 1, "refusal precision": 1}
    text = run("eval", "corpus", "--answers").out
    assert "must say" in text
    assert "answer: p50 " in text


def cases(project: Path, more: str = "") -> None:
    (project / "corpus" / "cases.jsonl").write_text(
        '{"id": "price", "question": "最便宜的花茶多少钱一壶？", "relevant": ["tea:4"],'
        ' "must_say": ["八块"]}\n'
        '{"id": "silent", "question": "zygomorphic quaternion photolithography",'
        f' "answerable": false}}\n{more}',
        encoding="utf-8",
    )


def test_a_model_is_asked_and_judged(project: Path, run: Run, llm_server: Scripted) -> None:
    cases(project)
    sample = project / "judged.jsonl"
    labels = [(True, True), (True, True), (False, True), (False, False)]
    sample.write_text(
        "".join(
            json.dumps({"question": f"Sample {n}?", "answer": f"Answer {n}.",
                        "passages": "[tea:4] 王秀兰: …", "supported": one, "answers": two}) + "\n"
            for n, (one, two) in enumerate(labels)
        )
    )  # fmt: skip

    def model(body: dict[str, Any]) -> str:
        prompt = json.dumps(body["messages"], ensure_ascii=False)
        if "supported" not in prompt:
            return "花茶「最便宜的花茶八块钱一壶」[tea:4]，王秀兰说。"
        if "Sample 3" in prompt:
            return 'I think: {"supported": true, "answers": false, "reason": "…"}'
        if "Sample 2" in prompt:
            return '{"supported": false, "answers": true, "reason": "…"}'
        if "Sample 1" in prompt:
            return "I cannot tell."
        return '{"supported": true, "answers": true, "reason": "…"}'

    llm_server.reply_with(model)
    llm_server.models(["judge-1"])
    options = ("--answers", "--judge", "--judged", sample, "--model", "judge-1")
    found = json.loads(run("eval", "corpus", *options, "--json").out)
    assert found["model"] == "judge-1"
    results = {item["id"]: item for item in found["results"]}
    price = results["price"]
    assert price["measures"]["judged supported"] == 1
    assert price["measures"]["keys"] == price["measures"]["quote exact"] == 1
    assert price["answer"]["usage"]["completion_tokens"] > 0
    assert found["judge"]["n"] == 3
    assert found["judge"]["unreadable"] == 1
    assert found["judge"]["supported"] == {"kappa": 0.4, "agreed": 2}
    assert found["judge"]["answers"] == {"kappa": 1.0, "agreed": 3}
    text = run("eval", "corpus", *options).out
    assert (
        "judge judge-1 against people, judged.jsonl: supported κ 0.40 (2 of 3 alike),"
        " answers κ 1.00 (3 of 3 alike)" in text
    )
    assert "tokens: " in text


def test_a_model_that_fails_for_all_ends_it(project: Path, run: Run, llm_server: Scripted) -> None:
    cases(project)
    llm_server.require_key("another")
    found = run("eval", "corpus", "--answers", "--model", "m")
    assert (found.code, found.out) == (4, "")
    assert found.err.startswith("rag: ")


def test_a_question_that_the_model_fails_on_has_no_answer(
    project: Path, run: Run, llm_server: Scripted
) -> None:
    cases(project, '{"id": "open", "question": "茶馆每天几点开门？", "relevant": ["tea:2"]}\n')

    def model(body: dict[str, Any]) -> str | list[str]:
        prompt = json.dumps(body["messages"], ensure_ascii=False)
        return [] if "几点" in prompt.rpartition("</transcripts>")[2] else "八块 [tea:4]。"

    llm_server.reply_with(model)
    ran = run("eval", "corpus", "--answers", "--model", "m", "--json")
    found = json.loads(ran.out)
    assert ran.err.startswith("rag: open: ")
    assert ran.err.count("\n") == 1
    answers = {item["id"]: item["answer"] for item in found["results"]}
    assert answers["open"] is None
    assert answers["price"]["text"].startswith("八块")


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ('{"supported": true, "answers": false}', judging.Verdict(True, False)),
        ('```json\n{"supported": false,\n "answers": true}\n```', judging.Verdict(False, True)),
        ('{"supported": true} {"supported": true, "answers": true} {x}',
         judging.Verdict(True, True)),
        ('{"supported": "yes", "answers": true}', None),
        ("supported", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_judge_is_understood_or_not(reply: str, verdict: judging.Verdict | None) -> None:
    assert judging.understood(reply) == verdict


@pytest.mark.parametrize(
    "line",
    [
        '{"question": "q", "answer": "a", "passages": "p", "supported": true}',
        '{"question": "q", "answer": "a", "supported": true, "answers": true}',
    ],
)
def test_a_labelled_answer_that_lacks_something_is_named(
    tmp_path: Path, line: str, llm_server: Scripted
) -> None:
    path = tmp_path / "judged.jsonl"
    path.write_text(line)

    class Silent:
        model = "m"

        def check(self) -> None:
            pass

        def stream(self, messages: object) -> Any:
            raise AssertionError(f"asked {messages}")

    with pytest.raises(UsageError, match=r"judged\.jsonl:1: "):
        judging.agreement(path, Silent())
