"""To whom a sentence attributes the words that it quotes."""

from __future__ import annotations

import re
from collections.abc import Collection

from rag.answer.scan import SAYS_EN, SAYS_ZH
from rag.answer.speakers import ASKS, FEW_LETTERS, NOBODY, Names, Speakers
from rag.text import fold
from rag.types import Address

_SENTENCE = re.compile(r"[。！？!?；;\n]|\.(?=\s|$)")
_INTRODUCED = re.compile(
    r"(?:[:：]|(?<![知味频渠街轨赤力])道|(?<![小传听学就是据俗])说|(?<![请访疑学顾])问|[答讲]"
    r"|(?<![名简职统号俗昵人堪])称|\b(?:says?|said|asks?|asked))\s*[,，]?\s*[*_]*$"
)
_PRONOUN = re.compile(r"\W*(?:随后|然后|接着|后来|then\s+)?(?:[他她](?!们)|s?he\b)")
_CONNECTIVES = re.compile(
    rf"{SAYS_ZH}|还|又|也|再|并|且|和|与|及|接着|继续|然后|后来|另外|同时|而|他|她|们|过"
    rf"|\b(?:{SAYS_EN}|and|but|or|that|then|also|again|later|he|she|they|it|as|on|the|a|to)\b|\W+"
)
_ANSWERS = re.compile(r"[他她其答]|回应|\b(?:s?he|answer|repl(?:y|ies|ied))")
_BEHIND = re.compile(
    rf"[\s,，.。!?！？…*_]*(?:{SAYS_EN})\s+(?:the\s+)?[*_]*|[\s,，]*由"
    r"|[\s>*_]*(?P<dash>——|—|–|--|-(?=\s)|[(（])[\s*_]*|\s*(?P<bar>\|)[\s*_]*"
)
_ENDS_NAME = re.compile(r"\s*[*_]*\s*(?:[,，)）|；;、.。:：]|$|在|说)")
_CLAUSE_END = re.compile(r"[,，;；。\n]")
_NAMED_AFTER = re.compile(
    r"[\s,，.。!?！？…*_]*(?P<who>[^,，.。!?！？;；:：\n]{1,60}?"
    rf"(?:{SAYS_ZH}过?|\b(?:{SAYS_EN})\b))(?:\s+(?!that\b)[a-z]+)?[\s*_]*(?=[,，.。;；:：!！?？)）\n]|$)"
)
_MARKUP = re.compile(r"[\s>|]*(?:(?:[-*•]|\d+[.)、])\s+|#+\s*)*[\s>|*_]*")
_LIST = re.compile(r"\s*(?:[-*•>|]|\d+[.)、]|\W*$)")
_KEPT = 600  # characters of a sentence
_QUOTED = "\x00"  # stands for a quotation; no reply has it, for it is taken out before


