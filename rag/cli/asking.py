"""The command `rag ask`: one question, or a file of them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from rag.cli import editing
from rag.cli.batch import planned, run_batch
from rag.cli.inputs import open_index, question_of
from rag.cli.options import (
    Batch,
    Encoder,
    Index,
    Jobs,
    Json,
    K,
    Model,
    Out,
    Question,
    Speakers,
    Store,
    Strict,
    Transcripts,
    Verbose,
)
from rag.cli.terminal import complain, one_line_errors, say, write
from rag.errors import ModelFailed, safe

if TYPE_CHECKING:
    from rag.answer import Reply
    from rag.pipeline import Rag
    from rag.types import Answer


def ask(
    question: Question = None,
    batch: Batch = None,
    jobs: Jobs = None,
    out: Out = None,
    k: K = None,
    speaker: Speakers = None,
    transcript: Transcripts = None,
    index: Index = None,
    store: Store = None,
    encoder: Encoder = None,
    model: Model = None,
    strict: Strict = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Answer a question from the transcripts, with citations, or say that they are silent."""
    with one_line_errors(verbose):
        who, where = speaker or (), transcript or ()
        plan = planned(question, batch, jobs, out, strict)
        text = "" if plan else question_of(question)
        rag = open_index(index=index, store=store, encoder=encoder, k=k, model=model)
        if plan is not None:
            from rag.script import asking

            complain(mode(rag))
            raise typer.Exit(run_batch(plan, asking(rag, who, where)))
        reply = rag.stream(text, speaker=who, transcript=where)
        complain(mode(rag))
        answer = _answered(reply, json)
        _comment(answer, verbose)
        if answer.refused or (strict and answer.findings):
            raise typer.Exit(1)


def mode(rag: Rag) -> str:
    """Say who answers, so that nobody takes one for the other."""
    if rag.model is None:
        return "answers are quoted, no model is used"
    return f"model {rag.model.model} answers"


def _answered(reply: Reply, json: bool) -> Answer:
    """Print an answer as it comes, or as JSON when it is there; what came stays either way."""
    from rag import views

    show = _silent if json else _screen()
    try:
        for text in reply:
            show(safe(text))
    except ModelFailed:
        if json and reply.answer is not None:
            print(views.to_json(views.answer(reply.answer)))
        elif reply.answer is not None:
            show("\n")
        raise
    assert reply.answer is not None  # the iteration came to its end
    show("\n")
    if json:
        print(views.to_json(views.answer(reply.answer)))
    return reply.answer


def _silent(_: str) -> None:
    pass


def _screen() -> editing.Write:
    """Colours for a person at a terminal, else plain text."""
    coloured = sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return editing.colours() if coloured and not editing.is_dumb() else write


def _comment(answer: Answer, verbose: bool) -> None:
    """Say on stderr what the check found, and on demand where everything comes from."""
    if answer.model:
        from rag.conversations import remarks

        for line in remarks(answer):
            complain(line)
    if verbose:
        from rag import views

        say(views.sources(answer))
