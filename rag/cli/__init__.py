"""The command `rag`: the only module that prints or exits.

stdout is the product, stderr the rest.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import rag as package
from rag.cli import asking, chatting, converting, evaluating, fetching, indexing
from rag.cli import quote as quoting
from rag.cli.batch import planned, run_batch
from rag.cli.inputs import open_index, question_of, settings, shown
from rag.cli.options import (
    Batch,
    Encoder,
    Index,
    Jobs,
    Json,
    K,
    Out,
    Question,
    Speakers,
    Store,
    Transcripts,
    Verbose,
)
from rag.cli.terminal import (
    complain,
    one_line_errors,
    say,
    utf8,
)

app = typer.Typer(
    help="Ask your transcripts, and check every word of the answer.",
    epilog=(
        "Exit codes: 0 answered, 1 refused or a check failed, 2 usage, 3 not ready (no index, no"
        " encoder), 4 the language model has no key or failed, 130 interrupted."
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


app.command()(indexing.index)


@app.command()
def search(
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
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the passages nearest to a question."""
    with one_line_errors(verbose):
        from rag import views

        who, where = speaker or (), transcript or ()
        if (plan := planned(question, batch, jobs, out)) is not None:
            from rag.script import finding

            rag = open_index(index=index, store=store, encoder=encoder, k=k)
            raise typer.Exit(run_batch(plan, finding(rag, who, where)))
        text = question_of(question)
        rag = open_index(index=index, store=store, encoder=encoder, k=k)
        found = rag.find(text, speaker=who, transcript=where)
        print(views.to_json(views.found(found)) if json else views.hits(found.hits, verbose))
        if not found.hits:
            raise typer.Exit(1)


app.command()(asking.ask)
app.command()(chatting.chat)
app.command()(chatting.chats)
app.command()(quoting.quote)
app.command()(converting.convert)
app.command()(fetching.fetch)
app.command("eval")(evaluating.evaluate)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="A transcript file, or an address in the index.")],
    index: Index = None,
    store: Store = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show a file as it is read, or the turns at an address."""
    with one_line_errors(verbose):
        from rag import views

        item = shown(what, index, store)
        show = views.lines if Path(what).is_file() else views.turns
        for warning in () if json else item.warnings:
            complain(warning)
        print(views.to_json(views.transcript(item)) if json else show(item))


@app.command()
def speakers(
    index: Index = None, store: Store = None, json: Json = False, verbose: Verbose = False
) -> None:
    """List who speaks how much and where, and suggest who of them may be one person."""
    with one_line_errors(verbose):
        from rag import views
        from rag.pipeline import open_store

        catalog = open_store(settings(index=index, store=store)).catalog
        aliases = catalog.aliases()
        rows = views.speakers(catalog.speakers(), aliases)
        merges = views.suggestions(rows, aliases)
        if json:
            print(views.to_json({"speakers": rows, "suggestions": merges}))
            return
        print(views.table(rows))
        if merges:
            complain("these may be one person each; if so, put the line into speakers.toml:")
        for line in merges:
            say(line)


@app.command()
def doctor(
    index: Index = None,
    store: Store = None,
    encoder: Encoder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check the installation, the model and every file of the index."""
    with one_line_errors(verbose):
        from rag import health, views

        checks = health.examine(settings(index=index, store=store, encoder=encoder))
        print(views.to_json({"checks": checks}) if json else views.checks(checks))
        if not all(check.ok for check in checks):
            raise typer.Exit(3)
