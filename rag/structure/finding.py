"""Answers that are looked up turn by turn: words mentioned, questions on a word, first and last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.lexical import question_terms, terms
from rag.structure.counting import Draft, quoted
from rag.structure.scene import Scene, cite, question_sentences, speaking, year
from rag.structure.wording import SHOWN, capped, joined, quote, say
from rag.text import fold, sentences, unnamed
from rag.types import Citation, Section, Transcript, Turn

_YEAR = re.compile(
    r"(?<![\d.,£$€¥])(?:(?P<zh>20\d\d|21\d\d)\s?(?=年)|(?P<en>20\d\d|21\d\d)(?![\d%]|[.,:/]\d|\s?[年块元个人册本万亿]))"
)
_FORWARD = re.compile(
    r"\b(?:will|won't|going to|gonna|predict\w*|expect\w*|forecast\w*|by 2\d\d\d|plan(?:s|ning)? to"
    r"|should|shall|may|might|i'll|we'll|they'll|it'll)\b"
    # 会 is a meeting as well: only beside what makes it a verb.
    "|(?<=[就也还都才将不能定该们它他她我你年])会|(?<![享备盘议])会(?=[在是有被把让给变成出走超达发取改更越])"
    "|将(?!军)|预计|预测|预言|可能|估计"
    "|要到|打算|计划|有望|即将|争取|目标"
)
_SHORTEST = 3
_WIDE = re.compile(r"[^\x00-\x7f]")


def mentions(scene: Scene) -> Draft | None:
    """Who says a word, in which transcripts, how often: to the letter, as the answer says."""
    pattern = _literal(scene.asked.topic)
    found: list[tuple[Transcript, Turn | Section, int]] = []
    looked = 0
    for item, part in scene.parts():
        looked += 1
        count = len(pattern.findall(fold(part.text)))
        if count:
            found.append((item, part, count))
    if not found:
        return None
    head = say(
        scene.language,
        "mentions",
        topic=scene.asked.topic,
        count=sum(count for _, _, count in found),
        parts=len(found),
        transcripts=len({item.id for item, _, _ in found}),
        looked=looked,
    )
    totals = _totals(scene, found)
    cited = [(item, _sentence_with(item, part, pattern)) for item, part, _ in found]
    return quoted(scene, [head, totals], cited, SHOWN)


def _totals(scene: Scene, found: Sequence[tuple[Transcript, Turn | Section, int]]) -> str:
    """How often the word stands in each transcript, or how often each person says it."""
    added: dict[str, int] = {}
    for item, part, count in found:
        said_by = speaking(part) if isinstance(part, Turn) else (item.title,)
        for speaker in (f"[{item.id}]",) if scene.asked.listed else sorted(said_by):
            key = speaker or unnamed(scene.language)
            added[key] = added.get(key, 0) + count
    ordered = sorted(added.items(), key=lambda pair: -pair[1])
    shown = [f"{name} {count}" for name, count in ordered[:SHOWN]]
    left = len(ordered) - SHOWN
    more = [say(scene.language, "more", count=left)] if left > 0 else []
    return joined(scene.language, [*shown, *more])


def _literal(topic: str) -> re.Pattern[str]:
    """Find a word as written; whole and in singular or plural where it is of Latin letters."""
    folded = fold(topic)
    wide = _WIDE.search(topic) is not None
    if not wide and len(folded) > _SHORTEST:
        folded = re.sub("(?<!s)s$", "", re.sub("ies$", "y", folded))
    parts = [re.escape(part) for part in re.split(r"[\s-]+", folded) if part]
    if wide:
        return re.compile(r"\s*".join(parts))
    last = parts[-1].removesuffix("y") + "(?:y|ies)" if parts[-1].endswith("y") else parts[-1]
    words = "[ -]?".join([*parts[:-1], last])
    return re.compile(rf"(?<![a-z0-9]){words}(?:e?s)?(?![a-z0-9])")


def _sentence_with(item: Transcript, part: Turn | Section, pattern: re.Pattern[str]) -> Citation:
    spans = sentences(part.text)
    for start, end in spans:
        if pattern.search(fold(part.text[start:end])):
            return cite(item, part, start, end)
    return cite(item, part, *(spans[0] if spans else (0, len(part.text))))


def asked(scene: Scene) -> Draft | None:
    """Who asks about something: the questions in which all its words stand."""
    wanted = set(question_terms(scene.asked.topic))
    cited: list[tuple[Transcript, Citation]] = []
    looked = 0
    for item, turn in scene.turns():
        spans = question_sentences(turn.text)
        looked += bool(spans)
        for start, end in spans:
            if wanted <= set(terms(turn.text[start:end])):
                cited.append((item, cite(item, turn, start, end)))
                break
    if not cited or not wanted:
        return None
    head = say(scene.language, "askers", topic=scene.asked.topic, count=len(cited), looked=looked)
    return quoted(scene, [head], cited, SHOWN)


def said(scene: Scene) -> Draft | None:
    """What somebody says in each transcript: how much, and how each turn begins."""
    by: dict[tuple[str, str], list[tuple[Transcript, Turn]]] = {}
    share = {(row.transcript, row.name): row for row in scene.people}
    for item, turn in scene.turns():
        for name in speaking(turn):
            if (item.id, name) in share:
                by.setdefault((item.id, name), []).append((item, turn))
    if not by:
        return None
    limit = max(2, SHOWN // len(by))
    lines: list[str] = []
    citations: list[Citation] = []
    for (id_, name), spoken in by.items():
        row = share[id_, name]
        amount = say(scene.language, "share", turns=row.turns, characters=row.characters)
        lines.append(say(scene.language, "said", who=name, id=id_, share=amount))
        draft = quoted(
            scene, [], [(item, _sentence(item, turn, 0)) for item, turn in spoken], limit
        )
        lines += draft.lines
        citations += draft.citations
    return Draft(tuple(lines), tuple(citations))


def edge(scene: Scene) -> Draft | None:
    """What is said first or last, and by whom, in each transcript."""
    which = -1 if scene.asked.last else 0
    by: dict[tuple[str, str], list[tuple[Transcript, Turn]]] = {}
    for item, turn in scene.turns():
        # Several people asked about are answered one by one, everybody as one conversation.
        if scene.asked.listed and not question_sentences(turn.text):
            continue
        for name in speaking(turn) if scene.about_some else ("",):
            if not scene.about_some or scene.wants(item.id, name):
                by.setdefault((item.id, name), []).append((item, turn))
    if not by:
        return None
    before = say(scene.language, "last" if scene.asked.last else "first")
    lines: list[str] = []
    citations: list[Citation] = []
    for spoken in by.values():
        item, turn = spoken[which]
        citation = _sentence(item, turn, which, asking=scene.asked.listed)
        citations.append(citation)
        lines.append(quote(scene.language, citation, item, before))
    if len(lines) == 1:
        return Draft(tuple(lines), tuple(citations))
    return Draft(tuple(capped(scene.language, lines)), tuple(citations[:SHOWN]))


def _sentence(item: Transcript, turn: Turn, which: int, *, asking: bool = False) -> Citation:
    """Cite the first or last sentence of a turn, of those that ask if so wanted."""
    spans = (question_sentences if asking else sentences)(turn.text)
    return cite(item, turn, *(spans[which] if spans else (0, len(turn.text))))


def predictions(scene: Scene) -> Draft:
    """Sentences that name a year to come.

    A year after that of the transcript is one; the year of the transcript itself only beside a word
    that looks ahead. Where a transcript has no date, the latest one of the index stands in for it,
    and the word is always needed.
    """
    years = {item.id: year(scene.store, item) for item in scene.listed}
    newest = max(years.values())
    cited: list[tuple[Transcript, Citation]] = []
    looked = 0
    for item, part in scene.parts():
        looked += 1
        dated = years[item.id]
        spans = [
            span
            for span in sentences(part.text)
            if _looks_ahead(part.text[span[0] : span[1]], dated, newest)
        ]
        cited += [(item, cite(item, part, start, end)) for start, end in _runs(part.text, spans)]
    if not cited:
        return Draft((say(scene.language, "none", looked=looked),))
    head = say(scene.language, "predictions", count=len(cited), looked=looked)
    return quoted(scene, [head], cited, SHOWN)


def _looks_ahead(sentence: str, dated: int, newest: int) -> bool:
    folded = fold(sentence)
    # Beside Chinese a bare number is rarely a year, and often part of a name: AI Ascent 2025.
    years = [
        int(match["zh"] or match["en"])
        for match in _YEAR.finditer(folded)
        if match["zh"] or not _WIDE.search(folded)
    ]
    if not years:
        return False
    latest, forward = max(years), _FORWARD.search(folded) is not None
    if dated:
        return latest > dated or (latest == dated and forward)
    return latest > newest and forward


def _runs(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join sentences that follow each other into one stretch."""
    runs: list[tuple[int, int]] = []
    for start, end in spans:
        if runs and not text[runs[-1][1] : start].strip():
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs
