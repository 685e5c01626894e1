"""A conversation about the transcripts, driven by text: whoever reads and writes is the caller's.

The loop never prints. `read` returns the next line, or None at the end; `write` takes what is to
be shown. So the same loop serves a terminal, a pipe and a test that compares a whole screen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rag import views
from rag.errors import RagError, safe
from rag.pipeline import Rag
from rag.types import Answer

Read = Callable[[], str | None]
Write = Callable[[str], None]

HELP = """\
Ask anything about the transcripts; a question may lean on the one before it.
/sources        where the last answer stands, with the lines around it to check
/show ADDRESS   the turns at an address, such as interview:12-13
/reset          forget the conversation
/help           this
/quit           leave (or Ctrl-D)"""


@dataclass(slots=True)
class Conversation:
    """What has been asked so far, and the last answer."""

    questions: list[str] = field(default_factory=list)
    last: Answer | None = None


def chat(rag: Rag, read: Read, write: Write) -> None:
    """Answer line after line until the end or `/quit`; Ctrl-C stops the answer, not the chat."""
    conversation = Conversation()

    def show(text: str) -> None:
        write(safe(text))

    while (line := read()) is not None:
        line = line.strip()
        if line == "/quit":
            return
        try:
            if line.startswith("/"):
                show(_command(rag, conversation, line))
            elif line:
                show(_ask(rag, conversation, line))
        except RagError as error:
            show(str(error))
        except KeyboardInterrupt:
            show("(stopped)")


def _ask(rag: Rag, conversation: Conversation, question: str) -> str:
    reply = rag.ask(question, history=conversation.questions)
    conversation.questions.append(question)
    conversation.last = reply
    return reply.text


def _command(rag: Rag, conversation: Conversation, line: str) -> str:
    name, _, argument = line.partition(" ")
    if name == "/sources":
        last = conversation.last
        return "Nothing has been answered yet." if last is None else views.sources(last)
    if name == "/show":
        return views.turns(views.at(rag.store, argument.strip()))
    if name == "/reset":
        conversation.questions.clear()
        conversation.last = None
        return "A new conversation."
    if name == "/help":
        return HELP
    return f"{name} is not a command; /help lists them"
