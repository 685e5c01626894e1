"""Who speaks in each line of the captions: names within the text, and marks of a new speaker.

Names are told from other words before a colon as in any transcript (see `labels`): all lines of a
file are looked at together. A dash or `>>` says that somebody else speaks, and not who.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.text import fold
from rag.transcripts.cues import Cue, used_up
from rag.transcripts.labels import Candidate, accept, candidate
from rag.transcripts.names import is_name, is_role
from rag.transcripts.speech.languages import other_script
from rag.transcripts.speech.rolling import captions
from rag.transcripts.speech.sounds import is_sound, recurring, without_sounds

_CHANGE = re.compile(r"\s*(?:>{2,3}|»)\s*")
_DASH = re.compile(r"\s*[-–—‐]\s?(?=[^\W\d_]|[\"“‘'¿¡\[(（【「♪])|\s*[-–—]\s(?=\S)")
_OPENERS = frozenset(" >»-–—‐")
_ASIDE = re.compile(r"\s*[\[(（]\s*(?P<label>[^\[\]()（）]{1,40}?)\s*[\])）]\s*(?P<rest>.*)")
_SENTENCE_END = re.compile(r"[.?!…。？！♪\])）】][\"'”’」』)）\]]*$")
_SAID = "…"  # for any words behind a name
_FEW = 20  # lines for each name in brackets, at least, where not everybody is named
_MARKED = "aside"  # the style of a name in brackets without a colon
_STYLES = ("heading", "dash", "plain-time", "bold-time")  # of documents, not of captions


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of captions, or a part of one, as one person says it.

    `label` is the name as written, empty when nobody is named; with `opens` a new turn begins.
    `other` tells the second language of captions in two.
    """

    start: float | None
    end: float | None
    text: str
    line: int
    label: str
    opens: bool
    other: bool


@dataclass(frozen=True, slots=True)
class _Names:
    """The lines that begin with the name of a speaker, by their place among the cues.

    A long file has no room for what is said behind each name: of that only the length is kept, and
    one candidate stands for all that are alike otherwise.
    """

    found: list[Candidate | None]
    lengths: array[int]  # -1 where what is said is not the end of the line as it stands

    def rest(self, at: int, cue: Cue) -> str:
        """What is said behind the name in the line at this place."""
        if self.lengths[at] >= 0:
            return cue.text[len(cue.text) - self.lengths[at] :]
        item = _candidate(cue)
        return item.rest if item is not None else ""


def pieces(cues: list[Cue], aliases: Mapping[str, str], *, dual: bool) -> Iterator[Piece]:
    """Yield what is said, line by line, with the name of who says it as far as the file tells.

    The cues are used up.
    """
    names = _accepted(cues, aliases)
    often = recurring(cue.text for cue in cues)
    reader = _Reader(names, often, few=_names_few(cues, names), dual=dual)
    at = 0
    for caption in captions(used_up(cues)):
        yield from reader.caption(caption, at)
        at += len(caption)


def _accepted(cues: Sequence[Cue], aliases: Mapping[str, str]) -> _Names:
    lengths = array("q")
    found = list(_candidates(cues, lengths))
    likely = [item for item in found if item is not None and (item.rest or item.style != _MARKED)]
    declared = {*aliases, *aliases.values()}
    sure = accept(likely, declared, (cue.text for cue in cues))
    keys = {item.key for item in sure if item.style in (_MARKED, "bracket")}
    named = {id(item) for item in sure}
    named |= {id(item) for item in found if item and not item.rest and item.key in keys}
    return _Names([item if id(item) in named else None for item in found], lengths)


def _candidates(cues: Iterable[Cue], lengths: array[int]) -> Iterator[Candidate | None]:
    """For each cue the name that it may begin with; add how much is said behind it."""
    alike: dict[tuple[str, str, bool], Candidate] = {}
    for cue in cues:
        item = _candidate(cue)
        lengths.append(len(item.rest) if item and cue.text.endswith(item.rest) else -1)
        if item is not None:
            key = item.style, item.written, bool(item.rest)
            if key not in alike:
                alike[key] = replace(item, rest=_SAID if item.rest else "")
            item = alike[key]
        yield item


