"""`Rag`: one index, one encoder, the settings. The one object that the doors hold."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import rag
from rag import answer, embedder, paths, retrieve, settings, store
from rag.errors import NotReady, UsageError
from rag.retrieve import Filters, Query
from rag.settings import Settings, Value
from rag.store.index import Store
from rag.types import Answer, Encoder, Found, Hit, Transcript

if TYPE_CHECKING:
    from rag.store import Report

VERSION = rag.__version__


def configured(flags: Mapping[str, Value | None] | None = None) -> Settings:
    """Return the settings in force here: defaults, `rag.toml`, environment, then `flags`."""
    return settings.load(paths.home(), os.environ, flags or {})


def index_folder(chosen: Settings) -> Path:
    """Return where the index named by the settings is or will be."""
    return paths.index(chosen.index)


class Rag:
    """Ask the transcripts of one index.

    >>> rag = Rag.open("default")                     # doctest: +SKIP
    >>> print(rag.ask("年轻人怎么用 ChatGPT？").text)    # doctest: +SKIP
    """

    def __init__(self, store: Store, encoder: Encoder, settings: Settings) -> None:
        if store.manifest.fingerprint != encoder.fingerprint:
            raise NotReady(
                f"index {settings.index!r} was built with encoder {store.manifest.encoder!r}, not"
                f" with {settings.encoder!r} as it is now",
                f"build it anew: rag index -i {settings.index} --encoder {settings.encoder}",
            )
        self.store = store
        self.encoder = encoder
        self.settings = settings
        self._names = tuple(dict.fromkeys(row.name for row in store.catalog.speakers()))

    @classmethod
    def open(cls, index: str | None = None, chosen: Settings | None = None) -> Rag:
        """Open an index by name or path.

        Raises:
            NotReady: when it is missing, damaged, or built with another encoder.
        """
        chosen = chosen or configured()
        chosen = replace(chosen, index=index) if index else chosen
        opened = Store.open(index_folder(chosen))
        return cls(opened, embedder.load(chosen.encoder), chosen)

    @classmethod
    def build(
        cls, sources: Sequence[Path | str], index: str | None = None, chosen: Settings | None = None
    ) -> Rag:
        """Index files and folders, and open the result.

        Raises:
            UsageError: when there is nothing to index, or nowhere to write.
        """
        chosen = chosen or configured()
        chosen = replace(chosen, index=index) if index else chosen
        build(sources, chosen)
        return cls.open(chosen=chosen)

    def search(
        self,
        question: str,
        k: int | None = None,
        *,
        speaker: str | Sequence[str] = (),
        transcript: str | Sequence[str] = (),
        history: Sequence[str] = (),
    ) -> list[Hit]:
        """Return the best `k` passages for a question, best first.

        `speaker` and `transcript` restrict the search; `history` holds earlier questions, oldest
        first, for a question that leans on them.

        Raises:
            UsageError: for a blank question, or a speaker or transcript that is not in the index.
        """
        return list(
            self.find(question, k, speaker=speaker, transcript=transcript, history=history).hits
        )

    def find(
        self,
        question: str,
        k: int | None = None,
        *,
        speaker: str | Sequence[str] = (),
        transcript: str | Sequence[str] = (),
        history: Sequence[str] = (),
    ) -> Found:
        """Search as `search` does; return the hits with the time they took."""
        started = time.perf_counter()
        query = self.query(question, history)
        filters = Filters(self._speakers(speaker), self._transcripts(transcript))
        hits = self._hits(query, k, filters)
        return Found(question, tuple(hits), {"total": _milliseconds(started)})

    def ask(
        self,
        question: str,
        *,
        speaker: str | Sequence[str] = (),
        transcript: str | Sequence[str] = (),
        history: Sequence[str] = (),
    ) -> Answer:
        """Answer a question from the transcripts, with citations, or refuse.

        Raises:
            UsageError: for a blank question, or a speaker or transcript that is not in the index.
        """
        started = time.perf_counter()
        query = self.query(question, history)
        filters = Filters(self._speakers(speaker), self._transcripts(transcript))
        hits = self._hits(query, None, filters)
        searched = _milliseconds(started)
        reply = answer.extract(
            query,
            hits,
            retrieve.confidence(hits),
            store=self.store,
            encoder=self.encoder,
            settings=self.settings,
            only=filters.speakers,
        )
        total = _milliseconds(started)
        timings = {"search": searched, "answer": round(total - searched, 2), "total": total}
        return replace(reply, timings=timings)

    def stream(self, question: str, *, history: Sequence[str] = ()) -> Iterator[str]:
        """Yield the text of an answer piece by piece."""
        for number, line in enumerate(self.ask(question, history=history).text.split("\n")):
            yield f"\n{line}" if number else line

    def query(self, question: str, history: Sequence[str] = ()) -> Query:
        """Make a question ready for searching, together with those that it leans on.

        Raises:
            UsageError: when it is blank.
        """
        if not question.strip():
            raise UsageError("the question is blank", 'ask something: rag ask "…"')
        history = [earlier for earlier in history if earlier.strip()]
        query = retrieve.prepare(question, history, self.encoder, self._names)
        if not query.leaning:
            return query
        before = self.query(history[-1], history[-retrieve.STEPS_BACK : -1])
        evidence = retrieve.search(self.store, before, 1, self.settings)
        return replace(query, topic=evidence[0].passage.address if evidence else None)

    def _hits(self, query: Query, k: int | None, filters: Filters) -> list[Hit]:
        wanted = self.settings.k if k is None else k
        if wanted < 1:
            raise UsageError(f"k is {wanted}", "give a number from 1")
        return retrieve.search(self.store, query, wanted, self.settings, filters)

    def _speakers(self, names: str | Sequence[str]) -> tuple[str, ...]:
        return tuple(
            full
            for name in _listed(names)
            for full in _known("speaker", name, retrieve.matching(name, self._names), self._names)
        )

    def _transcripts(self, names: str | Sequence[str]) -> tuple[str, ...]:
        if not names:
            return ()
        known = [item.id for item in self.store.catalog.transcripts()]
        return tuple(
            full
            for name in _listed(names)
            for full in _known("transcript", name, [id_ for id_ in known if id_ == name], known)
        )


def build(
    sources: Sequence[Path | str],
    chosen: Settings,
    *,
    fresh: bool = False,
    progress: store.Progress | None = None,
) -> Report:
    """Bring the index named by the settings up to date; see `rag.store.build`."""
    return store.build(
        index_folder(chosen),
        [Path(source) for source in sources],
        embedder.load(chosen.encoder),
        encoder_name=chosen.encoder,
        passage_tokens=chosen.passage_tokens,
        base=paths.home(),
        version=VERSION,
        fresh=fresh,
        progress=progress or store.silent,
    )


def default_sources(chosen: Settings) -> list[Path]:
    """Return what to index when nothing is named: what was before, else the sample corpus."""
    if store.exists(index_folder(chosen)):
        return []  # a build without sources renews what is there
    own = (paths.project() or Path()) / "corpus"
    return [own if own.is_dir() else paths.shipped("corpus")]


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


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)


def _listed(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _known(what: str, name: str, found: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    if not found:
        raise UsageError(f"no {what} {name!r} in the index", f"there are: {_some(known)}")
    return found


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "none"
