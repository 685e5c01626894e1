"""Checking a model's reply while it streams: every quotation, every speaker, every key.

A quotation must stand word for word in one turn that the model was given, of the speaker to whom
the sentence attributes it, at the key behind it. What does not is marked where it stands. The text
that comes out is the answer: shown as it is and kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from rag.answer.attribution import Attribution
from rag.answer.keys import parts
from rag.answer.pack import Given
from rag.answer.pieces import Around, around, pieces
from rag.answer.scan import Scanner
from rag.errors import safe
from rag.quotes import Match, Source, find, nearest
from rag.text import HAN, language
from rag.types import Address, Finding, people

_MARKS = {
    "zh": {
        "absent": "（✗ 记录里没有）",
        "near": "（✗ 与原话不符）",
        "speaker": "（✗ 说这话的是{}）",
        "place": "（✗ 出处是 {}）",
    },
    "en": {
        "absent": " (✗ not in the transcript)",
        "near": " (✗ not word for word)",
        "speaker": " (✗ said by {})",
        "place": " (✗ it stands at {})",
    },
}
_LABEL = re.compile(r"[\s>*_]*([^\n:：]{1,60}?)[\s*_]*[:：][\s*_]*(?=\S)")
_ENDS = tuple("。！？!?.")
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
# So short an expression in quotation marks is a name or a term, unless it is cited or introduced.
_TERM = {"zh": 5, "en": 3}


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quotation of the reply: what it matched, and what was found wrong with it."""

    words: str
    match: Match | None
    where: Given | None
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Cited:
    """A turn that the reply names for a claim that it makes in its own words."""

    claim: str
    where: Given


