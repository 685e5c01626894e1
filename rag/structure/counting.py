"""Answers that are counted: who speaks how much, which transcripts there are and how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.structure.scene import Scene, cite, opening, year
from rag.structure.wording import capped, joined, names, quote, say
from rag.text import clock
from rag.types import Address, Citation, Section, Transcript, Turn

_RANKED = 8
LISTED = 20
"""Places and items of long lists that are shown."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The lines of an answer, and what they cite."""

    lines: tuple[str, ...]
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """How much one person says in the transcripts asked about."""

    name: str
    turns: int
    characters: int
    transcripts: tuple[str, ...]


def shares(scene: Scene) -> list[Share]:
    """Add up what each person wanted says, most characters first."""
    added: dict[str, Share] = {}
    for row in scene.people:
        before = added.get(row.name, Share(row.name, 0, 0, ()))
        added[row.name] = Share(
            row.name,
            before.turns + row.turns,
            before.characters + row.characters,
            (*before.transcripts, row.transcript),
        )
    return sorted(added.values(), key=lambda share: (-share.characters, share.name))


def ranking(scene: Scene) -> Draft | None:
    """Who speaks most, or least, by turns or by characters, and what the other measure says.

    What the files give to nobody may be several people's: it is listed last, and not ranked.
    """
    everybody, nobody = named(shares(scene))
    if not everybody:
        return Draft(tuple(_spoke(scene, share) for share in nobody)) if nobody else None
    asked = scene.asked
    order: dict[str, Callable[[Share], int]] = {
        "turns": lambda share: share.turns,
        "characters": lambda share: share.characters,
    }
    unit, other = ("turns", "characters") if asked.turns else ("characters", "turns")
    tied = leading(everybody, order[unit], asked.last)
    key = f"{'least' if asked.last else 'most'}_{unit}"
    line = say(
        scene.language,
        key,
        scope="",
        who=names(scene.language, (share.name for share in tied)),
        share=joined(scene.language, (_shown(scene, share) for share in tied)),
    )
    otherwise = leading(everybody, order[other], asked.last)
    if not any(share in otherwise for share in tied):
        line += " " if scene.language == "en" else ""
        line += say(
            scene.language,
            f"but_{other}",
            who=names(scene.language, (share.name for share in otherwise)),
            share=joined(scene.language, (_shown(scene, share) for share in otherwise)),
        )
    rest = [share for share in everybody if share not in tied]
    rest.sort(key=order[unit], reverse=not asked.last)
    rest += nobody
    lines = [line]
    if rest:
        lines.append(say(scene.language, "then").strip())
        lines += capped(scene.language, [_spoke(scene, share) for share in rest], _RANKED)
    return Draft(tuple(lines))


def turns(scene: Scene) -> Draft | None:
    """How often and how much people speak."""
    counted = shares(scene)
    if not counted:
        return None
    if scene.about_some:
        lines = [_spoke(scene, share) for share in counted]
        return Draft(tuple(lines if len(lines) == 1 else capped(scene.language, lines)))
    total = say(
        scene.language,
        "all_turns",
        turns=sum(share.turns for share in counted),
        characters=sum(share.characters for share in counted),
        people=_people(counted),
    )
    lines = [_spoke(scene, share) for share in counted]
    return Draft((total, *capped(scene.language, lines)))


def quoted(
    scene: Scene, head: Sequence[str], cited: Sequence[tuple[Transcript, Citation]], limit: int
) -> Draft:
    """A list of quotations under a heading; those left out are counted and not cited."""
    lines = [quote(scene.language, item, source) for source, item in cited]
    shown = tuple(item for _, item in cited[:limit])
    return Draft((*head, *capped(scene.language, lines, limit)), shown)


def speakers(scene: Scene) -> Draft | None:
    """Who speaks, and how many they are."""
    counted = shares(scene)
    if not counted:
        return None
    head = say(scene.language, "speakers", scope="", count=_people(counted))
    return Draft((head, *capped(scene.language, [_spoke(scene, s) for s in counted], LISTED)))


def named(counted: Sequence[Share]) -> tuple[list[Share], list[Share]]:
    """Return the shares of people, and apart from them that of nobody if there is one."""
    return [item for item in counted if item.name], [item for item in counted if not item.name]


def _people(counted: Sequence[Share]) -> int:
    """How many are people: what the files give to nobody is listed, and not counted as one."""
    return len(named(counted)[0])


