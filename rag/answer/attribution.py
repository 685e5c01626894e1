"""To whom a sentence attributes the words that it quotes."""

from __future__ import annotations

import re
from collections.abc import Collection

from rag.retrieve import mentioned

# Somebody to whom something is said is not who says it.
_SPOKEN_TO = re.compile(
    r"(?:[对向跟问答给]|告诉|回答|回应|\b(?:to|asked|asks|told|tells|answered))\s*$"
)
_SENTENCE = re.compile(r"[。！？!?；;\n]|\.(?=\s|$)")
_INTRODUCED = re.compile(r"(?:[:：]|[说道问答称讲]|\b(?:says?|said|asks?|asked))\s*[,，]?\s*[*_]*$")
_AFTER = re.compile(
    r"^\W*(?:\w+\s+){0,3}?(?:said|says|asked|asks|replied|explained|added|recalled|put it)\b"
    r"|^[^。！？\n]{0,12}(?:说|道|表示|回答|问)"
)
_ENDS = tuple("。！？!?.")
_QUOTED = "\x00"  # stands for a quotation; no reply has it, for it is taken out before
_LIST = re.compile(r"\s*(?:[-*•>]|\d+[.)、]|$)")


class Attribution:
    """Follows the text outside quotations, and knows who is named at every point of it."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._sentence = ""
        self._last = ""  # the sentence before, for a key that comes after its full stop
        self._line = ""
        self._label = ""  # a line that ended with a colon, for the list below it

    @property
    def claim(self) -> str:
        """The sentence that a key here is about."""
        return (self._sentence.strip() or self._last).strip()

    @property
    def introduces(self) -> bool:
        """Whether the text announces that somebody's words follow."""
        return _INTRODUCED.search(self._sentence) is not None

    def read(self, text: str) -> None:
        """Take the next stretch of text outside of quotations."""
        for line_number, line in enumerate(text.split("\n")):
            if line_number:
                self._end_line()
            self._line += line
            self._sentence += line
            *ended, rest = _SENTENCE.split(self._sentence)
            if ended:
                self._last = next((s for s in reversed(ended) if s.strip()), self._last)
                self._sentence = rest

    def skip(self, quotation: str) -> None:
        """Take a quotation, of which only its place counts and whether it ends the sentence."""
        self.read(_QUOTED + ("。" if quotation.rstrip().endswith(_ENDS) else ""))

    def _end_line(self) -> None:
        if self._line.rstrip().rstrip("*_").endswith((":", "：")):
            self._label = self._line
        elif not _LIST.match(self._line):
            self._label = ""
        self._last = self._sentence if self._sentence.strip() else self._last
        self._line = self._sentence = ""

    def subjects(self, after: str) -> frozenset[str]:
        """Return who is said to have said the words that stand here; empty when nobody is named.

        `after` is the text between them and the next quotation. Who is named nearest before them
        counts, then who is named behind them, then the line above the list that they stand in.
        """
        said = next(filter(None, map(self._named, reversed(self._sentence.split(_QUOTED)))), None)
        if said is None and _AFTER.search(after):
            said = self._named(_SENTENCE.split(after, maxsplit=1)[0])
        return said or self._named(self._label)

    def _named(self, text: str) -> frozenset[str]:
        """The speakers named in a text, without those to whom something is said."""
        named = mentioned(text, self._names)
        subjects = {name for name in named if not self._only_spoken_to(text, name)}
        return frozenset(subjects or named)

    @staticmethod
    def _only_spoken_to(text: str, name: str) -> bool:
        parts = {name, *name.split()}
        places = [m.start() for p in parts if len(p) > 1 for m in re.finditer(re.escape(p), text)]
        return bool(places) and all(_SPOKEN_TO.search(text[:at]) for at in places)