def _names_few(cues: Sequence[Cue], names: _Names) -> bool:
    """Tell whether names in brackets are only for people off the screen, as in films.

    Such a name says nothing about who speaks after the sentence.
    """
    asides = sum(item is not None and item.style == _MARKED for item in names.found)
    if not asides or asides * _FEW < len(cues):
        return True
    pairs = zip(cues, names.found, strict=True)
    return any(_unmarked(cue.text)[1] for cue, item in pairs if item is None)


def _candidate(cue: Cue) -> Candidate | None:
    if cue.speaker:
        return None
    text = cue.text
    text = _unmarked(text)[0]
    if text[:1] not in ("[", "(", "（", "【") and ":" not in text and "：" not in text:
        return None
    item = candidate(text, 0)
    if item is not None and not item.style.startswith(_STYLES):
        return None if is_sound(item.label) else item
    match = _ASIDE.fullmatch(text)
    if match is None or is_sound(match["label"]):
        return None
    label = match["label"]
    if not (is_name(label) or is_role(label)) or re.match(r"[,.;:!?，。；：！？、]", match["rest"]):
        return None
    return Candidate(0, label, label, fold(label), match["rest"], _MARKED)


def _unmarked(text: str) -> tuple[str, bool]:
    """A line without the mark of a new speaker, and whether there was one."""
    if text[:1] not in _OPENERS:
        return text, False
    if match := _CHANGE.match(text):
        return text[match.end() :], True
    if not text.startswith("--") and (match := _DASH.match(text)):
        return text[match.end() :], True
    return text, False


class _Reader:
    """Goes through the captions and remembers who speaks."""

    def __init__(self, names: _Names, often: frozenset[str], *, few: bool, dual: bool) -> None:
        self._names = names
        self._often = often  # lines in brackets
        self._dual = dual
        self._few = few
        self._label = ""
        self._given = ""  # the speaker field of the cue before
        self._passing = False  # the name holds for this sentence only
        self._two = False  # the caption before had two speakers
        self._finished = True  # the last sentence has its end

    def caption(self, cues: Sequence[Cue], at: int) -> Iterator[Piece]:
        """Yield the pieces of one caption, whose first cue is the one at `at`."""
        marks = sum(_unmarked(cue.text)[1] for cue in cues)
        after_two, self._two = self._two, False
        opened = {False: 0, True: 0}
        for index, cue in enumerate(cues, start=at):
            other = self._dual and other_script(cue.text)
            item = self._names.found[index]
            text, marked = _unmarked(cue.text)
            marked = marked and self._is_new(cue, text, marks, first=index == at)
            opens = self._opens(cue.speaker, item, opened, marked=marked, other=other)
            if index == at and after_two and self._finished and not self._label:
                opens = True  # which of the two goes on is not said
            self._two = self._two or opened[other] > 1
            said = text if marked else cue.text
            if item is not None:
                said = self._names.rest(index, cue).strip()
            if said := without_sounds(said, self._often):
                self._finished = _SENTENCE_END.search(said) is not None
            if said or opens:
                yield Piece(cue.start, cue.end, said, cue.line, self._label, opens, other)

    def _opens(
        self, speaker: str, item: Candidate | None, opened: dict[bool, int], *,
        marked: bool, other: bool,
    ) -> bool:  # fmt: skip
        """Tell whether somebody else begins to speak, and remember who."""
        if speaker or self._given:
            changed, self._given = speaker != self._label, speaker
            self._label = speaker
            return changed or (marked and not speaker)
        if item is not None or marked:
            opened[other] += 1
            # The second language of a caption repeats who speaks.
            if self._dual and opened[not other] >= opened[other]:
                return False
            before, self._label = self._label, item.written if item is not None else ""
            self._passing = item is not None and item.style == _MARKED and self._few
            return not before or before != self._label
        if self._passing and self._finished:
            self._label, self._passing = "", False
            return True
        return False

    def _is_new(self, cue: Cue, text: str, marks: int, *, first: bool) -> bool:
        """A dash within a sentence is a dash; one before a new sentence is a new speaker."""
        if _CHANGE.match(cue.text) or marks > 1:
            return True
        return self._finished or (first and bool(text) and not text[0].islower())