def transcripts(scene: Scene) -> Draft | None:
    """Which transcripts there are, or in which somebody speaks."""
    if scene.about_some:
        counted = shares(scene)
        lines: list[str] = []
        for share in counted:
            count = len(share.transcripts)
            lines.append(say(scene.language, "appears", who=share.name, count=count))
            rows = [row for row in scene.people if row.name == share.name]
            rows.sort(key=lambda row: row.transcript)
            lines += capped(
                scene.language,
                [f"[{row.transcript}] {_amount(scene, row.turns, row.characters)}" for row in rows],
                LISTED,
            )
        return Draft(tuple(lines)) if lines else None
    if not scene.listed:
        return None
    head = say(scene.language, "transcripts", count=len(scene.listed))
    lines = [_described(scene, item) for item in scene.listed]
    return Draft((head, *capped(scene.language, lines, LISTED)))


def length(scene: Scene) -> Draft | None:
    """How long conversations are: by their times where they have some, and in turns."""
    lines: list[str] = []
    for item in scene.listed:
        whole = scene.whole(item.id)
        times = [
            (at, turn) for turn in whole.turns for at in (turn.start, turn.end) if at is not None
        ]
        amount = _total(scene, item)
        if not times:
            lines.append(
                say(scene.language, "no_times", title=item.title, share=amount, id=item.id)
            )
            continue
        start, _ = min(times, key=lambda pair: pair[0])
        end, last = max(times, key=lambda pair: pair[0])
        lines.append(
            say(
                scene.language,
                "span",
                title=item.title,
                start=clock(start),
                end=clock(end),
                share=amount,
                address=Address(item.id, last.number, last.number),
            )
        )
    return Draft(tuple(capped(scene.language, lines, LISTED))) if lines else None


def date(scene: Scene) -> Draft | None:
    """When transcripts are of: their date, or what they open with if that names a year."""
    lines: list[str] = []
    cited: list[Citation] = []
    for item in scene.listed:
        _, part = opening(scene.store, item.id)
        if item.date:
            key, more = "date", {"date": item.date}
        elif year(scene.store, item) and isinstance(part, Section):
            citation = cite(item, part, 0, len(part.text))
            cited.append(citation)
            key = "opening"
            more = {"quote": part.text, "address": str(citation.address)}
        elif year(scene.store, item) and isinstance(part, Turn):
            key, more = "opening", {"quote": part.topic, "address": f"{item.id}:{part.number}"}
        else:
            key, more = "no_date", {}
        lines.append(say(scene.language, key, title=item.title, id=item.id, **more))
    if not lines:
        return None
    shown = capped(scene.language, lines, LISTED)
    return Draft(tuple(shown), tuple(cited[:LISTED]))


def leading(
    everybody: Sequence[Share], measure: Callable[[Share], int], least: bool
) -> list[Share]:
    """The first by a measure, and all who are level with them."""
    best = (min if least else max)(map(measure, everybody))
    return [share for share in everybody if measure(share) == best]


def _amount(scene: Scene, turns: int, characters: int) -> str:
    return say(scene.language, "share", turns=turns, characters=characters)


def _shown(scene: Scene, share: Share) -> str:
    amount = _amount(scene, share.turns, share.characters)
    return f"{amount} {places(scene, [f'[{id_}]' for id_ in sorted(share.transcripts)])}"


def _spoke(scene: Scene, share: Share) -> str:
    return say(scene.language, "spoke", who=share.name, share=_shown(scene, share))


def places(scene: Scene, addresses: Sequence[str]) -> str:
    """Write addresses in a row; beyond a number of them the rest is counted."""
    shown = " ".join(addresses[:LISTED])
    left = len(addresses) - LISTED
    return f"{shown} {say(scene.language, 'more', count=left)}" if left > 0 else shown


def _described(scene: Scene, item: Transcript) -> str:
    title = f" {item.title}" if item.title != item.id else ""
    date = f" ({item.date})" if item.date else ""
    return f"[{item.id}]{title}{date}: {_total(scene, item)}"


def _total(scene: Scene, item: Transcript) -> str:
    rows = [row for row in scene.everybody if row.transcript == item.id]
    if not rows:
        sections = len(scene.whole(item.id).sections)
        return say(scene.language, "prose", sections=sections)
    amount = _amount(scene, sum(row.turns for row in rows), sum(row.characters for row in rows))
    return joined(scene.language, [amount, names(scene.language, (row.name for row in rows))])
