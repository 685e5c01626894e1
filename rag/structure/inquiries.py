"""Answers on who asks: how many questions, which ones, and who asks most."""

from __future__ import annotations

from dataclasses import dataclass

from rag.structure.counting import LISTED, Draft, Share, leading, named, places, quoted, shares
from rag.structure.scene import Scene, cite, question_sentences, speaking
from rag.structure.wording import capped, joined, names, say
from rag.types import Transcript, Turn

_RANKED = 8


@dataclass(frozen=True, slots=True)
class _Asking:
    """A turn that asks, and where its questions stand in it."""

    item: Transcript
    turn: Turn
    spans: list[tuple[int, int]]


def questions(scene: Scene) -> Draft | None:
    """How many questions people ask, or which."""
    asking = _asking(scene)
    if not asking:
        return None
    by = _by_speaker(asking)
    lines = [
        _line(scene, share, by.get(share.name, []), placed=not scene.asked.listed)
        for share in shares(scene)
        if share.name in by or scene.about_some
    ]
    if not scene.asked.listed:
        return Draft(tuple(lines))
    cited = [(at.item, cite(at.item, at.turn, at.spans[0][0], at.spans[-1][1])) for at in asking]
    return quoted(scene, lines, cited, LISTED)


def inquirers(scene: Scene) -> Draft | None:
    """Who asks most questions, or fewest, and how many the others ask."""
    by = _by_speaker(_asking(scene))
    if not by:
        return None
    everybody, nobody = named(shares(scene))
    if not everybody:
        return Draft(tuple(_line(scene, share, by[share.name], placed=True) for share in nobody))
    counts = {
        share.name: sum(len(at.spans) for at in by.get(share.name, [])) for share in everybody
    }
    tied = leading(everybody, lambda share: counts[share.name], scene.asked.last)
    line = say(
        scene.language,
        "least_questions" if scene.asked.last else "most_questions",
        who=names(scene.language, (share.name for share in tied)),
        share=joined(
            scene.language,
            (
                f"{say(scene.language, 'question_count', count=counts[share.name])}"
                f" {places(scene, _addresses(by.get(share.name, [])) or _whole(share))}"
                for share in tied
            ),
        ),
    )
    rest = [share for share in everybody if share not in tied]
    rest.sort(key=lambda share: counts[share.name], reverse=not scene.asked.last)
    rest += nobody
    if not rest:
        return Draft((line,))
    lines = [_line(scene, share, by.get(share.name, []), placed=False) for share in rest]
    then = say(scene.language, "then").strip()
    return Draft((line, then, *capped(scene.language, lines, _RANKED)))


def _asking(scene: Scene) -> list[_Asking]:
    return [
        _Asking(item, turn, spans)
        for item, turn in scene.turns()
        if (spans := question_sentences(turn.text))
    ]


def _by_speaker(asking: list[_Asking]) -> dict[str, list[_Asking]]:
    by: dict[str, list[_Asking]] = {}
    for at in asking:
        for name in speaking(at.turn):
            by.setdefault(name, []).append(at)
    return by


def _line(scene: Scene, share: Share, theirs: list[_Asking], *, placed: bool) -> str:
    head = say(
        scene.language,
        "asked",
        who=share.name,
        turns=len(theirs),
        questions=sum(len(at.spans) for at in theirs),
        all=share.turns,
    )
    return f"{head} {places(scene, _addresses(theirs))}".rstrip() if placed else head


def _whole(share: Share) -> list[str]:
    """Where somebody who asks nothing could be looked up: all that they take part in."""
    return [f"[{id_}]" for id_ in sorted(share.transcripts)]


def _addresses(theirs: list[_Asking]) -> list[str]:
    return [f"[{at.item.id}:{at.turn.number}]" for at in theirs]
