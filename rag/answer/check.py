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
from rag.answer.pack import Given
from rag.answer.scan import Piece, pieces, unit
from rag.errors import UsageError, safe
from rag.quotes import Match, Source, find, nearest
from rag.text import HAN, language
from rag.types import Address, Finding

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
_KEY_SPLIT = re.compile(r"\s*(?:[,，;；、]|\band\b|和)\s*")
_NUMBERS = re.compile(r"\^?\d{1,4}(?:\s*[-–,，]\s*\^?\d{1,4})*")
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?")
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
        self, turns: Sequence[Given], names: Collection[str], question: str, spoken: str
    ) -> None:
        """`names` are the speakers who may be named, `spoken` is the language of the marks."""
        self.found = Checked()
        self._turns = turns
        self._by_source = {id(item.source): item for item in turns}
        self._sources = [item.source for item in turns]
        self._transcripts = {item.source.address.transcript for item in turns}
        self._attribution = Attribution(names)
        self._question = [Source(Address("question", 1, 1), "", question)]
        self._marks = _MARKS[spoken]
        self._held = ""
        self._before = ""

    def feed(self, text: str) -> str:
        """Take the next piece of the reply; return what can be shown."""
        self._held += safe(text)
        return "".join(self._units(final=False))

    def finish(self) -> str:
        """Return the rest."""
        return "".join(self._units(final=True))

    def _units(self, final: bool) -> Iterator[str]:
        while (found := unit(self._held, self._before, final)) is not None:
            kind, end = found
            raw, self._held = self._held[:end], self._held[end:]
            self._before = raw[-1]
            if kind == "text":
                self._attribution.read(raw)
                yield raw
            elif kind == "bracket":
                yield self._bracket(raw, self._attribution.claim)
            else:
                yield self._passage(raw)

    def _passage(self, raw: str) -> str:
        """Check the quotations of a passage with what stands around each."""
        parts = list(pieces(raw))
        shown = []
        for n, part in enumerate(parts):
            if part.kind == "quote":
                after = "".join(_outside(parts, n))
                shown.append(part.raw + self._quotation(part.inner, _keys_after(parts, n), after))
                self._attribution.skip(part.inner)
            elif part.kind == "bracket":
                claim = "" if _quote_before(parts, n) else self._attribution.claim
                shown.append(self._bracket(part.raw, claim))
            else:
                self._attribution.read(part.raw)
                shown.append(part.raw)
        return "".join(shown)

    def _quotation(self, inner: str, keys: Sequence[str], after: str) -> str:
        """Check one quotation; return the mark that belongs behind it."""
        cited = [item for key in keys for item in self._given(key) or ()]
        introduced = bool(keys) or self._attribution.introduces
        if not introduced and self._is_term(inner):
            return ""
        matches = find(inner, self._sources)
        if not matches and not cited and find(inner, self._question):
            return ""
        subjects = self._attribution.subjects(after)
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
        others = subjects or {item.source.speaker for item in cited}
        if speaker and speaker not in others:
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
        inner = raw.strip()[1:-1]
        keys = _KEY_SPLIT.split(inner.strip())
        if not all(map(self._is_key, keys)):
            self._attribution.read(raw)
            return raw
        good: list[str] = []
        for key in keys:
            turns = self._given(key)
            if turns is None:
                self.found.findings.append(Finding("key", key))
                continue
            good.append(str(Address.parse(key)))
            if claim:
                self.found.cited += [Cited(claim, item) for item in turns]
        space = raw[: len(raw) - len(raw.lstrip())]
        return f"{space}[{', '.join(good)}]" if good else ""

    def _is_key(self, text: str) -> bool:
        """Whether a text is one that only a citation would have in brackets."""
        if _NUMBERS.fullmatch(text):
            return True
        try:
            address = Address.parse(text)
        except UsageError:
            return False
        return address.transcript in self._transcripts or not _CLOCK.fullmatch(text)

    def _given(self, key: str) -> list[Given] | None:
        """The turns that a key names, or None when one of them was not given."""
        try:
            address = Address.parse(key)
        except UsageError:
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
    return not subjects or not match.source.speaker or match.source.speaker in subjects


def _at(match: Match, cited: Sequence[Given]) -> bool:
    return any(item.source is match.source for item in cited)


def _keys_after(parts: Sequence[Piece], n: int) -> list[str]:
    """The keys that belong to a quotation: those between it and the next one."""
    keys: list[str] = []
    for part in parts[n + 1 :]:
        if part.kind == "quote":
            break
        if part.kind == "bracket":
            keys += _KEY_SPLIT.split(part.inner.strip())
    return keys


def _outside(parts: Sequence[Piece], n: int) -> Iterator[str]:
    """The text between a quotation and the next."""
    for part in parts[n + 1 :]:
        if part.kind == "quote":
            return
        if part.kind == "text":
            yield part.raw


def _quote_before(parts: Sequence[Piece], n: int) -> bool:
    return any(part.kind == "quote" for part in parts[:n])
