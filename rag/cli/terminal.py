"""What stands between the commands and a terminal, a pipe or a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from rag.errors import NotReady, RagError, safe

if TYPE_CHECKING:
    from rag.store import Progress

_INTERRUPTED = 130  # as shells have it: 128 and the number of the signal
_PIPE_CLOSED = 141


def utf8(stream: object, errors: str) -> None:
    """Make a standard stream speak UTF-8, where it can be told."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors=errors)


@contextmanager
def one_line_errors(verbose: bool) -> Iterator[None]:
    """Turn whatever goes wrong inside into one line on stderr and an exit code."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except typer.Exit:
        raise
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`). Nothing may be flushed into the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_PIPE_CLOSED) from None
    except KeyboardInterrupt:
        complain("interrupted")
        raise typer.Exit(_INTERRUPTED) from None
    except Exception as error:
        if verbose:
            import traceback

            say(safe(traceback.format_exc()))
        known = error if isinstance(error, RagError) else _unforeseen(error)
        complain(str(known))
        raise typer.Exit(known.exit_code) from None


def _unforeseen(error: Exception) -> NotReady:
    """Say what happened that nobody thought of: a full disk, a damaged file, a bug."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return NotReady(f"{where}{error.strerror}", "rag doctor looks for the cause")
    name = type(error).__name__
    return NotReady(f"{name}: {error}", "not expected: -v shows where, rag doctor what is damaged")


def prompt() -> str | None:
    """Ask a person for the next line; None at the end of input."""
    try:
        return input("> ")
    except EOFError:
        return None
    except KeyboardInterrupt:
        print()
        return ""


def next_line() -> str | None:
    """Read the next line of a pipe; None at the end of input."""
    return (sys.stdin.readline() if sys.stdin is not None else "") or None


def write(text: str) -> None:
    """Show a piece of a conversation as it comes."""
    print(text, end="", flush=True)


def complain(text: str) -> None:
    """Write one line about a problem, whatever characters the names in it have."""
    say(f"rag: {safe(' '.join(text.splitlines()))}")


def say(text: str) -> None:
    """Write to stderr."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a progress bar on a terminal's stderr; elsewhere nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        from rag.store import silent

        yield silent
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield advance
