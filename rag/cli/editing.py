"""A person at a terminal: a line to edit, with history and completion, and colours to read by.

Text of speakers and models is never looked at for markup: it is painted by what we put into it,
the addresses of citations and the marks of the check.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from rag.errors import safe

Read = Callable[[], str | None]
Write = Callable[[str], None]

_REMEMBERED = 1000  # lines of history
_PAINTED = re.compile(
    r"(?P<dim>\[[^\[\]\n]{1,200}:s?\d[\d.s-]*\])|(?P<red>[（(]✗[^（()）\n]*[)）]?|✗)"
)
# What may become one of the two with the next piece.
_UNFINISHED = re.compile(r"(?:\[[^\[\]\n]{0,200}|[（(](?:✗[^（()）\n]{0,200})?)\Z")


def at_a_terminal() -> bool:
    """Tell whether a person reads and types; with either end piped, text is all there is."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def is_dumb() -> bool:
    """Tell whether the terminal can neither move its cursor nor colour."""
    return os.environ.get("TERM", "dumb") in ("dumb", "unknown", "")


def line_editor(history: Path, completions: Callable[[], list[str]]) -> Read:
    """Return what reads lines from a person: edited, remembered in a file, completed with Tab.

    What is pasted stays one line, whatever line ends are in it. Ctrl-C clears the line, Ctrl-D is
    the end.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import InMemoryHistory
    from prompt_toolkit.shortcuts import CompleteStyle

    session: PromptSession[str] = PromptSession(
        "> ",
        history=InMemoryHistory(recalled(history)),
        completer=WordCompleter(completions, sentence=True, ignore_case=True),
        complete_while_typing=False,
        # A menu would keep eight empty lines under the prompt.
        complete_style=CompleteStyle.READLINE_LIKE,
    )

    def read() -> str | None:
        try:
            # Bytes that are not UTF-8 come as surrogates, which no encoder takes.
            line = session.prompt().encode(errors="surrogateescape").decode(errors="replace")
            remember(history, line)
        except EOFError:
            return None
        except KeyboardInterrupt:
            return ""
        return line

    return read


def remember(history: Path, line: str) -> None:
    """Add a line to the history, which nobody else can read; without a disk there is none."""
    if not line.strip():
        return
    with contextlib.suppress(OSError):
        history.parent.mkdir(parents=True, exist_ok=True)
        with open(history, "ab", opener=_private) as file:
            file.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())


def recalled(history: Path) -> list[str]:
    """Return the lines of the history, oldest first."""
    try:
        kept = history.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
    lines: list[str] = []
    for item in kept[-_REMEMBERED:]:
        with contextlib.suppress(ValueError, RecursionError):
            line = json.loads(item)
            if isinstance(line, str) and line not in lines[-1:]:
                lines.append(safe(line))
    return lines


def colours() -> Write:
    """Return what shows a conversation in colours: citations dim, marks of the check red."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    held = ""

    def write(text: str) -> None:
        nonlocal held
        ready, held = split(held + text)
        painted = Text(end="")
        for words, style in painting(ready):
            painted.append(words, style)
        console.print(painted, end="", soft_wrap=True)

    return write


def split(text: str) -> tuple[str, str]:
    """Split off an end that may go on as something to be painted."""
    unfinished = _UNFINISHED.search(text)
    at = unfinished.start() if unfinished else len(text)
    return text[:at], text[at:]


def painting(text: str) -> list[tuple[str, str]]:
    """Cut a text into runs, each with its style: empty, `dim` or `red`."""
    runs: list[tuple[str, str]] = []
    done = 0
    for match in _PAINTED.finditer(text):
        runs += [(text[done : match.start()], ""), (match[0], match.lastgroup or "")]
        done = match.end()
    return [(words, style) for words, style in [*runs, (text[done:], "")] if words]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
