"""A conversation about the transcripts, driven by text: whoever reads and writes is the caller's.

The loop never prints. `read` returns the next line, or None at the end; `write` takes what is to
be shown, piece by piece as it comes. So the same loop serves a terminal, a pipe and a test that
compares a whole screen.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from rag import views
from rag.conversations import Conversation, markdown, remarks
from rag.errors import ModelFailed, RagError, UsageError, safe
from rag.pipeline import Rag, index_folder, named, store_index
from rag.text import one_line
from rag.types import Answer

Read = Callable[[], str | None]
Write = Callable[[str], None]

HELP = """\
Ask anything about the transcripts; a question may lean on the one before it.
/sources        where the last answer stands, with the lines around it to check
/show ADDRESS   the turns at an address, such as interview:12-13
/speaker NAME   only what this person says from now on; without a name, everybody again
/reset          begin a new conversation
/export FILE    write the conversation as Markdown, its citations as links
/help           this
/quit           leave (or Ctrl-D)"""

NOTHING = "Nothing has been answered yet."
STOPPED = "(stopped)"

_BRIEFLY = 300  # characters of an answer that remind of it
_WIDE_SLASH = re.compile("^／")  # as Chinese keyboards write it


class Session:
    """What the commands of a chat work on: the index, the conversation, who may speak."""

    def __init__(
        self, rag: Rag, conversation: Conversation | None = None, speakers: Sequence[str] = ()
    ) -> None:
        self.rag = rag
        self.index = index_of(rag)
        self.conversation = conversation or Conversation.new(self.index)
        catalog = rag.store.catalog
        self.known = named.called(catalog.speakers(), catalog.aliases())
        self.speakers = named.speakers(speakers, self.known)
        self._unkept = False

    @property
    def last(self) -> Answer | None:
        """The last answer of the conversation."""
        return self.conversation.last

    def restrict(self, name: str) -> str:
        """Hear only this person from now on, or everybody when `name` is empty.

        Raises:
            UsageError: when nobody in the index is called so.
        """
        self.speakers = named.speakers(name, self.known) if name else ()
        who = ", ".join(self.speakers)
        return f"From now on only what {who} says." if name else "Everybody is heard again."

    def reset(self) -> str:
        """Begin a new conversation; who may speak stays."""
        self.conversation = Conversation.new(self.index)
        return "A new conversation."

    def keep(self, answer: Answer) -> str:
        """Add an answer to the conversation; return what went wrong on disk, once."""
        try:
            self.conversation.append(answer)
        except RagError as error:
            first, self._unkept = not self._unkept, True
            return str(error) if first else ""
        return ""

    def export(self, name: str) -> str:
        """Write the conversation as Markdown into a new file, in the current folder without a name.

        Raises:
            UsageError: when nothing was answered, or the file exists or cannot be written.
        """
        if not self.conversation.entries:
            return NOTHING
        name = name or f"chat-{self.conversation.id}.md"
        return f"Written to {export(self.conversation, Path(name))}"

    def completions(self) -> list[str]:
        """Return the lines that one may begin to type: commands, speakers, the last addresses."""
        cited = self.last.citations if self.last else ()
        hits = self.last.hits if self.last else ()
        addresses = [item.address for item in cited] + [item.passage.address for item in hits]
        lines = [name for name in COMMANDS if name not in ("/show", "/speaker")]
        lines += [f"/show {address}" for address in dict.fromkeys(addresses) or ("",)]
        lines += [f"/speaker {name}" for name in self.known]
        return [safe(line) for line in lines]


def chat(session: Session, read: Read, write: Write) -> None:
    """Answer line after line until the end or `/quit`; Ctrl-C stops the answer, not the chat."""
    while (line := read()) is not None:
        line = _WIDE_SLASH.sub("/", line.strip())
        if line.lower() in ("/quit", "/exit"):
            return
        try:
            if line.startswith("/"):
                _show(write, _command(session, line))
            elif line:
                _ask(session, line, write)
        except RagError as error:
            _show(write, str(error))
        except KeyboardInterrupt:
            _show(write, STOPPED)


def index_of(rag: Rag) -> str:
    """Return the folder of an index, or its server and name, as conversations remember it."""
    if rag.settings.store:
        return f"{rag.settings.store} {store_index(rag.settings)}"
    return str(index_folder(rag.settings).resolve())


def export(conversation: Conversation, path: Path) -> Path:
    """Write a conversation as Markdown into a new file.

    Raises:
        UsageError: when the file is there already, or cannot be written.
    """
    try:
        # Not Path.expanduser, which fails where nobody has that name.
        path = Path(os.path.expanduser(path))
        with open(path, "x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(markdown(conversation))
    except FileExistsError:
        raise UsageError(f"{path} exists already", "name another file, or remove it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: {reason}", "name another file") from error
    return path


def reminder(conversation: Conversation) -> str:
    """Show briefly where a conversation was left."""
    last = conversation.last
    if last is None:
        return f"{conversation.id}: nothing was answered yet"
    text = one_line(last.text)
    text = text if len(text) <= _BRIEFLY else text[:_BRIEFLY] + "…"
    before = len(conversation.entries) - 1
    more = f", after {before} more" if before else ""
    return safe(f"{conversation.id}, last asked{more}:\n> {one_line(last.question)}\n{text}")


def _show(write: Write, text: str) -> None:
    write(f"{safe(text)}\n\n")


def _ask(session: Session, question: str, write: Write) -> None:
    """Show an answer as it comes; what had come of one that broke off is kept, marked."""
    reply = session.rag.stream(
        question, speaker=session.speakers, history=session.conversation.history
    )
    came, ending = "", ""
    try:
        for piece in reply:
            came += piece
            write(safe(piece))
        answer = reply.answer
    except ModelFailed as error:
        answer, ending = reply.answer, str(error)
    except KeyboardInterrupt:
        answer, ending = reply.stop(), STOPPED
    lines = [ending]
    if answer is not None:
        if answer.incomplete and answer.text.startswith(came):
            # What was held back to be checked with words that never came.
            write(safe(answer.text[len(came) :]))
            came = answer.text
        lines += [*remarks(answer), session.keep(answer)]
    _end(write, came, [line for line in lines if line])


def _end(write: Write, came: str, lines: list[str]) -> None:
    """End an answer with an empty line, what is to be said about it on lines of its own."""
    if lines and came and not came.endswith("\n"):
        write("\n")
    _show(write, "\n".join(lines))


def _command(session: Session, line: str) -> str:
    name, _, argument = line.partition(" ")
    command = COMMANDS.get(name.lower())
    if command is None:
        near = difflib.get_close_matches(name.lower(), COMMANDS, n=1, cutoff=0.5)
        nearest = f"the nearest is {near[0]}; " if near else ""
        return f"{name} is not a command; {nearest}/help lists them"
    return command(session, argument.strip())


def _sources(session: Session) -> str:
    last = session.last
    if last is None:
        return NOTHING
    if last.timings:
        return views.sources(last)
    # Stopped, or of an earlier day: what was found beside the citations was not kept.
    lines = [views.where(item) for item in last.citations]
    return "\n".join(lines) or "The last answer cites nothing."


def _turns(session: Session, address: str) -> str:
    return views.turns(views.at(session.rag.store, address))


COMMANDS: dict[str, Callable[[Session, str], str]] = {
    "/sources": lambda session, _: _sources(session),
    "/show": _turns,
    "/speaker": Session.restrict,
    "/reset": lambda session, _: session.reset(),
    "/export": Session.export,
    "/help": lambda *_: HELP,
    "/quit": lambda *_: "",
}
