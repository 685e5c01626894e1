"""The options and arguments that commands share: one letter, one meaning, everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

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
K = Annotated[int | None, typer.Option("-k", help="How many passages to find.", envvar="RAG_K")]
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
Question = Annotated[list[str] | None, typer.Argument(help="The question; - reads it from stdin.")]
Batch = Annotated[
    str | None,
    typer.Option("--batch", help='File of {"question": "…"} lines, - for stdin; JSON lines.'),
]
