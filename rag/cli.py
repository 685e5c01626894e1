"""The command `rag`: the only module that prints or exits.

stdout is the product, stderr the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import rag as package
from rag.errors import RagError, UsageError
from rag.types import Address

if TYPE_CHECKING:
    from rag.pipeline import Rag
    from rag.settings import Settings, Value
    from rag.store import Progress
    from rag.types import Transcript

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

Index = Annotated[
    str | None,
    typer.Option("-i", "--index", help="Name of the index, or a path to one.", envvar="RAG_INDEX"),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder", help="builtin, or a sentence-transformers model.", envvar="RAG_ENCODER"
    ),
]
K = Annotated[int | None, typer.Option("-k", help="How many passages to draw on.", envvar="RAG_K")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Show scores, timings, and full errors.")
]
Speakers = Annotated[
    list[str] | None, typer.Option("--speaker", help="Only what this person says (repeatable).")
]
Transcripts = Annotated[
    list[str] | None, typer.Option("--transcript", help="Only this transcript (repeatable).")
]
Question = Annotated[list[str], typer.Argument(help="The question; - reads it from stdin.")]


def main() -> None:
    """Run the command line; errors become one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal set to Latin-1 must not make Chinese answers fail.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    app()


@contextmanager
def _one_line_errors(verbose: bool) -> Iterator[None]:
    try:
        yield
    except RagError as error:
        if verbose:
            import traceback

            traceback.print_exc()
        _say(f"rag: {error}")
        raise typer.Exit(error.exit_code) from None


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
    with _one_line_errors(verbose):
        from rag import pipeline, views

        chosen = _settings(index=index, encoder=encoder, passage_tokens=tokens)
        with _progress() as progress:
            report = pipeline.build(
                paths or pipeline.default_sources(chosen), chosen, fresh=fresh, progress=progress
            )
        for line in (*report.problems, *report.warnings):
            _say(f"rag: {line}")
        print(views.to_json(report) if json else views.report(report, chosen.index))
        if report.problems:
            raise typer.Exit(1)


@app.command()
def search(
    question: Question,
    k: K = None,
    speaker: Speakers = None,
    transcript: Transcripts = None,
    index: Index = None,
    encoder: Encoder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the passages nearest to a question."""
    with _one_line_errors(verbose):
        from rag import views

        text = _read(question)
        rag = _open(index=index, encoder=encoder, k=k)
        found = rag.find(text, speaker=speaker or (), transcript=transcript or ())
        print(views.to_json(views.found(found)) if json else views.hits(found.hits, verbose))
        if not found.hits:
            raise typer.Exit(1)


@app.command()
def ask(
    question: Question,
    k: K = None,
    speaker: Speakers = None,
    transcript: Transcripts = None,
    index: Index = None,
    encoder: Encoder = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Answer a question from the transcripts, with citations, or say that they are silent."""
    with _one_line_errors(verbose):
        from rag import views

        text = _read(question)
        rag = _open(index=index, encoder=encoder, k=k)
        answer = rag.ask(text, speaker=speaker or (), transcript=transcript or ())
        print(views.to_json(views.answer(answer)) if json else answer.text)
        if verbose:
            _say(views.sources(answer))
        if answer.refused:
            raise typer.Exit(1)


@app.command()
def chat(
    index: Index = None, encoder: Encoder = None, k: K = None, verbose: Verbose = False
) -> None:
    """Converse about the transcripts; with input piped in, answer it line by line."""
    with _one_line_errors(verbose):
        from rag.chat import chat as converse

        rag = _open(index=index, encoder=encoder, k=k)
        interactive = sys.stdin.isatty()
        if interactive:
            # Line editing and history for `input`, where the platform has it.
            with suppress(ImportError):
                import_module("readline")
            manifest = rag.store.manifest
            _say(
                f"{manifest.transcripts} transcripts, {manifest.passages} passages in"
                f" {rag.settings.index!r}; answers are quoted, no model is used. /help, /quit"
            )
        converse(rag, _prompt if interactive else _line, _write)


@app.command()
def show(
    what: Annotated[str, typer.Argument(help="A transcript file, or an address in the index.")],
    index: Index = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show a file as it is read, or the turns at an address."""
    with _one_line_errors(verbose):
        from rag import views

        item = _shown(what, index)
        print(views.to_json(views.transcript(item)) if json else views.turns(item))


@app.command()
def speakers(index: Index = None, json: Json = False, verbose: Verbose = False) -> None:
    """List who speaks how much, and in which transcripts."""
    with _one_line_errors(verbose):
        from rag import views
        from rag.pipeline import index_folder
        from rag.store import Store

        rows = views.speakers(Store.open(index_folder(_settings(index=index))).catalog.speakers())
        print(views.to_json({"speakers": rows}) if json else views.table(rows))


@app.command()
def doctor(
    index: Index = None, encoder: Encoder = None, json: Json = False, verbose: Verbose = False
) -> None:
    """Check the installation, the model and every file of the index."""
    with _one_line_errors(verbose):
        from rag import health, views

        checks = health.examine(_settings(index=index, encoder=encoder))
        print(views.to_json({"checks": checks}) if json else views.checks(checks))
        if not all(check.ok for check in checks):
            raise typer.Exit(3)


def _shown(what: str, index: str | None) -> Transcript:
    """A file that exists is read; anything else is an address in the index."""
    from rag import transcripts, views
    from rag.pipeline import index_folder
    from rag.store import Store

    if Path(what).is_file():
        return transcripts.read(what)
    try:
        Address.parse(what)
    except UsageError as error:
        raise UsageError(f"{what}: no such file, and not an address", error.hint) from None
    return views.at(Store.open(index_folder(_settings(index=index))), what)


def _settings(**flags: Value | None) -> Settings:
    from rag.pipeline import configured

    return configured(flags)


def _open(**flags: Value | None) -> Rag:
    from rag.pipeline import Rag

    return Rag.open(chosen=_settings(**flags))


def _read(words: list[str]) -> str:
    """Join the words of a question, or read it from stdin when it is `-`."""
    text = " ".join(words)
    if text == "-":
        text = sys.stdin.read()
    if not text.strip():
        raise UsageError("the question is blank", 'ask something: rag ask "…"')
    from rag.retrieve import LONGEST_QUESTION

    if len(text) > LONGEST_QUESTION:
        _say(f"rag: of {len(text)} characters only the first {LONGEST_QUESTION} are used")
    return text


def _prompt() -> str | None:
    try:
        return input("> ")
    except EOFError:
        return None
    except KeyboardInterrupt:
        print()
        return ""


def _line() -> str | None:
    line = sys.stdin.readline()
    return line if line else None


def _write(text: str) -> None:
    print(text, end="\n\n", flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a progress bar on a terminal's stderr; elsewhere nothing."""
    if not sys.stderr.isatty():
        from rag.store import silent

        yield silent
        return
    from rich.console import Console
    from rich import progress

    with progress.Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, progress.TaskID] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield advance
