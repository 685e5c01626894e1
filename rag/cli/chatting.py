"""The commands `rag chat` and `rag chats`: a conversation, and those that are kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli import editing
from rag.cli.asking import mode
from rag.cli.inputs import open_index
from rag.cli.options import Encoder, Index, Json, K, Model, Speakers, Store, Verbose
from rag.cli.terminal import complain, next_line, one_line_errors, prompt, say, write
from rag.errors import UsageError, safe

if TYPE_CHECKING:
    from rag.chat import Read, Session, Write
    from rag.conversations import Conversation
    from rag.pipeline import Rag


def chat(
    id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="With --resume: which conversation.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with conversation ID; without one, the latest.")
    ] = False,
    index: Index = None,
    store: Store = None,
    k: K = None,
    speaker: Speakers = None,
    encoder: Encoder = None,
    model: Model = None,
    verbose: Verbose = False,
) -> None:
    """Converse about the transcripts; with input piped in, answer it line by line."""
    with one_line_errors(verbose):
        from rag import chat as door

        if id is not None and not resume:
            raise UsageError(f"{id!r} is no option of chat", f"rag chat --resume {id}")
        rag = open_index(index=index, store=store, encoder=encoder, k=k, model=model)
        session = door.Session(rag, _earlier(rag, id) if resume else None, speaker or ())
        complain(mode(rag))
        if editing.at_a_terminal():
            held = rag.store.manifest
            count = f"{held.transcripts} transcripts, {held.passages} passages"
            say(safe(f"{count} in {rag.settings.index!r}; /help, /quit"))
        if resume:
            say(door.reminder(session.conversation))
        read, show = _ends(session)
        door.chat(session, read, show)
        if read is not next_line and session.conversation.kept:
            say(f"kept: rag chat --resume {session.conversation.id}")


def chats(
    id: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="A conversation; the start of its id will do."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Write conversation ID as Markdown to this file."),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove conversation ID.")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """List the conversations that are kept, or show, export or remove one."""
    with one_line_errors(verbose):
        from rag import conversations, views

        if id is None:
            if export or delete:
                raise UsageError("which conversation?", "give its id: rag chats lists them")
            _list(json)
        elif delete:
            if export or json:
                raise UsageError("--delete with another option", "export first, then remove")
            print(safe(f"removed {conversations.delete(id)}"))
        else:
            conversation = conversations.Conversation.resume(id)
            if export:
                from rag import chat as door

                say(safe(f"written to {door.export(conversation, export)}"))
            elif json:
                print(views.to_json(conversations.whole(conversation)))
            else:
                print(conversations.markdown(conversation), end="")


def _list(json: bool) -> None:
    from rag import conversations, views

    found, problems = conversations.list_all()
    for line in problems:
        complain(line)
    if json:
        print(views.to_json({"conversations": [conversations.summary(item) for item in found]}))
    elif found:
        print(_table(found))
    else:
        say("no conversation is kept: rag chat begins one")
    if problems:
        raise typer.Exit(1)


def _table(found: Sequence[Conversation]) -> str:
    """Tab-separated columns, which pipes and terminals both take."""
    rows = [("id", "when", "questions", "index", "first question")]
    rows += [
        (
            item.id,
            item.time[:16].replace("T", " "),
            str(len(item.entries)),
            _short(item),
            item.title,
        )
        for item in found
    ]
    return "\n".join("\t".join(safe(" ".join(cell.split())) for cell in row) for row in rows)


def _short(conversation: Conversation) -> str:
    """The folder of an index as people write it."""
    path, home = Path(conversation.index), Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _earlier(rag: Rag, id_: str | None) -> Conversation:
    """The conversation to go on with, which must be about this index."""
    from rag.chat import index_of
    from rag.conversations import Conversation

    ours = index_of(rag)
    if id_ is None:
        return Conversation.latest(ours)
    conversation = Conversation.resume(id_)
    if conversation.index != ours and Path(conversation.index).is_dir():
        raise UsageError(
            f"conversation {conversation.id} is about another index",
            f"rag chat -i {conversation.index} --resume {conversation.id}",
        )
    return conversation


def _ends(session: Session) -> tuple[Read, Write]:
    """Where lines come from and answers go: an editor and colours for a person, else plain text."""
    if not editing.at_a_terminal():
        return next_line, write
    if editing.is_dumb():
        return prompt, write
    from rag.paths import user_data

    read = editing.line_editor(user_data() / "history", session.completions)
    return read, write if os.environ.get("NO_COLOR") else editing.colours()
