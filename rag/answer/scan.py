"""Cutting a reply, as it streams, into text, quotations and citation keys.

A reply is scanned in units: a stretch of plain text, which can be shown at once; a bracket, which
may be a citation key; and a passage, which begins with a quotation and goes on to the end of the
sentence and the keys behind it, because who is quoted, and from where, may be said after the
words. Where a unit ends never depends on how the reply was cut into pieces: whatever could still
change with the next character is waited for, and no character is looked at again for having
been waited for.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Literal, TypeVar, cast

from rag.text import is_han

MARKS = {"「": "」", "『": "』", "“": "”", "‘": "’", "«": "»", '"': '"', "'": "'", "＂": "＂"}
"""Quotation marks, opening to closing."""

SAYS_EN = (
    r"(?:say|ask|repl(?:y|ie)|explain|add|recall|note|argue|answer|admit|joke|insist|remark"
    r"|observe|claim|warn|conclude|continue|respond|state|write|concede|remind|quip|counter"
    r"|confess|complain|predict|point out)(?:e?d|e?s)?"
    r"|said|wrote|puts? it"
)
SAYS_ZH = (
    "(?:[说說道问問答讲講称稱]|表示|指出|认为|認為|回应|回應|承认|承認|补充|補充|提到|强调|強調"
    "|解释|解釋|坦言|提出|反问|反問)"
)
"""Verbs after which, or before which, somebody's words stand."""

BRACKETS = {"[": "]", "【": "】", "［": "］"}
PARENS = {"(": ")", "（": "）"}
_STRAIGHT = "\"'＂"
_APOSTROPHES = "'’"
_TERMINAL = "。！？!?"
_GOES_ON = ",，、;；:：）)(（*_`|—–"
_TRIGGER = re.compile(r"[「『“‘«\"'＂\[【［(（>]")
_INPARENS = re.compile(r"[\w.:：,，;；、\-–—~& /#]")
_LIKE_KEY = re.compile(r"[:：]\s*s?\d")
# A year ('90s) and a word that lost its beginning ('em) are no quotations.
_ELISION = re.compile(r"'(?:\d\ds?|em|til|cause|twas|tis|n)(?!\w)", re.IGNORECASE)
_LONGEST_ELISION = 7
_LONGEST_SPACE = 64
_LONGEST_KEY = 300
_LONGEST_KEY_INPARENS = 120
_LONGEST_QUOTE = 3000
_LONGEST_REST = 300  # of a sentence after its last quotation
_LONGEST_PASSAGE = 6000
_LONGEST_NAMING = 60
_DEEPEST = 8  # marks that open inside one another; more are no quotation any longer

_NAMING = re.compile(rf"(?:{SAYS_ZH}过?|\b(?:{SAYS_EN})(?:\s+\w+)?)\W*$", re.IGNORECASE)
_NOTE = re.compile(
    r">\s*(?:\[!|[*_]{0,2}(?:注|注意|说明|提示|备注|结论|总结|小结|note|tip|nb|summary|important"
    r"|caveat|disclaimer)[*_]{0,2}\s*[:：])",
    re.IGNORECASE,
)

Kind = Literal["text", "bracket", "quote"]


_Waiting = Generator[None, None, int]
"""A step of a scan: it yields while it has to wait for more text, and returns a place."""


