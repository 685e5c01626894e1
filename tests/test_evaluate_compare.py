"""Two runs of the same questions, and what may be concluded from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.evaluate import Comparison, Result, Run, against, comparisons, load, lost, save
from rag.evaluate.runs import Place


def result(number: int, **measures: float) -> Result:
    return Result(
        suite="set",
        id=f"q{number}",
        question=f"question {number}?",
        kind="direct",
        language="en",
        answerable=True,
        relevant=("tea:2",),
        ranking=(Place("tea:1-2", 1.5, 0.5, 1.0, relevant=True),),
        measures={name.replace("_", "@"): value for name, value in measures.items()},
        history=("before?",),
        texts={"tea:2": "王秀兰：我们五点开门"},
    )


def run_of(results: Sequence[Result]) -> Run:
    return Run(
        version="1", date="2026-11-21", legs="fused", k=10, settings={"k": 8}, encoder="fake",
        suites=({"name": "set", "notes": [], "skipped": {}},), results=tuple(results),
    )  # fmt: skip


def hits(right: str) -> Run:
    """A run in which the questions marked with x are answered at rank 1, the others at rank 2."""
    return run_of(
        [
            result(n, hit_1=float(mark == "x"), mrr_10=1.0 if mark == "x" else 0.5)
            for n, mark in enumerate(right)
        ]
    )


def by_name(found: Sequence[Comparison]) -> dict[str, Comparison]:
    return {item.measure: item for item in found}


def test_a_run_comes_back_from_its_file(tmp_path: Path) -> None:
    run = hits("x-x")
    save(run, tmp_path / "run.json")
    assert load(tmp_path / "run.json") == run
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_fields_that_a_later_version_adds_are_left_out(tmp_path: Path) -> None:
    save(hits("x"), tmp_path / "run.json")
    value = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    value["later"] = value["results"][0]["later"] = 1
    (tmp_path / "run.json").write_text(json.dumps(value))
    assert load(tmp_path / "run.json") == hits("x")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1}', "\ud800"])
def test_what_is_no_run_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(UsageError, match=r"run\.json: not a run"):
        load(tmp_path / "run.json")
    with pytest.raises(UsageError, match=r"none\.json: No such file"):
        load(tmp_path / "none.json")


def test_a_run_like_itself_is_the_same() -> None:
    found = against(hits("xx-x"), hits("xx-x"))
    assert [item.measure for item in found] == ["hit@1", "mrr@10"]
    for item in found:
        assert (item.verdict, item.difference, item.p) == ("same", 0.0, 1.0)
        assert (item.low, item.high, item.wins, item.losses) == (0.0, 0.0, (), ())
    assert not lost(found)


def test_a_loss_that_is_no_chance_is_called_one() -> None:
    found = against(hits("x" * 40), hits("x" * 30 + "-" * 10))
    hit = by_name(found)["hit@1"]
    assert (hit.test, hit.p) == ("McNemar", 2 / 2**10)
    assert (hit.verdict, hit.difference) == ("worse", -0.25)
    assert hit.low < -0.25 < hit.high < 0
    assert hit.losses == tuple(f"set/q{n}" for n in range(30, 40))
    assert by_name(found)["mrr@10"].test == "randomization"
    assert lost(found)


def test_a_win_is_no_loss() -> None:
    found = against(hits("x" * 30 + "-" * 10), hits("x" * 40))
    assert {item.verdict for item in found} == {"better"}
    assert not lost(found)


def test_a_loss_that_may_be_chance_is_not_called_one() -> None:
    found = against(hits("x" * 40), hits("x" * 36 + "-" * 4))
    assert by_name(found)["hit@1"].p == 0.125
    assert not lost(found)


def test_several_measures_need_more_evidence() -> None:
    # McNemar's p is 1/32 for each of three measures alone.
    before = run_of([result(n, hit_1=1.0, hit_5=1.0, hit_10=1.0) for n in range(6)])
    after = run_of([result(n, hit_1=0.0, hit_5=0.0, hit_10=0.0) for n in range(6)])
    found = against(before, after)
    assert {item.p for item in found} == {0.03125}
    assert {item.adjusted for item in found} == {0.09375}
    assert not lost(found)


def test_what_did_not_change_is_no_further_test() -> None:
    before = run_of([result(n, hit_1=1.0, hit_5=1.0, hit_10=1.0) for n in range(6)])
    after = run_of([result(n, hit_1=0.0, hit_5=1.0, hit_10=1.0) for n in range(6)])
    hit, *others = against(before, after)
    assert (hit.p, hit.adjusted, hit.verdict) == (0.03125, 0.03125, "worse")
    assert [(item.adjusted, item.verdict) for item in others] == [(1.0, "same")] * 2


def test_fewer_false_refusals_are_better() -> None:
    before = run_of([replace(result(n), measures={"false refusals": 1.0}) for n in range(20)])
    after = run_of([replace(result(n), measures={"false refusals": 0.0}) for n in range(20)])
    assert [item.verdict for item in against(before, after)] == ["better"]
    assert [item.verdict for item in against(after, before)] == ["worse"]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (hits("xx"), r"only in the earlier run: set/q2"),
        (hits("xxxx"), r"only in this run: set/q3"),
        (run_of([*hits("xx").results, replace(hits("xxx").results[2], question="other?")]),
         r"asked otherwise: set/q2"),
        (run_of([*hits("xx").results, replace(hits("xxx").results[2], measures={})]),
         r"judged in one run only: set/q2"),
    ],
)  # fmt: skip
def test_runs_over_different_questions_are_not_compared(after: Run, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        against(hits("xxx"), after)


def test_many_different_questions_are_counted() -> None:
    with pytest.raises(UsageError, match=r"set/q4 and 15 more"):
        against(run_of([]), hits("x" * 20))


def test_the_table_says_what_changed() -> None:
    found = against(hits("x" * 40), hits("x" * 30 + "-" * 10))
    head, hit, _ = comparisons(found).split("\n")
    assert head.split() == [
        "n", "before", "after", "difference", "won", "lost", "p", "p", "(Holm)",
    ]  # fmt: skip
    assert hit.split()[:4] == ["hit@1", "40", "100.0", "75.0"]
    assert hit.endswith("worse")
    assert "hit@1 lost: set/q33" in comparisons(found, verbose=True).split("\n")
