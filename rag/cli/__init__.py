"""The command `rag`: the only module that prints or exits.

stdout is the product, stderr the rest.
"""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import rag as package
from rag.cli.inputs import open_for_batch, open_index, print_batch, question_of, settings, shown
from rag.cli.options import Batch, Encoder, Index, Json, K, Question, Speakers, Transcripts, Verbose
from rag.cli.terminal import (
    complain,
    next_line,
    one_line_errors,
    progress_bar,
    prompt,
    say,
    utf8,
    write,
)
from rag.errors import safe

app = typer.Typer(
    help="Ask your transcripts, and check every word of the answer.",
    epilog=(
        "Exit codes: 0 answered, 1 refused or a check failed, 2 usage, 3 not ready (no index, model"
        " or key), 4 the language model failed, 130 interrupted."
    ),
    no_args_is_help=True,
    add_completion=False,
    # Plain help and errors: rich would cost time for `rag --help`, and wraps one-line errors.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; errors become one line on stderr and an exit code."""
    # A terminal set to Latin-1 must not make Chinese answers fail, nor a stray byte a question.
    utf8(sys.stdout, "backslashreplace")
    utf8(sys.stderr, "backslashreplace")
    if sys.stdin is not None and not sys.stdin.isatty():
        utf8(sys.stdin, "replace")
    app()


def _version(wanted: bool) -> None:
    if wanted:
        print(package.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Files and folders; default: those indexed before, or corpus/."),
    ] = None,
    index: Index = None,
    encoder: Encoder = None,
    tokens: Annotated[
        int | None, typer.Option("--passage-tokens", help="Budget of a passage in tokens.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget files and folders indexed before.")
    ] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Read transcripts and build or update an index of them."""
    with one_line_errors(verbose):
        from rag import pipeline, views
        from rag.paths import project

        chosen = settings(index=index, encoder=encoder, passage_tokens=tokens)
        with progress_bar() as progress:
            sources = paths or pipeline.default_sources(chosen)
            if not paths and sources and project() is None:
                complain(f"no paths given: indexing the samples in {sources[0]}")
            report = pipeline.build(sources, chosen, fresh=fresh, progress=progress)
        for line in (*report.problems, *report.warnings):
            complain(line)
        print(views.to_json(report) if json else views.report(report, chosen.index))
        if report.problems:
            raise typer.Exit(1)


@app.command()
def search(
    question: Question = None,
    batch: Batch = None,
    k: K = None,
    speaker: Speakers = None,
    transcript: Transcripts = None,
    index: Index = None,
    encoder: Encoder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the passages nearest to a question."""
    with one_line_errors(verbose):
        from rag import views

        who, where = speaker or (), transcript or ()
        if batch is not None:
            rag = open_for_batch(question, index=index, encoder=encoder, k=k)
            print_batch(
                batch,
                lambda asked: views.found(
                    rag.find(asked.question, speaker=who, transcript=where, history=asked.history)
                ),
            )
            return
        text = question_of(question)
        rag = open_index(index=index, encoder=encoder, k=k)
        found = rag.find(text, speaker=who, transcript=where)
        print(views.to_json(views.found(found)) if json else views.hits(found.hits, verbose))
        if not found.hits:
            raise typer.Exit(1)


@app.command()
def ask(
    question: Question = None,
    batch: Batch = None,
    k: K = None,
    speaker: Speakers = None,
    transcript: Transcripts = None,
    index: Index = None,
    encoder: Encoder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Answer a question from the transcripts, with citations, or say that they are silent."""
    with one_line_errors(verbose):
        from rag import views

        who, where = speaker or (), transcript or ()
        if batch is not None:
            rag = open_for_batch(question, index=index, encoder=encoder, k=k)
            print_batch(
                batch,
                lambda asked: views.answer(
                    rag.ask(asked.question, speaker=who, transcript=where, history=asked.history)
                ),
            )
            return
        text = question_of(question)
        rag = open_index(index=index, encoder=encoder, k=k)
        answer = rag.ask(text, speaker=who, transcript=where)
        print(views.to_json(views.answer(answer)) if json else safe(answer.text))
        if verbose:
            say(views.sources(answer))
        if answer.refused:
            raise typer.Exit(1)


@app.command()
def chat(
    index: Index = None, encoder: Encoder = None, k: K = None, verbose: Verbose = False
) -> None:
    """Converse about the transcripts; with input piped in, answer it line by line."""
    with one_line_errors(verbose):
        from rag.chat import chat as converse

        rag = open_index(index=index, encoder=encoder, k=k)
        interactive = sys.stdin is not None and sys.stdin.isatty()
        if interactive:
            # Line editing and history for `input`, where the platform has it.
            with contextlib.suppress(ImportError):
                import_module("readline")
            manifest = rag.store.manifest
            say(
                f"{manifest.transcripts} transcripts, {manifest.passages} passages in"
                f" {rag.settings.index!r}; answers are quoted, no model is used. /help, /quit"
            )
        converse(rag, prompt if interactive else next_line, write)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="A transcript file, or an address in the index.")],
    index: Index = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show a file as it is read, or the turns at an address."""
    with one_line_errors(verbose):
        from rag import views

        item = shown(what, index)
        print(views.to_json(views.transcript(item)) if json else views.turns(item))


@app.command()
def speakers(index: Index = None, json: Json = False, verbose: Verbose = False) -> None:
    """List who speaks how much, and in which transcripts."""
    with one_line_errors(verbose):
        from rag import views
        from rag.pipeline import index_folder
        from rag.store import Store

        rows = views.speakers(Store.open(index_folder(settings(index=index))).catalog.speakers())
        print(views.to_json({"speakers": rows}) if json else views.table(rows))


@app.command()
def doctor(
    index: Index = None, encoder: Encoder = None, json: Json = False, verbose: Verbose = False
) -> None:
    """Check the installation, the model and every file of the index."""
    with one_line_errors(verbose):
        from rag import health, views

        checks = health.examine(settings(index=index, encoder=encoder))
        print(views.to_json({"checks": checks}) if json else views.checks(checks))
        if not all(check.ok for check in checks):
            raise typer.Exit(3)