@dataclass(slots=True)
class Checked:
    """What the check of a reply found, as it goes along."""

    quotes: list[Quoted] = field(default_factory=list)
    cited: list[Cited] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Checker:
    """Takes a reply piece by piece and gives it back checked and marked."""

    def __init__(
        self,
        turns: Sequence[Given],
        names: Collection[str],
        question: str,
        spoken: str,
        titles: Collection[str] = (),
    ) -> None:
        """Make one for a reply from `turns`.

        `names` are the speakers who may be named, `spoken` is the language of the marks. Words of
        the question and of `titles` may stand in quotation marks without having been said.
        """
        self.found = Checked()
        self._turns = turns
        self._by_source = {id(item.source): item for item in turns}
        self._sources = [item.source for item in turns]
        self._transcripts = {item.source.address.transcript for item in turns}
        self._attribution = Attribution(names)
        self._unspoken = [Source(Address("", 1, 1), "", text) for text in (question, *titles)]
        self._marks = _MARKS[spoken]
        self._scanner = Scanner()

    def feed(self, text: str) -> str:
        """Take the next piece of the reply; return what can be shown."""
        return "".join(self._checked(safe(text), final=False))

    def finish(self) -> str:
        """Return the rest."""
        return "".join(self._checked("", final=True))

    def _checked(self, text: str, final: bool) -> Iterator[str]:
        for kind, raw in self._scanner.feed(text, final):
            if kind == "text":
                self._attribution.read(raw)
                yield raw
            elif kind == "bracket":
                yield self._bracket(raw, self._attribution.claim)
            else:
                yield self._passage(raw)

    def _passage(self, raw: str) -> str:
        """Check the quotations of a passage with what stands around each."""
        passage = list(pieces(raw))
        places = around(passage)
        quoted = False
        shown = []
        for part in passage:
            if part.kind == "quote":
                quoted = True
                words = self._unlabelled(part.inner)
                shown.append(part.raw + self._quotation(words, next(places)))
                self._attribution.skip(part.inner.rstrip().endswith(_ENDS))
            elif part.kind == "bracket":
                shown.append(self._bracket(part.raw, "" if quoted else self._attribution.claim))
            else:
                self._attribution.read(part.raw)
                shown.append(part.raw)
        return "".join(shown)

    def _unlabelled(self, inner: str) -> str:
        """The words of a quotation without the name of the speaker that was copied with them."""
        label = _LABEL.match(inner)
        if not label or not self._attribution.is_label(label[1]) or find(inner, self._sources):
            return inner
        self._attribution.read(label[0])
        return inner[label.end() :]

    def _quotation(self, inner: str, place: Around) -> str:
        """Check one quotation; return the mark that belongs behind it."""
        keys = [key for inner in place.brackets for key in self._keys(inner)]
        keys = keys or self._attribution.opening
        cited = [item for key in keys for item in self._given(key) or ()]
        introduced = (bool(keys) and place.cited_at_once) or self._attribution.introduces
        subjects = self._attribution.subjects(place.after, place.more, bool(place.brackets))
        introduced = introduced or self._attribution.told
        if not introduced and self._is_term(inner):
            return ""
        matches = find(inner, self._sources)
        if not matches and self._is_no_quotation(inner, cited, place):
            return ""
        finding = (
            self._misplaced(inner, matches, cited, subjects)
            if matches
            else self._unsaid(inner, cited)
        )
        match = matches and self._preferred(matches, cited, subjects)
        where = self._by_source[id(match.source)] if match else next(iter(cited), None)
        self.found.quotes.append(Quoted(inner, match or None, where, finding))
        if finding is None:
            return ""
        self.found.findings.append(finding)
        of = finding.speaker if finding.kind == "speaker" else str(finding.address)
        return self._marks[finding.kind].format(" ".join(safe(of).split()))

    def _is_no_quotation(self, inner: str, cited: Sequence[Given], place: Around) -> bool:
        """Whether words that nobody said need not have been: a translation, the question.

        A translation stands in parentheses behind the words that it translates, or before them.
        """
        spoken = language(inner)
        if any(language(other) != spoken and find(other, self._sources) for other in place.beside):
            return True
        return not cited and bool(find(inner, self._unspoken))

    def _unsaid(self, inner: str, cited: Sequence[Given]) -> Finding:
        """The finding about a quotation that stands nowhere: near something, or absent."""
        match = nearest(inner, [item.source for item in cited] or self._sources)
        if match.verdict != "near" and cited:
            match = nearest(inner, self._sources)
        if match.verdict != "near" or match.source is None:
            return Finding("absent", inner)
        source = match.source
        return Finding("near", inner, source.speaker, source.address, match.difference)

    def _misplaced(
        self,
        inner: str,
        matches: Sequence[Match],
        cited: Sequence[Given],
        subjects: Collection[str],
    ) -> Finding | None:
        """The finding about words that were said, but by somebody else or elsewhere, or None."""
        theirs = [m for m in matches if _may_say(m, subjects)]
        there = [m for m in theirs if not cited or _at(m, cited)]
        if there:
            return None
        match = self._preferred(matches, cited, subjects)
        assert match.source is not None  # it matched
        speaker, address = match.source.speaker, match.source.address
        others = {*subjects} or {name for item in cited for name in people(item.source.speaker)}
        if speaker and others.isdisjoint(people(speaker)):
            return Finding("speaker", inner, speaker, address)
        return Finding("place", inner, speaker, address)

    @staticmethod
    def _preferred(
        matches: Sequence[Match], cited: Sequence[Given], subjects: Collection[str]
    ) -> Match:
        return max(matches, key=lambda m: (_at(m, cited), _may_say(m, subjects)))

    def _is_term(self, inner: str) -> bool:
        return len(_WORD.findall(inner)) < _TERM["zh" if language(inner) == "zh" else "en"]

    def _bracket(self, raw: str, claim: str) -> str:
        """Check a bracket that may hold keys; return it as it is to be shown."""
        bare = raw.strip()
        rounded = bare[0] in "(（"
        found = parts(bare[1:-1], self._transcripts, rounded)
        if not found:
            self._attribution.read(raw)
            return raw
        shown: list[str] = []
        for part in found:
            turns = self._given(part.address) if part.is_key else []
            if turns is None:
                self.found.findings.append(Finding("key", part.text.strip()))
                continue
            shown.append(str(part.address) if part.is_key else part.text)
            if claim:
                self.found.cited += [Cited(claim, item) for item in turns]
        self._attribution.open_with([part.address for part in found if part.address])
        space = raw[: len(raw) - len(raw.lstrip())]
        if len(shown) == len(found) and any(part.labelled for part in found):
            return raw
        return f"{space}[{', '.join(shown)}]" if shown else ""

    def _keys(self, inner: str) -> list[Address]:
        return [part.address for part in parts(inner, self._transcripts) if part.address]

    def _given(self, address: Address | None) -> list[Given] | None:
        """The turns that a key names, or None when one of them was not given."""
        if address is None:
            return None
        turns = [item for item in self._turns if _inside(item.source.address, address)]
        numbers = {item.source.address.first for item in turns}
        # Asked by length first: a key of a billion turns is not to be counted through.
        if address.last - address.first >= len(self._turns):
            return None
        return turns if numbers == set(range(address.first, address.last + 1)) else None


def _inside(given: Address, key: Address) -> bool:
    """Whether a turn, or a part of one, is what a key names; a bare number names all parts."""
    if not given.covers(key):
        return False
    if not key.first_part or not given.first_part:
        return True
    return given.first_part <= key.last_part and key.first_part <= given.last_part


def _may_say(match: Match, subjects: Collection[str]) -> bool:
    """Whether nobody else is named; prose has no speaker, and may tell what anybody said."""
    assert match.source is not None  # it matched
    said_by = people(match.source.speaker)
    return not subjects or not said_by or not {*subjects}.isdisjoint(said_by)


def _at(match: Match, cited: Sequence[Given]) -> bool:
    return any(item.source is match.source for item in cited)
