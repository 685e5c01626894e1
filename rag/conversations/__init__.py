"""Conversations kept as files: one a conversation, one line an answer, in the user's data folder.

A file begins with a line about the conversation; every answered question adds one line, written at
once and synced, so that a kill loses at most the answer that was running. A last line that a kill
tore is passed over when reading, and cut off before the next answer is added. Nothing in a file is
a prompt or a key.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rag import paths
from rag.conversations import lines
from rag.conversations.lines import Entry, Header
from rag.conversations.markdown import markdown
from rag.conversations.remarks import remarks
from rag.errors import NotReady, RagError, UsageError
from rag.types import Answer, Earlier

__all__ = [
    "Conversation",
    "Entry",
    "delete",
    "folder",
    "list_all",
    "markdown",
    "remarks",
    "summary",
    "whole",
]

_ENDING = ".jsonl"
_PATIENCE = 10.0  # seconds that another process may take to write its line


def folder() -> Path:
    """Return where conversations are kept."""
    return paths.user_data() / "conversations"


@dataclass(slots=True)
class Conversation:
    """What was asked and answered, oldest first, about the index in the folder `index`.

    `kept` tells whether it has a file: it gets one with its first answer.
    """

    id: str
    created: str
    index: str
    entries: list[Entry] = field(default_factory=list)
    kept: bool = False

    @classmethod
    def new(cls, index: str) -> Conversation:
        """Begin a conversation about the index in the folder `index`."""
        now = _now()
        return cls(_new_id(now), now.isoformat(), index)

    @classmethod
    def read(cls, path: Path) -> Conversation:
        """Read a conversation from its file.

        Raises:
            NotReady: when it cannot be read, naming the file and the line.
        """
        header, entries = lines.read(path)
        if header.id != path.name.removesuffix(_ENDING):
            raise NotReady(f"{path}:1: is conversation {header.id!r}", "rename the file to that")
        return cls(header.id, header.created, header.index, entries, kept=True)

    @classmethod
    def resume(cls, id_: str) -> Conversation:
        """Read the conversation with this id, or the only one whose id begins like that.

        Raises:
            UsageError: when there is none, or several.
            NotReady: when it cannot be read.
        """
        return cls.read(_find(id_))

    @classmethod
    def latest(cls, index: str) -> Conversation:
        """Read the conversation about an index that was last added to.

        Raises:
            UsageError: when there is none.
        """
        found = [item for item in list_all()[0] if item.index == index]
        if not found:
            raise UsageError(f"no conversation about {index} is kept", "begin one: rag chat")
        return found[0]

    @property
    def path(self) -> Path:
        """The file that it is or will be kept in."""
        return folder() / f"{self.id}{_ENDING}"

    @property
    def title(self) -> str:
        """The first question, in one line."""
        return " ".join(self.entries[0].answer.question.split()) if self.entries else ""

    @property
    def time(self) -> str:
        """When it was last added to."""
        return self.entries[-1].time if self.entries else self.created

    @property
    def last(self) -> Answer | None:
        """The last answer."""
        return self.entries[-1].answer if self.entries else None

    @property
    def history(self) -> list[Earlier]:
        """What came before the next question, as `Rag.stream` takes it."""
        answers = [entry.answer for entry in self.entries]
        return [
            Earlier(item.question, item.text, tuple(cited.address for cited in item.citations))
            for item in answers
        ]

    def append(self, answer: Answer) -> None:
        """Add an answer, and keep it on disk.

        Raises:
            NotReady: when it cannot be written; it belongs to the conversation all the same.
        """
        entry = Entry(_now().isoformat(), answer)
        self.entries.append(entry)
        try:
            with _locked():
                while not self.kept and self.path.exists():
                    self.id = _new_id(_now())
                header = Header(self.id, self.created, self.index)
                lines.append(self.path, header, entry)
                self.kept = True
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise NotReady(f"{self.path}: {reason}", "this answer is not kept") from error


def list_all() -> tuple[list[Conversation], list[str]]:
    """Return all conversations, the last added to first, and what is wrong with files."""
    found, problems = [], []
    for path in _files():
        try:
            # One that is just being begun, or whose first answer never came, has nothing in it.
            if path.stat().st_size:
                found.append(Conversation.read(path))
        except FileNotFoundError:
            continue
        except (RagError, OSError) as error:
            problems.append(str(error))
    found.sort(key=lambda item: (datetime.fromisoformat(item.time), item.id), reverse=True)
    return found, problems


def delete(id_: str) -> str:
    """Remove the conversation with this id, or the only one whose id begins like that.

    Returns:
        Its whole id.

    Raises:
        UsageError: when there is none, or several.
        NotReady: when it cannot be removed.
    """
    path = _find(id_)
    try:
        path.unlink()
    except OSError as error:
        raise NotReady(f"{path}: {error.strerror}", "remove it by hand") from error
    return path.name.removesuffix(_ENDING)


def summary(conversation: Conversation) -> dict[str, object]:
    """One conversation in the contract of `rag chats --json`."""
    return {
        "id": conversation.id,
        "created": conversation.created,
        "time": conversation.time,
        "index": conversation.index,
        "questions": len(conversation.entries),
        "question": conversation.title or None,
    }


def whole(conversation: Conversation) -> dict[str, object]:
    """The contract of `rag chats ID --json`."""
    answers = [lines.values(entry) for entry in conversation.entries]
    return {**summary(conversation), "answers": answers}


def _files() -> list[Path]:
    return sorted(path for path in folder().glob(f"*{_ENDING}") if path.is_file())


def _find(id_: str) -> Path:
    known = {path.name.removesuffix(_ENDING): path for path in _files()}
    if id_ in known:
        return known[id_]
    found = [path for name, path in known.items() if id_ and name.startswith(id_)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"no conversation {id_!r}", "rag chats lists them")
    some = ", ".join(path.name.removesuffix(_ENDING) for path in found[:3])
    more = ", …" if len(found) > 3 else ""
    raise UsageError(f"{len(found)} conversations begin with {id_!r}", f"say which: {some}{more}")


@contextmanager
def _locked() -> Iterator[None]:
    """Let one process write at a time: a torn line must not be cut off while another adds one."""
    from filelock import FileLock

    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(folder() / ".lock", timeout=_PATIENCE, mode=0o600):
        yield


def _now() -> datetime:
    return datetime.now().astimezone().replace(microsecond=0)


def _new_id(now: datetime) -> str:
    """Sorted by time, and short enough to type."""
    return f"{now:%Y%m%d-%H%M}-{secrets.token_hex(2)[:3]}"
