"""`rag fetch`: pages and subtitle files of the web, kept as files that can be indexed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rag.cli.options import Verbose
from rag.cli.terminal import complain, one_line_errors
from rag.errors import UsageError


def fetch(
    urls: Annotated[list[str], typer.Argument(help="http(s) addresses of pages or files.")],
    to: Annotated[Path, typer.Option("--to", help="Folder to keep them in.")],
    verbose: Verbose = False,
) -> None:
    """Fetch pages or subtitle files into a folder, each with its source noted beside it.

    Addresses inside a private network are refused.
    """
    with one_line_errors(verbose):
        from rag.transcripts import fetched, web

        failed = 0
        for url in urls:
            try:
                if not web.is_url(url):
                    raise UsageError(f"{url}: no http(s) address", "begin it with https://")
                print(fetched.save(web.fetch(url), to))
            except UsageError as error:
                # The others are fetched all the same.
                complain(str(error))
                failed += 1
        if failed:
            raise typer.Exit(1)
