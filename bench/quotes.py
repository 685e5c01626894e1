"""Are lies caught, and true quotations left alone? And what does checking an answer cost?

True quotations are sentences of the transcripts; every kind of lie is made from them, the same
ones every time. A lie that is by accident verbatim among the words of the same speaker is none, and
is left out; that is decided by comparing letters and digits only, not by the matcher itself.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.lies import KINDS, SHORTEST, UNIT, Quotation
from bench.measure import ROOT, heading, note, percentile, progress, table
from rag import transcripts
from rag.quotes import Source, check, exact, words
from rag.text import HAN, sentences
from rag.types import Address, Transcript

EACH = 250
"""Quotations and lies of a kind."""
TARGETS = {"caught %": 99.0, "false alarms %": 1.0, "ms": 5.0}

_LONGEST = 80  # words
_TURNS, _CHARACTERS, _QUOTED, _ROUNDS = 60, 13_000, 6, 30
_CLAUSE = re.compile(r"(?:[，；：;]|[,:](?!\d))\s*")


def measure(folder: Path | None) -> None:
    """Print the tables: lies caught, false alarms, milliseconds."""
    chance = random.Random(3)
    true = _quotations(folder, chance)
    heading("Quotations")
    note(
        f"{len(true)} sentences of {len({q.source.address.transcript for q in true})} transcripts,"
        f" checked among all turns of theirs. Targets: ≥ {TARGETS['caught %']:.0f} % of lies"
        f" caught, ≤ {TARGETS['false alarms %']:.0f} % false alarms, < {TARGETS['ms']:.0f} ms."
    )
    progress("quotes: lies")
    table(("Lie", "Language", "Lies", "Caught %", "as near", "as absent"), _caught(true, chance))
    progress("quotes: true quotations")
    columns = ("True quotation, with", "Language", "Quotations", "False alarms", "%")
    table(columns, _alarms(true, chance))
    progress("quotes: time")
    note(
        f"An answer with {_QUOTED} quotations, checked in as much as 16 passages hold (or as there"
        f" is); cold: nothing of it was seen before. Medians of {_ROUNDS}."
    )
    table(("Language", "Turns", "Characters", "Quotations", "Cold ms", "Warm ms"), _times(true))


def _quotations(folder: Path | None, chance: random.Random) -> list[Quotation]:
    items = [transcripts.read(path) for path in transcripts.find([ROOT / "corpus"])]
    if folder is not None:
        items += [transcripts.read(path) for path in transcripts.find([folder])]
    true: dict[str, list[Quotation]] = {"zh": [], "en": []}
    for item in items:
        among = _sources(item)
        for source in among:
            for start, end in sentences(source.text):
                text = source.text[start:end]
                if SHORTEST <= len(UNIT.findall(text)) <= _LONGEST:
                    true.setdefault(item.language, []).append(
                        Quotation(text, source, among, item.language)
                    )
    return [q for some in true.values() for q in _some(some, 2 * EACH, chance)]


def _sources(item: Transcript) -> tuple[Source, ...]:
    return tuple(
        Source(Address(item.id, turn.number, turn.number), turn.speaker, turn.text)
        for turn in item.turns
    )


def _some(items: Sequence[Quotation], count: int, chance: random.Random) -> list[Quotation]:
    return chance.sample(items, min(count, len(items)))


def _caught(true: Sequence[Quotation], chance: random.Random) -> Iterator[tuple[object, ...]]:
    for kind, maker in KINDS.items():
        for language in ("zh", "en"):
            some = [q for q in true if q.language == language]
            lies = [lie for q in some for lie in maker(q, chance, some)]
            lies = chance.sample(lies, min(EACH, len(lies)))
            verdicts = [check(text, among).verdict for text, among in lies]
            for (text, _), verdict in zip(lies, verdicts, strict=True):
                if verdict == "exact":
                    progress(f"not caught ({kind}): {text!r}")
            caught = sum(verdict != "exact" for verdict in verdicts)
            share = f"{100 * caught / len(lies):.1f}" if lies else "–"
            yield (kind, language, len(lies), share, verdicts.count("near"),
                   verdicts.count("absent"))  # fmt: skip


def _alarms(true: Sequence[Quotation], chance: random.Random) -> Iterator[tuple[object, ...]]:
    harmless: dict[str, Callable[[str], str]] = {
        "no change": str,
        "other punctuation": lambda text: re.sub(r"[，。！？；：、!?;]|,(?!\d)", "、", text),
        "no punctuation at its ends": lambda text: text.strip("，。！？；：、“”‘’「」,.!?;:\"'…— "),
        "full width": lambda text: re.sub(r"[!-~]", lambda m: chr(ord(m[0]) + 0xFEE0), text),
        "traditional script": _traditional,
        "upper case": str.upper,
        "line wraps": lambda text: _wrapped(text, chance),
        "an ellipsis over a middle part": lambda text: _shortened(text, chance),
        "a part of it, to a comma": lambda text: _clause(text, chance),
    }
    for kind, change in harmless.items():
        for language in ("zh", "en"):
            some = [q for q in true if q.language == language]
            changed = [(change(q.text), q) for q in some]
            if kind == "no change":
                kept = changed
            else:
                kept = [(text, q) for text, q in changed if text != q.text]
            wrong = [text for text, q in kept if check(text, q.among).verdict != "exact"]
            for text in wrong:
                progress(f"false alarm ({kind}): {text!r}")
            share = f"{100 * len(wrong) / len(kept):.1f}" if kept else "–"
            yield kind, language, len(kept), len(wrong), share


def _traditional(text: str) -> str:
    table_ = (ROOT / "rag" / "data" / "han_simplified.txt").read_text(encoding="utf-8")
    traditional, simplified = table_.split("\n")[:2]
    back = dict(zip(reversed(simplified), reversed(traditional), strict=True))
    return "".join(back.get(char, char) for char in text)


def _wrapped(text: str, chance: random.Random) -> str:
    text = re.sub(r" (?=\w)", lambda _: "\n" if chance.random() < 0.2 else " ", text)
    return re.sub(f"(?<=[{HAN}])(?=[{HAN}])", lambda _: chance.choice(("\n", *[""] * 9)), text)


def _shortened(text: str, chance: random.Random) -> str:
    """Leave whole clauses out of the middle."""
    marks = list(_CLAUSE.finditer(text))
    if len(marks) < 2:
        return text
    one, two = sorted(chance.sample(marks, 2), key=lambda mark: mark.start())
    return text[: one.start()] + chance.choice(("…", "……", " ... ", "[…]")) + text[two.end() :]


def _clause(text: str, chance: random.Random) -> str:
    parts = [part for part in _CLAUSE.split(text) if len(UNIT.findall(part)) >= SHORTEST]
    return chance.choice(parts) if parts else text


def _times(true: Sequence[Quotation]) -> Iterator[tuple[object, ...]]:
    for language in ("zh", "en"):
        among, inside = _evidence([q for q in true if q.language == language])
        chance = random.Random(4)
        for kind in ("exact", "a word changed"):
            texts = chance.sample(inside, _QUOTED)
            if kind != "exact":
                texts = [
                    f"{text[: len(text) // 2]} x {text[len(text) // 2 + 1 :]}" for text in texts
                ]
            cold, warm = [], []
            for _ in range(_ROUNDS):
                for forget in (words.squash, words.places, exact.readings):
                    forget.cache_clear()
                cold.append(_milliseconds(texts, among))
                warm.append(_milliseconds(texts, among))
            characters = sum(len(s.text) for s in among)
            yield (language, len(among), characters, kind, f"{percentile(cold, 50):.2f}",
                   f"{percentile(warm, 50):.2f}")  # fmt: skip


def _evidence(true: Sequence[Quotation]) -> tuple[list[Source], list[str]]:
    """Return sources as many and as long as an answer has, and quotations of them."""
    turns = list(dict.fromkeys(source for q in true for source in q.among))
    found: list[Source] = []
    for source in turns:
        if sum(len(some.text) for some in found) + len(source.text) > _CHARACTERS:
            continue
        if found and len(found[-1].text) < _CHARACTERS // _TURNS:
            found[-1] = replace(found[-1], text=f"{found[-1].text}\n{source.text}")
        elif len(found) < _TURNS:
            found.append(source)
    inside = [q.text for q in true if any(q.text in source.text for source in found)]
    return found, inside


def _milliseconds(texts: Sequence[str], among: Sequence[Source]) -> float:
    started = time.perf_counter()
    for text in texts:
        check(text, among)
    return (time.perf_counter() - started) * 1000
