"""The options and arguments that commands share: one letter, one meaning, everywhere."""

from __future__ import annotations

from pathlib import Path
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
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Ask a Milvus server (http://HOST:19530) or a file NAME.db instead of the disk.",
        envvar="RAG_STORE",
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
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", help="Questions of a batch at once; default: 4 with a language model, else 1."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", help="File for the replies of a batch; the same command goes on with it."
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", help="Language model, or none to quote without.", envvar="RAG_MODEL"),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Exit with 1 when the check finds anything wrong in an answer."),
]
