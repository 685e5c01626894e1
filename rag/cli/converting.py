"""`rag convert`: a transcript of any kind as Markdown, SRT, WebVTT or JSON."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.options import Verbose
from rag.cli.terminal import complain, one_line_errors
from rag.errors import UsageError, safe

if TYPE_CHECKING:
    from rag.types import Transcript

_CAPTIONS = ("srt", "vtt")


class Format(StrEnum):
    """What a transcript can be written as."""

    MD = "md"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"


def convert(
    file: Annotated[Path, typer.Argument(help="A transcript of any kind that can be read.")],
    to: Annotated[Format, typer.Option("--to", help="What to write.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="A new file; default: stdout.")
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Write a transcript in another format, with its speakers and times."""
    with one_line_errors(verbose):
        from rag import transcripts
        from rag.transcripts.writing import write

        if file.is_dir():
            raise UsageError(f"{file} is a folder", "name a file in it")
        item = transcripts.read(file)
        text = write(item, to.value)
        for line in (*item.warnings, *_doubts(item, text, to.value)):
            complain(line)
        if out is None:
            sys.stdout.write(safe(text))
        else:
            _save(text, out)


def _doubts(item: Transcript, text: str, to: str) -> list[str]:
    """Say what the new file lacks, found by reading it back."""
    from rag import transcripts
    from rag.transcripts.comparing import difference

    lines = []
    if to in _CAPTIONS and item.sections:
        prose = f"{len(item.sections)} sections of prose"
        lines.append(f"{item.path}: {prose} have no place in {to} (--to md and json keep them)")
    back = transcripts.parse(text.encode(), Path(f"converted.{to}"), {})
    if found := difference(item, back, to):
        lines.append(f"{item.path}: read back from {to}, {found} (--to json keeps everything)")
    return lines


def _save(text: str, out: Path) -> None:
    try:
        with out.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{out} exists already", "name another file, or remove it") from None
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror or error}", "name another file") from error
