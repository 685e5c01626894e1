"""The command `rag eval`: how good retrieval and answers are, and whether a change helped."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli import sweeping
from rag.cli.inputs import one_thread, settings
from rag.cli.options import Encoder, Index, Json, Model, Store, Verbose
from rag.cli.terminal import complain, one_line_errors, progress_bar
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.evaluate import Comparison, Plan, Run
    from rag.settings import Settings

_FEW = 8  # notes on stderr unless all are wanted

Cases = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[CASES]...",
        help="Files of cases (JSONL), BEIR folders, folders of transcripts with gold spans.",
    ),
]
Itself = Annotated[
    bool,
    typer.Option("--self", help="Ask the index, or folders, their own interviewers' questions."),
]
Depth = Annotated[
    int | None, typer.Option("-k", help="Passages that count for hit@k and recall@k (10).")
]
Save = Annotated[Path | None, typer.Option("--out", help="File to keep the run in, as JSON.")]
Against = Annotated[
    Path | None,
    typer.Option("--against", help="An earlier run; exit with 1 when this is significantly worse."),
]
Report = Annotated[
    Path | None, typer.Option("--report", help="HTML file to write: plots, and every miss.")
]
From = Annotated[
    Path | None, typer.Option("--from", help="Show a run that was kept instead of making one.")
]
Sweep = Annotated[
    list[str] | None,
    typer.Option(
        "--sweep",
        metavar="NAME=V1,V2…",
        help="Evaluate every combination of these values (repeatable).",
    ),
]
By = Annotated[
    str | None, typer.Option("--by", help="Measure to order a sweep by (mrr@10, or recall@k).")
]
Answers = Annotated[bool, typer.Option("--answers", help="Answer the questions, too.")]
Judge = Annotated[bool, typer.Option("--judge", help="Let the language model judge the answers.")]
Judged = Annotated[
    Path | None,
    typer.Option("--judged", help="Answers judged by people (JSONL), to measure the judge by."),
]
Legs = Annotated[str, typer.Option("--legs", help="fused, lexical or dense.")]
Limit = Annotated[
    int | None, typer.Option("--limit", help="At most so many questions a set, drawn at random.")
]
Cache = Annotated[
    Path | None, typer.Option("--cache", help="Folder to keep the indexes of the sets in.")
]
Within = Annotated[
    bool | None,
    typer.Option(
        "--within/--across",
        help="Whether questions with gold spans are asked inside their transcript.",
    ),
]


def evaluate(
    cases: Cases = None,
    itself: Itself = False,
    k: Depth = None,
    index: Index = None,
    store: Store = None,
    encoder: Encoder = None,
    tokens: Annotated[
        int | None,
        typer.Option(
            "--passage-tokens", help="Budget of a passage, where transcripts are indexed for it."
        ),
    ] = None,
    legs: Legs = "fused",
    within: Within = None,
    limit: Limit = None,
    answers: Answers = False,
    model: Model = None,
    judge: Judge = False,
    judged: Judged = None,
    out: Save = None,
    against: Against = None,
    report: Report = None,
    source: From = None,
    sweep: Sweep = None,
    by: By = None,
    cache: Cache = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Measure retrieval and answers on questions, and compare with an earlier run."""
    with one_line_errors(verbose):
        from rag import evaluate as door

        plan = door.Plan(
            cases=tuple(cases or ()),
            itself=itself,
            legs=legs,
            k=10 if k is None else k,
            limit=limit,
            answers=answers,
            judge=judge,
            judged=judged,
            cache=cache,
            within=within,
        )
        _check(plan, source, sweep, by, against, report)
        chosen = settings(
            index=index, store=store, encoder=encoder, passage_tokens=tokens, model=model
        )
        if sweep:
            sweeping.sweep(plan, chosen, sweep, by, out, json)
            return
        earlier = None if against is None else door.load(against)
        run = _run(plan, chosen, verbose) if source is None else door.load(source)
        if out is not None:
            door.save(run, out)
        found = [] if earlier is None else door.against(earlier, run)
        if report is not None:
            from rag.evaluate import reporting

            reporting.write(run, report, earlier, found)
        if json:
            _print_json(run, found)
        else:
            _print(plan, run, found, verbose)
        if door.lost(found):
            raise typer.Exit(1)


def _check(
    plan: Plan,
    source: Path | None,
    sweep: list[str] | None,
    by: str | None,
    against: Path | None,
    report: Path | None,
) -> None:
    """Complain about what does not go together."""
    if by is not None and not sweep:
        raise UsageError("--by without --sweep", "it orders a sweep")
    if sweep and (source or against or report):
        given = "--from" if source else "--against" if against else "--report"
        raise UsageError(
            f"--sweep with {given}", "evaluate the configuration that you chose for it"
        )
    if source is None:
        plan.check()
    elif plan.cases or plan.itself or plan.answers or plan.judge:
        hint = "leave out CASES, --self and --answers, or --from"
        raise UsageError(f"--from {source} and something to evaluate", hint)


def _run(plan: Plan, chosen: Settings, verbose: bool) -> Run:
    one_thread()
    from rag import evaluate as door
    from rag import llm

    model = llm.load(chosen, os.environ) if plan.answers else None
    with progress_bar() as progress:
        run = door.run(plan, chosen, model, progress)
    for suite in run.suites:
        notes = suite["notes"]
        assert isinstance(notes, list)  # as `rag.evaluate` describes a suite
        for note in notes if verbose else notes[:_FEW]:
            complain(note)
        if len(notes) > _FEW and not verbose:
            complain(f"{suite['name']}: and {len(notes) - _FEW} more such cases (-v names all)")
    return run


def _print(plan: Plan, run: Run, found: list[Comparison], verbose: bool) -> None:
    from rag import evaluate as door

    print(door.report(run, verbose))
    if plan.itself or verbose:
        print(f"\n{door.failures(run, verbose)}")
    if found:
        print(f"\n{door.comparisons(found, verbose)}")


def _print_json(run: Run, found: list[Comparison]) -> None:
    from dataclasses import asdict

    from rag import views

    compared = [
        {**asdict(item), "difference": item.difference, "verdict": item.verdict} for item in found
    ]
    print(views.to_json({**asdict(run), **({"against": compared} if found else {})}))