class Scanner:
    """Takes a reply bit by bit and gives it back in units."""

    def __init__(self, text: str = "", final: bool = False) -> None:
        """With `final` nothing will come after `text`."""
        self._text = text
        self._final = final
        self._before = ""
        self._running: Generator[None, None, tuple[Kind, int]] | None = None

    def feed(self, text: str, final: bool = False) -> Iterator[tuple[Kind, str]]:
        """Take what comes next; yield the kinds and texts of the units that are whole with it.

        A passage is of kind `quote`; white space before a bracket belongs to it.
        """
        self._text += text
        self._final = self._final or final
        while self._text:
            self._running = self._running or self._unit()
            try:
                next(self._running)
                return
            except StopIteration as found:
                kind, end = found.value
            self._running = None
            raw, self._text = self._text[:end], self._text[end:]
            self._before = raw[-1]
            yield kind, raw

    def _unit(self) -> Generator[None, None, tuple[Kind, int]]:
        if self._text[0] == ">" and self._before in ("", "\n"):
            return (yield from self._line())
        start = yield from self.skip(0)
        if start > _LONGEST_SPACE:
            return "text", start
        if (yield from self._at(start)) in BRACKETS | PARENS:
            end = yield from self.bracket(start)
            return ("bracket", end) if end else ("text", start + 1)
        if (yield from self.opens(0, self._before)):
            close = yield from self.close(0)
            return ("quote", (yield from self._passage(close))) if close else ("text", 1)
        return "text", self._plain()

    def _at(self, place: int) -> Generator[None, None, str]:
        """The character at `place`, empty at the very end."""
        while place >= len(self._text) and not self._final:
            yield
        return self._text[place : place + 1]

    def _plain(self) -> int:
        """The end of the text up to the next trigger; white space at its end is kept back."""
        found = _TRIGGER.search(self._text, 1)
        place = found.start() if found else len(self._text)
        if self._final and place == len(self._text):
            return place
        return len(self._text[:place].rstrip(" \t")) or place

    def _line(self) -> Generator[None, None, tuple[Kind, int]]:
        """A line that begins with `>`: a quotation, unless it has quotation marks of its own."""
        end = 0
        while (yield from self._at(end)) not in ("", "\n") and end < _LONGEST_QUOTE:
            end += 1
        line = Scanner(self._text[:end], final=True)
        marked = any(now(line.opens(n, self._text[n - 1])) for n in range(1, end))
        if marked or end < 2 or _NOTE.match(self._text[:end]):
            return "text", 1
        return "quote", (yield from self._below(end)) or end

    def _below(self, end: int) -> _Waiting:
        """The end of a line that only says who is quoted above it, or 0; `end` is the line break.

        Empty lines of a block quotation may stand between.
        """
        place = end
        while (yield from self._at(place)) == "\n":
            place = yield from self.skip(place + 1)
            if (yield from self._at(place)) == ">":
                place = yield from self.skip(place + 1)
            elif place > end + 1:
                return 0
            char = yield from self._at(place)
            dashes = char + (yield from self._at(place + 1)) if char == "-" else char
            if dashes in ("—", "–", "--"):
                limit = place + _LONGEST_REST
                while (yield from self._at(place)) not in ("", "\n") and place < limit:
                    place += 1
                return place
            if place > end + _LONGEST_SPACE:
                return 0
        return 0

    def opens(self, place: int, before: str) -> Generator[None, None, bool]:
        """Tell whether a quotation opens at `place`."""
        char = self._text[place]
        if char not in _STRAIGHT:
            return char in MARKS
        if before.isalnum() and not is_han(before):
            return False
        after = yield from self._at(place + 1)
        if char != "'":
            return not (after in ("", char) or after.isspace())
        if not after.isalnum():
            return False
        if not is_han(after):
            yield from self._at(place + _LONGEST_ELISION)
        return not _ELISION.match(self._text, place)

    def close(self, place: int) -> _Waiting:
        """Where the quotation that opens at `place` closes, or 0 when it does not."""
        opening, closing = self._text[place], MARKS[self._text[place]]
        depth = begun = 0
        for at in range(place + 1, place + _LONGEST_QUOTE):
            char = yield from self._at(at)
            if not char or (char == "\n" and (opening in _STRAIGHT or self._text[at - 1] == "\n")):
                return 0
            if char == closing and not (yield from self._apostrophe(at)):
                if depth == 0:
                    return at
                depth -= 1
            elif char == opening:
                depth += opening != closing
                begun += opening != closing or not self._text[at - 1].isalnum()
                if max(depth, begun if opening == closing else 0) > _DEEPEST:
                    return 0
        return 0

    def _apostrophe(self, at: int) -> Generator[None, None, bool]:
        if self._text[at] not in _APOSTROPHES:
            return False
        after = yield from self._at(at + 1)
        return after.isalnum() and not is_han(after)

    def bracket(self, place: int) -> _Waiting:
        """The end of the bracket at `place`, or 0 when it is none, or one that cannot be a key."""
        opening = self._text[place]
        parens = opening in PARENS
        if parens and (self._text[place - 1] if place else self._before) == "]":
            return 0  # where a link leads
        for at in range(place + 1, place + (_LONGEST_KEY_INPARENS if parens else _LONGEST_KEY)):
            char = yield from self._at(at)
            if parens and char in (")", "）"):
                return at + 1 if _LIKE_KEY.search(self._text, place, at) else 0
            if not char or char == "\n" or char in BRACKETS:
                return 0
            if parens and not _INPARENS.match(char):
                return 0
            if not parens and char in BRACKETS.values():
                return at + 1 if at > place + 1 else 0
        return 0

    def _passage(self, close: int) -> _Waiting:
        """The end of a passage whose first quotation closes at `close`."""
        place, ended, limit = close + 1, self._terminal(close), close + _LONGEST_REST
        bare = True  # no key has come since the last quotation
        while True:
            at = yield from self.skip(place)
            char = yield from self._at(at)
            if char == "\n":
                return (yield from self._below(at)) or place
            if not char or at > min(limit, _LONGEST_PASSAGE):
                return place
            if ended and _begins_anew(char):
                if not (bare and (yield from self._names(at))):
                    return place
                bare = ended = False
            kind, place, end = yield from self._step(at)
            ended = end or (ended and (kind == "bracket" or char in "*_`)）"))
            if kind == "quote":
                limit = place + _LONGEST_REST
            bare = kind == "quote" or (bare and kind != "bracket")

    def _step(self, at: int) -> Generator[None, None, tuple[Kind, int, bool]]:
        """Go on by one bracket, quotation or character: the new place, whether a sentence ended."""
        char = self._text[at]
        if char in BRACKETS or char in PARENS:
            end = yield from self.bracket(at)
            return ("bracket", end, False) if end else ("text", at + 1, False)
        if (yield from self.opens(at, self._text[at - 1])):
            close = yield from self.close(at)
            if not close:
                return "text", at + 1, False
            return "quote", close + 1, self._terminal(close)
        if char != ".":
            return "text", at + 1, char in _TERMINAL
        after = yield from self._at(at + 1)
        return "text", at + 1, not after or after.isspace() or after in BRACKETS

    def _names(self, at: int) -> Generator[None, None, bool]:
        """Whether a sentence says no more than who said what was quoted before it."""
        for end in range(at, at + _LONGEST_NAMING):
            char = yield from self._at(end)
            if char in _TERMINAL + ".,，\n" or char in BRACKETS or char in PARENS:
                return _NAMING.search(self._text[at:end]) is not None
            if char in MARKS and char != "'":
                return False
        return False

    def _terminal(self, close: int) -> bool:
        """Whether the sentence may end with the quotation that closes at `close`."""
        return self._text[close - 1] in _TERMINAL + ".…"

    def skip(self, place: int) -> _Waiting:
        """The next place without a space."""
        last = place + _LONGEST_SPACE
        while place <= last and (yield from self._at(place)) in (" ", "\t"):
            place += 1
        return place


def _begins_anew(char: str) -> bool:
    """Whether a character after the end of a sentence is none that carries it on."""
    return not (char in BRACKETS or char in _GOES_ON or char in _TERMINAL or char.islower())


_Found = TypeVar("_Found")


def now(step: Generator[None, None, _Found]) -> _Found:
    """Run a step of a scan whose text is all there."""
    try:
        next(step)
    except StopIteration as found:
        return cast(_Found, found.value)
    raise AssertionError("nothing is waited for in a text that is all there")