class Attribution:
    """Follows the text outside quotations, and knows who is named at every point of it."""

    def __init__(self, names: Collection[str]) -> None:
        self._speakers = Speakers(names)
        self._unread: list[str] = []
        self._sentence = ""
        self._segment = ""  # of the sentence, since its last quotation
        self._told = ""  # the beginning of the next segment, which says who said the last words
        self._carried: Names = NOBODY  # who said the quotation before it in this sentence
        self._asked = False  # whether that was a question
        self._last = ""  # the sentence before, for a key that comes after its full stop
        self._line = ""
        self._label = ""  # a line that ended with a colon or is a name, for the list below it
        self._opening: list[Address] = []
        self._topic: list[Names] = []  # who was named in this paragraph

    def is_label(self, text: str) -> bool:
        """Tell whether a text is a speaker's name and hardly anything else."""
        return len(text) < _KEPT and self._speakers.is_label(text)

    @property
    def claim(self) -> str:
        """The sentence that a key here is about."""
        self._take()
        return (self._sentence.replace(_QUOTED, " ").strip() or self._last).strip()

    @property
    def told(self) -> bool:
        """Whether somebody is named behind the quotation that was asked about last."""
        return bool(self._told)

    @property
    def opening(self) -> list[Address]:
        """The keys with which the line began, as turns do in the prompt, while in its sentence."""
        self._take()
        return self._opening

    def open_with(self, keys: list[Address]) -> None:
        """Take keys, which count for what follows if nothing stands before them in the line."""
        if not self.line:
            self._opening = keys

    @property
    def line(self) -> str:
        """What stands in this line before here, without markup; a quotation is one character."""
        self._take()
        return self._line[_marked(self._line) :].strip()

    @property
    def introduces(self) -> bool:
        """Whether the text announces that somebody's words follow."""
        self._take()
        return _INTRODUCED.search(fold(self._segment)) is not None

    def read(self, text: str) -> None:
        """Take the next stretch of text outside of quotations."""
        # Looked at when it is asked for: where a piece of a stream ends, nothing ends.
        self._unread.append(text)

    def skip(self, ends: bool) -> None:
        """Take a quotation, of which only its place counts and whether it ends the sentence."""
        self._take()
        self._line = (self._line + _QUOTED)[:_KEPT]
        self._sentence = (self._sentence + _QUOTED)[-_KEPT:]
        self._asked = ASKS.search(fold(self._segment)) is not None
        self._segment = ""
        if ends:
            self._end_sentence()

    def _take(self) -> None:
        text, self._unread = "".join(self._unread), []
        if not text:
            return
        told, self._told = self._told, ""
        for number, line in enumerate(text.split("\n")):
            if number:
                self._end_line()
            self._line = (self._line + line)[:_KEPT]
            said = line.removeprefix(told) if not number else line
            hidden = len(line) - len(said)
            *ended, rest = _SENTENCE.split(line)
            for part in ended:
                self._grow(part, hidden)
                hidden = max(0, hidden - len(part) - 1)
                self._end_sentence()
            self._grow(rest, hidden)

    def _grow(self, text: str, hidden: int) -> None:
        self._sentence = (self._sentence + text)[-_KEPT:]
        self._segment = (self._segment + text[hidden:])[-_KEPT:]

    def _end_sentence(self) -> None:
        if self._sentence.strip():
            self._last = self._sentence.replace(_QUOTED, " ")
            start = _marked(self._sentence)
            self._remember(self._sentence[start:])
            self._opening = []
        self._sentence = self._segment = ""
        self._carried = NOBODY

    def _remember(self, sentence: str) -> None:
        """Keep who is named in a sentence, for a pronoun in the next one."""
        folded = fold(sentence)
        for place in self._speakers.places(folded):
            first = place.start == 0 and not re.match(r"(?:'s|的)", folded[place.end :])
            self._topic.append(place.names if first and not ASKS.search(folded) else NOBODY)

    def _end_line(self) -> None:
        self._end_sentence()
        line = self._line[_marked(self._line) :].rstrip().rstrip("*_")
        if _QUOTED not in line and (line.endswith((":", "：")) or self.is_label(line)):
            self._label = line
        elif not _LIST.match(self._line) and not line.startswith(_QUOTED):
            self._label = ""
        self._line = ""
        self._opening = []
        self._topic = []

    def subjects(self, after: str, more: bool, keyed: bool) -> Names:
        """Return who is said to have said the words that stand here; empty when nobody is named.

        `after` is the text behind them; with `more` another quotation follows upon it, and with
        `keyed` a key stands between. Who is named right behind them counts first, then who is
        named nearest before them, then the line above the list that they stand in.
        """
        self._take()
        names, told = self._behind(after)
        names = names or self._speakers.saying(self._segment)
        if not names:
            names, told = self._behind_loosely(after, more, keyed)
        names = names or self._carried_on() or self._above() or self._meant()
        self._told = told
        self._carried = names
        return names

    def _behind(self, after: str) -> tuple[Names, str]:
        """Who is named behind words in a way that cannot belong to anything else, and the text."""
        found = _BEHIND.match(after)
        if found is None or (found["bar"] and self._speakers.saying(self._segment)):
            return NOBODY, ""
        folded = fold(after[found.end() :])
        place = next(iter(self._speakers.places(folded)), None)
        if place is None or place.start > 0:
            return NOBODY, ""
        if (found["dash"] or found["bar"]) and not _ENDS_NAME.match(folded, place.end):
            return NOBODY, ""
        clause = _CLAUSE_END.search(after, found.end() + place.end)
        return place.names, after[: clause.start()] if clause else after

    def _behind_loosely(self, after: str, more: bool, keyed: bool) -> tuple[Names, str]:
        """Who is named behind words before a verb, unless that introduces the next ones."""
        found = _NAMED_AFTER.match(after)
        if found is None:
            return NOBODY, ""
        rest = after[found.end() :].strip(" *_\t")
        if more and (rest in ("", ":", "：") or (keyed and rest in (",", "，"))):
            return NOBODY, ""
        names = self._speakers.saying(found["who"])
        return names, found[0] if names else ""

    def _carried_on(self) -> Names:
        """Who said the quotation before this one, where the sentence simply goes on."""
        folded = fold(self._segment)
        if not self._carried or len(_CONNECTIVES.sub("", folded)) > FEW_LETTERS:
            return NOBODY
        return NOBODY if self._asked and _ANSWERS.search(folded) else self._carried

    def _above(self) -> Names:
        """Who is named in the line above a list, or above the line that these words begin."""
        colon = self._label.endswith((":", "："))
        if not colon and not _LIST.match(self._line) and self.line.strip(_QUOTED):
            return NOBODY
        return self._speakers.saying(self._label)

    def _meant(self) -> Names:
        """Whom a pronoun means, in a paragraph that named only one."""
        start = _marked(self._segment)
        named = self._speakers.places(fold(self._segment))
        if named or len(self._topic) != 1 or not _PRONOUN.match(fold(self._segment), start):
            return NOBODY
        return self._topic[0]


def _marked(line: str) -> int:
    """Where a line begins behind the markup of a list, a heading, a quotation or a table."""
    found = _MARKUP.match(line)
    return found.end() if found else 0
