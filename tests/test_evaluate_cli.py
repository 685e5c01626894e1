"""`rag eval`: what is printed, what is kept, and the exit code that a pipeline goes by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from samples import Run, is_one_line

CASES = [
    {"id": "open", "question": "茶馆每天早上几点开门？", "relevant": ["tea:2"], "kind": "direct"},
    {"id": "price", "question": "最便宜的茶多少钱一壶？", "relevant": ["八块钱一壶"],
     "kind": "direct"},
    {"id": "wood", "question": "Which wood is the bridge of a violin?", "relevant": ["violin:4"],
     "kind": "direct"},
    {"id": "weeks", "question": "How long does a violin take?", "relevant": ["violin:2"],
     "kind": "paraphrased"},
    {"id": "silent", "question": "zygomorphic quaternion photolithography", "answerable": False,
     "kind": "unanswerable"},
]  # fmt: skip


@pytest.fixture
def cases(indexed: Path) -> Path:
    path = indexed / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(case)}\n" for case in CASES), encoding="utf-8")
    return path


def test_a_table_of_measures_by_slice(cases: Path, run: Run) -> None:
    found = run("eval", cases)
    assert (found.code, found.err) == (0, "")
    head, columns, *rows = found.out.split("\n")
    assert head.startswith("5 questions; legs fused; ")
    assert "2 transcripts, 6 passages" in head
    assert columns.split()[:4] == ["n", "hit@1", "hit@5", "hit@10"]
    assert rows[0].split()[:3] == ["all", "4", "100.0"]
    assert any(
        row.split()[:5] == ["n", "refusal", "precision", "refusal", "recall"] for row in rows
    )
    assert {"language zh", "language en", "kind direct", "transcript tea"} <= {
        " ".join(row.split()[:2]) for row in rows
    }


def test_a_run_is_kept_whole(cases: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    assert run("eval", cases, "--out", out).code == 0
    kept = json.loads(out.read_text(encoding="utf-8"))
    assert {"version", "date", "settings", "encoder", "legs", "k"} <= set(kept)
    (suite,) = kept["suites"]
    assert len(suite["corpus"]) == 32
    price = next(item for item in kept["results"] if item["id"] == "price")
    assert price["relevant"] == ["tea:4"]
    first = price["ranking"][0]
    assert (first["address"], first["relevant"]) == ("tea:3-4", True)
    assert {"score", "dense", "lexical"} <= set(first)
    assert price["measures"]["mrr@10"] == 1
    assert (
        json.loads(run("eval", cases, "--json").out)["results"][1]["measures"]
        == (price["measures"])
    )


def test_the_same_again_is_no_loss(cases: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    run("eval", cases, "--out", out)
    found = run("eval", cases, "--against", out)
    assert (found.code, found.err) == (0, "")
    (line,) = (line for line in found.out.split("\n") if line.startswith("hit@1 "))
    assert line.split() == [
        "hit@1", "4", "100.0", "100.0", "+0.0", "(+0.0", "to", "+0.0)", "0", "0", "1.0000",
        "1.0000", "same",
    ]  # fmt: skip


def test_a_significant_loss_fails(cases: Path, run: Run, tmp_path: Path) -> None:
    asked = [{"id": str(n), "question": "茶馆每天早上几点开门？", "relevant": ["tea:2"]}
             for n in range(30)]  # fmt: skip
    cases.write_text("".join(f"{json.dumps(case)}\n" for case in asked))
    out = tmp_path / "run.json"
    assert run("eval", cases, "--out", out).code == 0
    text = out.read_text(encoding="utf-8")
    # The same questions about turns that do not answer them: all is lost.
    cases.write_text(cases.read_text().replace("tea:2", "violin:6"))
    found = run("eval", cases, "--against", out, "-v")
    assert found.code == 1
    assert "worse" in found.out
    assert "hit@1 lost: project/0" in found.out
    assert out.read_text(encoding="utf-8") == text
    compared = json.loads(run("eval", cases, "--against", out, "--json").out)["against"]
    assert compared[0]["measure"] == "hit@1"
    assert compared[0]["verdict"] == "worse"
    assert len(compared[0]["losses"]) == 30


def test_other_questions_cannot_be_compared(cases: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    run("eval", cases, "--out", out, "--limit", "3")
    found = run("eval", cases, "--against", out)
    assert found.code == 2
    assert "the two runs are over different questions: only in this run: project/" in found.err
    assert is_one_line(found.err)


def test_what_the_index_lacks_is_named(cases: Path, run: Run) -> None:
    with cases.open("a") as file:
        file.write('{"id": "gone", "question": "咖啡呢？", "relevant": ["coffee:3"]}\n')
    found = run("eval", cases)
    assert found.code == 0
    assert found.err == f"rag: {cases}:6: not in the index: coffee:3\n"
    assert "1 questions without a gold turn are not ranked" in found.out


def test_several_sets_are_slices_of_one_run(cases: Path, run: Run) -> None:
    other = cases.with_name("other.jsonl")
    other.write_text(cases.read_text().replace("direct", "other"))
    found = run("eval", cases, other)
    assert "10 questions" in found.out
    assert "suite project" in found.out
    assert "suite other" in found.out
    mean = next(line for line in found.out.split("\n") if line.startswith("mean of the sets"))
    assert mean.split()[4] == "100.0"
    again = run("eval", cases, cases)
    assert "suite project 2" in again.out


def test_one_leg_at_a_time(cases: Path, run: Run) -> None:
    for leg in ("lexical", "dense"):
        found = json.loads(run("eval", cases, "--legs", leg, "--json").out)
        assert found["legs"] == leg
        first = found["results"][0]["ranking"][0]
        assert first["score"] == first[leg]
        assert found["results"][0]["confidence"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to evaluate"),
        (("cases.jsonl", "--legs", "middle"), "--legs is 'middle'"),
        (("cases.jsonl", "-k", "0"), "k is 0"),
        (("cases.jsonl", "--limit", "0"), "--limit is 0"),
        (("cases.jsonl", "--judge"), "--judge without --answers"),
        (("cases.jsonl", "--answers", "--judge"), "--judge without a language model"),
        (("cases.jsonl", "--judged", "x"), "--judged without --judge"),
        (("cases.jsonl", "--answers", "--legs", "dense"), "--answers with --legs dense"),
        (("none.jsonl",), "none.jsonl: no such file or folder"),
        (("cases.jsonl", "--against", "none.json"), "none.json: No such file"),
        (("cases.jsonl", "--out", "no/where/run.json"), "no/where/run.json: No such file"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    cases: Path, run: Run, arguments: tuple[str, ...], said: str
) -> None:
    found = run("eval", *arguments)
    assert (found.code, found.out) == (2, "")
    assert is_one_line(found.err)
    assert said in found.err


def test_without_an_index_the_way_to_one_is_named(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.jsonl").write_text('{"question": "q", "relevant": ["a:1"]}\n')
    found = run("eval", "c.jsonl")
    assert found.code == 3
    assert "rag index" in found.err


def test_names_that_steer_a_terminal_are_shown_bare(cases: Path, run: Run) -> None:
    case = {"id": "\x1b[2Jx", "question": "咖啡\x1b[31m？", "relevant": ["tea:2"],
            "kind": "\x1b]0;k"}  # fmt: skip
    with cases.open("a") as file:
        file.write(json.dumps(case) + "\n")
    found = run("eval", cases, "-v", "-k", "1")
    assert "\x1b" not in found.out + found.err
    assert "咖啡" in found.out
