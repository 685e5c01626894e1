"""What a structure question asks for, and the pieces that the patterns of both languages share."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "ranking",
    "inquirers",
    "turns",
    "questions",
    "speakers",
    "transcripts",
    "mentions",
    "asked",
    "said",
    "edge",
    "length",
    "date",
    "predictions",
]
Role: TypeAlias = Literal["audience", "asker", "guest"]

MARK = "\ue000-\uf8ff"
"""Character class (without brackets) of what stands for a speaker's name in a masked question."""


@dataclass(frozen=True, slots=True)
class Structural:
    """A question that is answered by counting and listing, not by what was said on its matter.

    - `language` is the one that it is asked in, zh or en, whatever language the names in it are.
    - `speakers` are those whom it is about, each a set of names that one mention may mean, and
      `roles` people known by what they do; none means everybody. With `pronoun` it is about
      somebody whom only an earlier question names.
    - `transcripts` are those that it names, none means all; `topic` is the word to look for.
    - `last` turns the order around: the last instead of the first, the least instead of the most.
      `turns` asks for turns and not for characters, `listed` for the items and not their number.
    """

    kind: Kind
    language: str
    speakers: tuple[frozenset[str], ...] = ()
    roles: tuple[Role, ...] = ()
    transcripts: tuple[str, ...] = ()
    topic: str = ""
    pronoun: bool = False
    last: bool = False
    turns: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way of asking.

    `written` is a regular expression with the groups `who`, `topic` and `scope`, and `last`,
    `turns` and `listed`, which are yes where they match; a group may stand in it several times.
    With `somebody` it makes no sense without a person; with `somewhere` not without a transcript
    that the question names.
    """

    kind: Kind
    language: str
    written: str
    somebody: bool = False
    somewhere: bool = False

    def search(self, text: str) -> tuple[re.Match[str], dict[str, str]] | None:
        """Return the match in a question, with the groups that took part by name."""
        match = _compiled(self.written).search(text)
        if match is None:
            return None
        groups = {
            name.partition("_")[0]: words
            for name, words in match.groupdict().items()
            if words is not None
        }
        return match, groups


@lru_cache(maxsize=512)
def _compiled(written: str) -> re.Pattern[str]:
    """Compile a pattern when it is first needed, its groups numbered: names must be unique."""
    count = itertools.count()
    return re.compile(re.sub(r"\(\?P<(\w+)>", lambda m: f"(?P<{m[1]}_{next(count)}>", written))
