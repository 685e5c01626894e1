"""What a language model is told: one file a job and language, with named places to fill in.

A file has a part under `# system` and one under `# user`; whatever stands above is for people.
Places are written `$name` (`string.Template`), and a `$$` is a dollar. What is filled in is never
looked through for further places, so that nothing in a transcript or a question can name one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from rag.errors import UsageError
from rag.types import Message

PLACES = {
    "answer": frozenset({"not_found", "passages", "question"}),
    "standalone": frozenset({"conversation", "question"}),
    "judge": frozenset({"question", "answer", "passages"}),
}
"""The jobs, and the places that a prompt for each must have, and may have."""
LANGUAGES = ("zh", "en")

_PART = re.compile(r"^# (system|user)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The two messages of a prompt with their places still open."""

    system: str
    user: str

    def fill(self, values: Mapping[str, str]) -> tuple[Message, Message]:
        """Return the system and the user message with `values` in their places."""
        return (
            Message("system", Template(self.system).substitute(values)),
            Message("user", Template(self.user).substitute(values)),
        )


def load(job: str, language: str, folders: Sequence[Path]) -> Prompt:
    """Read the prompt for a job from the first of `folders` that has it.

    Raises:
        UsageError: when none has it, or a place is missing or unknown, naming the file.
    """
    spoken = language if language in LANGUAGES else "en"
    name = f"{job}.{spoken}.md"
    for folder in folders:
        if (folder / name).is_file():
            return parse(_text(folder / name), PLACES[job], folder / name)
    looked = ", ".join(map(str, folders))
    raise UsageError(f"no prompt {name} in {looked}", "install rag again")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path}: {reason}", "correct the file or remove it") from error


def parse(text: str, places: frozenset[str], path: Path) -> Prompt:
    """Cut a prompt file into its parts and check its places.

    Raises:
        UsageError: when a part or a place is missing, double or unknown.
    """
    pieces = _PART.split(text)
    parts = dict(zip(pieces[1::2], (piece.strip() for piece in pieces[2::2]), strict=True))
    if sorted(pieces[1::2]) != ["system", "user"] or not all(parts.values()):
        raise UsageError(
            f"{path}: it needs one part under '# system' and one under '# user'",
            "see the prompts that come with rag",
        )
    found: set[str] = set()
    above = pieces[0].count("\n")  # places named in the note for people are not there
    for number, line in enumerate(text.split("\n")[above:], start=above + 1):
        found |= _places(line, places, f"{path}:{number}")
    if missing := sorted(places - found):
        raise UsageError(f"{path}: ${missing[0]} is missing", "write it where it belongs")
    return Prompt(parts["system"], parts["user"])


def _places(line: str, places: frozenset[str], where: str) -> set[str]:
    found = set()
    for match in Template.pattern.finditer(line):
        name = match["named"] or match["braced"]
        if match["escaped"] is not None:
            continue
        if name not in places:
            known = ", ".join(f"${place}" for place in sorted(places))
            shown = match[0] if name else "a lone $"
            raise UsageError(f"{where}: {shown} is no place", f"there are {known}; $$ is a dollar")
        found.add(name)
    return found
