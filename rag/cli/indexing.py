"""`rag index`: build an index, bring it up to date, or let it follow its folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.inputs import settings
from rag.cli.options import Encoder, Index, Json, Verbose
from rag.cli.terminal import complain, one_line_errors, progress_bar, say
from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.errors import RagError
    from rag.settings import Settings
    from rag.store import Report


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
        bool, typer.Option("--fresh", help="Forget files, folders and names given before.")
    ] = False,
    speakers: Annotated[
        Path | None,
        typer.Option("--speakers", help="TOML file that says whom labels such as SPEAKER_00 mean."),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            help="Processes that embed: a number, auto, or ray://host:port of a Ray cluster.",
            envvar="RAG_WORKERS",
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on after every change, until Ctrl-C.")
    ] = False,
    copy_to: Annotated[
        str | None,
        typer.Option(
            "--copy-to",
            metavar="STORE",
            help="Copy the index to a Milvus server (http://HOST:19530) or a file NAME.db instead.",
        ),
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Read transcripts and build or update an index of them."""
    with one_line_errors(verbose):
        from rag import pipeline, views
        from rag.paths import project

        chosen = settings(index=index, encoder=encoder, passage_tokens=tokens, workers=workers)
        if copy_to is not None:
            _copy(chosen, copy_to, bool(paths or fresh or speakers or watch), json)
            return
        sources = paths or pipeline.default_sources(chosen)
        if not paths and sources and project() is None:
            complain(f"no paths given: indexing the samples in {sources[0]}")
        if watch:
            from rag.pipeline.watching import follow

            try:
                follow(
                    sources,
                    chosen,
                    lambda what: _tell(what, chosen.index, json),
                    fresh=fresh,
                    speakers=speakers,
                )
            except KeyboardInterrupt:
                say("rag: not watching any more")
                return
        with progress_bar() as progress:
            report = pipeline.build(
                sources, chosen, fresh=fresh, speakers=speakers, progress=progress
            )
        _complain_of(report)
        print(views.to_json(report) if json else views.report(report, chosen.index))
        if report.changed and chosen.store:
            complain(f"{chosen.store} is asked, and unchanged: rag index --copy-to {chosen.store}")
        if report.problems:
            raise typer.Exit(1)


def _copy(chosen: Settings, address: str, more: bool, json: bool) -> None:
    """Copy the index as it stands to a server."""
    if more:
        raise UsageError("--copy-to copies an index as it is", "build first, then copy")
    from rag import pipeline, views

    with progress_bar() as progress:
        done = pipeline.copy_to(chosen, address, progress)
    if done.note:
        complain(done.note)
    print(views.to_json(done) if json else views.copied(done))


def _tell(what: Report | RagError, name: str, json: bool) -> None:
    """Say in one line what an update did; as JSON it goes to whoever reads stdout."""
    from rag import views
    from rag.store import Report

    if not isinstance(what, Report):
        complain(str(what))
        return
    _complain_of(what)
    if json:
        print(views.to_json(what), flush=True)
    else:
        say(views.report(what, name))


def _complain_of(report: Report) -> None:
    for line in (*report.problems, *report.notes, *report.warnings):
        complain(line)
