"""Whether a transcript that was written and read back says the same, by the same, at the same time.

Captions have no turns, and their lines may be joined to other sentences: what one person says in a
row is one there. So letters are compared, each with who says it, and the seconds of those at which
a line begins in both.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.types import Section, Transcript, people

_PRECISION = {"md": 1.0, "srt": 0.001, "vtt": 0.001, "json": 1e-6}
_AROUND = 12  # letters shown of what differs


def difference(item: Transcript, back: Transcript, to: str) -> str:
    """Say in a few words where the two first differ; nothing where they do not."""
    one, other = _said(item), _said(back)
    for (name, text, _), (again, written, _) in zip(one, other, strict=False):
        if text != written:
            at = next(
                (n for n, (a, b) in enumerate(zip(text, written, strict=False)) if a != b),
                min(len(text), len(written)),
            )
            return f"{_shown(text, at)} became {_shown(written, at)}"
        if people(name) != people(again):
            return f"{name or 'nobody'} became {again or 'nobody'} at {_shown(text, 0)}"
    if len(one) != len(other):
        return f"{len(one)} changes of speaker became {len(other)}"
    for (_, text, times), (_, _, then) in zip(one, other, strict=True):
        for at in times.keys() & then.keys():
            if abs(times[at] - then[at]) > _PRECISION[to]:
                return f"second {times[at]:g} became {then[at]:g} at {_shown(text, at)}"
    kept = to in ("md", "json")
    return "its prose differs" if kept and _prose(item.sections) != _prose(back.sections) else ""


def _said(item: Transcript) -> list[tuple[str, str, dict[int, float]]]:
    """What people say in a row: who, the letters, and the second at some of them."""
    found: list[tuple[str, list[str], dict[int, float]]] = []
    size = 0
    for turn in item.turns:
        if not found or found[-1][0] != turn.speaker:
            found.append((turn.speaker, [], {}))
            size = 0
        for number, line in enumerate(turn.text.split("\n")):
            second = turn.times[number] if turn.times else turn.start if number == 0 else None
            if second is not None:
                found[-1][2].setdefault(size, second)
            letters = "".join(line.split())
            found[-1][1].append(letters)
            size += len(letters)
    return [(name, "".join(texts), times) for name, texts, times in found]


def _prose(sections: Iterable[Section]) -> str:
    return "".join("".join(f"{part.title}{part.text}".split()) for part in sections)


def _shown(text: str, at: int) -> str:
    return repr(text[at : at + _AROUND] or "the end")
