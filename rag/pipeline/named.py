"""What a user names, looked up in an index: speakers and transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag import retrieve
from rag.errors import UsageError
from rag.store.catalog import Speaker
from rag.store.contract import Store
from rag.types import Transcript


def people(rows: Iterable[Speaker]) -> tuple[str, ...]:
    """Return the names of those who speak, each once, in the order of the rows."""
    return tuple(dict.fromkeys(row.name for row in rows if row.name))


def called(
    rows: Iterable[Speaker], aliases: Iterable[tuple[str, str]]
) -> dict[str, tuple[str, ...]]:
    """Return how those who speak in `rows` are called, with whom it means: own names come first."""
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in people(rows)}
    there = set(found)
    for other, name in aliases:
        if name in there:
            found[other] = tuple(dict.fromkeys((*found.get(other, ()), name)))
    return found


def speakers(given: str | Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the speakers that names mean, in full; `known` are names, or `retrieve.Spellings`.

    Raises:
        UsageError: for a name that is nobody's among the `known`.
    """
    names = list(dict.fromkeys(s for _, whom in retrieve.spellings(known) for s in whom))
    return tuple(
        full
        for name in _listed(given)
        for full in _known("speaker", name, retrieve.matching(name, known), names)
    )


def transcripts(given: str | Sequence[str], opened: Store) -> tuple[str, ...]:
    """Return the ids of the transcripts named.

    Raises:
        UsageError: for one that is not in the index.
    """
    if not given:
        return ()
    known = [item.id for item in opened.catalog.transcripts()]
    return tuple(
        full
        for name in _listed(given)
        for full in _known("transcript", name, [id_ for id_ in known if id_ == name], known)
    )


def transcript_at(opened: Store, id_: str) -> Transcript:
    """Return a transcript of an index.

    Raises:
        UsageError: when it is not there.
    """
    item = opened.catalog.transcript(id_)
    if item is None:
        known = [other.id for other in opened.catalog.transcripts()]
        raise UsageError(f"no transcript {id_!r} in the index", f"there are: {_some(known)}")
    return item


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _known(what: str, name: str, found: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    if not found:
        raise UsageError(f"no {what} {name!r} in the index", f"there are: {_some(known)}")
    return found


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"
