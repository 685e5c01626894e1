"""Sweeps: which configurations are run, what they share, and which of them nothing beats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import Run as Command
from samples import is_one_line

from rag.errors import UsageError
from rag.evaluate import Plan, building, sweeps, sweeptable
from rag.evaluate.sweeps import Configuration, Outcome
from rag.settings import Settings

PLAN = Plan(cases=(Path("folder"),))
CASES = [
    {"id": "open", "question": "茶馆每天早上几点开门？", "relevant": ["tea:2"]},
    {"id": "wood", "question": "Which wood is the bridge of a violin?", "relevant": ["violin:4"]},
    {"id": "silent", "question": "zygomorphic quaternion", "answerable": False},
]


@pytest.fixture
def cases(corpus: Path, project: Path) -> Path:
    """Transcripts with cases among them, to be indexed for the purpose."""
    text = "".join(f"{json.dumps(case)}\n" for case in CASES)
    (corpus / "cases.jsonl").write_text(text, encoding="utf-8")
    return corpus


def test_every_combination_is_a_configuration() -> None:
    swept = sweeps.read(["k=1,5", "dense-weight=0, 2.5", "legs=fused"])
    assert swept == {"k": (1, 5), "dense_weight": (0.0, 2.5), "legs": ("fused",)}
    found = sweeps.configurations(PLAN, Settings(refuse_below=0.3), swept)
    assert [str(one) for one in found] == [
        "k=1 dense_weight=0.0 legs=fused", "k=1 dense_weight=2.5 legs=fused",
        "k=5 dense_weight=0.0 legs=fused", "k=5 dense_weight=2.5 legs=fused",
    ]  # fmt: skip
    last = found[-1]
    assert (last.plan.k, last.settings.k, last.settings.dense_weight) == (5, 5, 2.5)
    assert last.settings.refuse_below == 0.3
    assert sweeps.read(["k=3,3,3"]) == {"k": (3,)}


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        (["kk=1"], "nothing is called 'kk'"),
        (["index=a,b"], "nothing is called 'index'"),
        (["k"], "a value is missing"),
        (["k=1,,2"], "a value is missing"),
        (["k=1,x"], "'x' is not a whole number"),
        (["dense_weight=1,x"], "'x' is not a number"),
        (["k=1", "k=2"], "k again"),
        (["k=0"], "k is 0"),
        (["legs=fused,middle"], "--legs is 'middle'"),
        (["refuse_below=2"], "refuse_below is 2"),
        ([f"k={','.join(map(str, range(1, 12)))}", f"dense_weight={','.join(map(str, range(10)))}"],
         "11 × 10 = 110 configurations, more than 100"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_said(specs: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        sweeps.configurations(PLAN, Settings(), sweeps.read(specs))


@pytest.mark.parametrize("name", ["passage_tokens", "encoder"])
@pytest.mark.parametrize("plan", [Plan(itself=True), Plan(cases=(Path(__file__),))])
def test_the_users_own_index_is_not_rebuilt(plan: Plan, name: str) -> None:
    with pytest.raises(UsageError, match="asked of an index that is there already"):
        sweeps.configurations(plan, Settings(), sweeps.read([f"{name}=100"]))
    assert sweeps.configurations(plan, Settings(), sweeps.read(["k=1,2"]))


def outcome(
    value: float, cpu: float = 1.0, size: int = 100, swept: str = "dense_weight", **others: float
) -> Outcome:
    """A configuration with one set of two questions that have the same value."""
    measures = {"mrr@10": value, **{name.replace("_", " "): v for name, v in others.items()}}
    keys = [("set", "1"), ("set", "2")]
    values = {name: dict.fromkeys(keys, v) for name, v in measures.items()}
    configuration = Configuration({swept: value}, PLAN, Settings())
    return Outcome(configuration, values, cpu, size, 0.5)


@pytest.mark.parametrize(
    ("found", "on"),
    [
        ([outcome(0.9), outcome(0.8)], [True, False]),
        ([outcome(0.9, 2), outcome(0.8, 1)], [True, True]),
        ([outcome(0.9, 1.2), outcome(0.8, 1)], [True, False]),  # no cheaper than chance makes it
        ([outcome(0.9, 1, 200), outcome(0.8, 1, 100)], [True, True]),
        ([outcome(0.9), outcome(0.9)], [True, True]),
        ([outcome(0.9, 2), outcome(0.9, 1)], [False, True]),
        (
            [outcome(0.9, false_refusals=0.1), outcome(0.9, false_refusals=0.2)],
            [True, True],  # thresholds were not swept
        ),
        (
            [outcome(0.9, swept="refuse_below", refusal_recall=0.5, false_refusals=0.1),
             outcome(0.9, swept="refuse_below", refusal_recall=0.5, false_refusals=0.2),
             outcome(0.9, swept="refuse_below", refusal_recall=0.9, false_refusals=0.3)],
            [True, False, True],
        ),
    ],
)  # fmt: skip
def test_the_front_is_what_nothing_beats(found: list[Outcome], on: list[bool]) -> None:
    assert sweeptable.front(found, "mrr@10") == on


@given(
    st.lists(
        st.builds(outcome, st.sampled_from([0.1, 0.5, 0.9]), st.floats(0.1, 10),
                  st.integers(1, 3)),
        min_size=1,
    )
)  # fmt: skip
def test_there_always_is_a_front_with_the_best_on_it(found: list[Outcome]) -> None:
    on = sweeptable.front(found, "mrr@10")
    top = max(one.measures["mrr@10"]["set", "1"] for one in found)
    assert any(flag and one.measures["mrr@10"]["set", "1"] == top
               for one, flag in zip(found, on, strict=True))  # fmt: skip


def test_sets_count_the_same_however_many_their_questions() -> None:
    keys = {("small", "1"): 1.0, **{("large", str(n)): 0.0 for n in range(9)}}
    one = Outcome(Configuration({"k": 1}, PLAN, Settings()), {"mrr@10": keys}, 1, 1, 1)
    assert one.by_set("mrr@10") == {"small": 1.0, "large": 0.0}
    assert one.mean_of_sets("mrr@10") == 0.5
    head = sweeptable.table([one], "mrr@10").split("\n")[1]
    assert head.split()[:4] == ["k", "mrr@10", "small", "large"]


def test_the_measure_to_order_by() -> None:
    assert sweeptable.measure_of([outcome(0.5)], None) == "mrr@10"
    assert sweeptable.measure_of([outcome(0.5, refusal_recall=0)], "refusal recall")
    with pytest.raises(UsageError, match="measured: mrr@10"):
        sweeptable.measure_of([outcome(0.5)], "hit@7")


def test_only_ranking_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.process_time", lambda: now)
    passed: list[tuple[str, int, int]] = []
    clock = sweeps._Clock(lambda *step: passed.append(step))
    steps = [("indexing", 0, 1, 7.0), ("ranking a", 0, 4, 100.0), ("ranking a", 1, 4, 0.001),
             ("ranking a", 2, 4, 0.002), ("ranking a", 3, 4, 0.009), ("ranking a", 4, 4, 50.0),
             ("ranking b", 0, 1, 0.003), ("ranking b", 1, 1, 9.0)]  # fmt: skip
    for what, done, total, takes in steps:
        clock(what, done, total)
        now += takes
    assert len(passed) == len(steps)
    assert clock.median() == pytest.approx(2.0)  # of 1, 2, 9 and 3; the first question aside


def test_a_sweep_is_a_table_with_what_it_costs(
    cases: Path, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.process_time", lambda: 0.0)
    found = run("eval", cases, "--sweep", "k=1,2", "--sweep", "refuse_below=0,1")
    assert found.code == 0
    assert found.err.split("\n")[0].startswith("rag: 1 of 4: k=1 refuse_below=0.0 (")
    title, head, *rows, foot = found.out.rstrip("\n").split("\n")
    assert title == "4 configurations, by recall@k; per cent with 95 % intervals"
    assert head.split()[:4] == ["k", "refuse_below", "hit@1", "hit@5"]
    assert head.endswith("recall@k to the best  CPU ms  index MB")
    assert len(rows) == 4
    assert [row.split()[:4] for row in rows if " 0.0 " in row[:24]] == [
        ["*", "1", "0.0", "100.0"], ["*", "2", "0.0", "100.0"],
    ]  # fmt: skip
    assert foot.startswith("* on the Pareto front")


def test_indexes_are_built_once_each(
    cases: Path, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built = []
    make = building.from_files

    def counted(place: Path, *arguments: Any, **named: Any) -> None:
        built.append(named["chosen"].passage_tokens)
        make(place, *arguments, **named)

    monkeypatch.setattr(building, "from_files", counted)
    kept, out = tmp_path / "kept", tmp_path / "sweep.json"
    specs = ("passage_tokens=50,400", "legs=fused,dense", "dense_weight=1,2")
    swept = [argument for spec in specs for argument in ("--sweep", spec)]
    command = ("eval", cases, *swept, "--json", "--out", out)
    found = run(*command)
    assert found.code == 0
    assert built == [50, 400]
    made = json.loads(found.out)
    assert json.loads(out.read_text(encoding="utf-8")) == made
    assert (made["by"], made["swept"]) == ("mrr@10", ["passage_tokens", "legs", "dense_weight"])
    small, large = made["configurations"][0], made["configurations"][-1]
    assert small["values"] == {"passage_tokens": 50, "legs": "fused", "dense_weight": 1.0}
    assert small["index_bytes"] > large["index_bytes"] > 1000
    assert small["measures"]["hit@1"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "n": 2}
    assert {"cpu_ms", "seconds", "front", "to_best", "sets"} <= set(small)
    run(*command, "--cache", kept)
    run(*command, "--cache", kept)
    assert built == [50, 400, 50, 400]  # kept for the next sweep


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sweep", "k=1", "--against", "x.json"), "--sweep with --against"),
        (("--sweep", "k=1", "--report", "x.html"), "--sweep with --report"),
        (("--sweep", "k=1", "--from", "x.json"), "--sweep with --from"),
        (("--by", "hit@1"), "--by without --sweep"),
        (("--sweep", "k=x"), "'x' is not a whole number"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    cases: Path, run: Command, arguments: tuple[str, ...], said: str
) -> None:
    found = run("eval", cases, *arguments)
    assert (found.code, found.out) == (2, "")
    assert is_one_line(found.err)
    assert said in found.err
