"""`Rag`: one index, one encoder, the settings. The one object that the doors hold."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rag import answer, embedder, llm, paths, prompts, retrieve, structure
from rag.answer import Reply
from rag.errors import NotReady, UsageError
from rag.pipeline import named
from rag.pipeline.building import build, configured, open_store
from rag.pipeline.evidence import candidates
from rag.retrieve import Filters, Query
from rag.settings import Settings
from rag.store.contract import Store
from rag.types import Answer, Chat, Earlier, Encoder, Found, Hit, QuoteCheck


class Rag:
    """Ask the transcripts of one index.

    >>> rag = Rag.open("default")                     # doctest: +SKIP
    >>> print(rag.ask("年轻人怎么用 ChatGPT？").text)    # doctest: +SKIP
    """

    def __init__(
        self, store: Store, encoder: Encoder, settings: Settings, model: Chat | None = None
    ) -> None:
        """Without a `model`, answers are quoted from the speakers."""
        if store.manifest.fingerprint != encoder.fingerprint:
            again = f"build it anew: rag index -i {settings.index} --encoder {settings.encoder}"
            raise NotReady(
                f"index {settings.index!r} was built with encoder {store.manifest.encoder!r}, not"
                f" with {settings.encoder!r} as it is now",
                f"{again}, then copy it to the store" if settings.store else again,
            )
        self.store = store
        self.encoder = encoder
        self.settings = settings
        self.model = model
        self._prompts = [paths.home() / "prompts", paths.shipped("prompts")]
        self._look_around()

    def _look_around(self) -> None:
        """Learn who speaks in the index."""
        self._speaking = self.store.catalog.speakers()
        self._aliases = self.store.catalog.aliases()
        self.known = named.called(self._speaking, self._aliases)

    def _renew(self) -> None:
        """Ask the newest state of an index that others may have changed since the last question."""
        if self.store.renew():
            self._look_around()

    @classmethod
    def open(cls, index: str | None = None, chosen: Settings | None = None) -> Rag:
        """Open an index by name or path.

        Raises:
            NotReady: when it is missing, damaged, or built with another encoder.
        """
        chosen = chosen or configured()
        chosen = replace(chosen, index=index) if index else chosen
        opened = open_store(chosen)
        try:
            model = llm.load(chosen, os.environ)
            return cls(opened, embedder.load(chosen.encoder), chosen, model)
        except BaseException:
            opened.close()
            raise

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
        self._renew()
        query = self.query(question, history)
        filters = self._filters(speaker, transcript)
        hits = self.hits(query, k, filters)
        return Found(question, tuple(hits), {"total": _milliseconds(started)})

    def ask(
        self,
        question: str,
        *,
        speaker: str | Sequence[str] = (),
        transcript: str | Sequence[str] = (),
        history: Sequence[str | Earlier] = (),
    ) -> Answer:
        """Answer a question from the transcripts, with citations, or refuse.

        `history` holds what was asked before, oldest first, with the answers where they are known.

        Raises:
            UsageError: for a blank question, or a speaker or transcript that is not in the index.
            ModelFailed: when there is a language model and it gives no whole reply.
        """
        reply = self.stream(question, speaker=speaker, transcript=transcript, history=history)
        return reply.whole()

    def stream(
        self,
        question: str,
        *,
        speaker: str | Sequence[str] = (),
        transcript: str | Sequence[str] = (),
        history: Sequence[str | Earlier] = (),
    ) -> Reply:
        """Answer as `ask` does, piece by piece: iterate over the reply for its text.

        Raises:
            UsageError: as `ask` does, at once.
            ModelFailed: at once, when the model could never answer: it has no key.
        """
        self._renew()
        filters = self._filters(speaker, transcript)
        said = _earlier(history)
        before = [item.question for item in said]
        counted = structure.reply(question, self.store, self.known, filters, before)
        if counted is not None:
            return Reply(iter([counted.text]), lambda _: counted)
        if self.model is None:
            answered = self._extract(question, said, filters)
            return Reply(iter([answered.text]), lambda _: answered)
        return self._generate(question, said, filters, self.model)

    def _extract(self, question: str, said: Sequence[Earlier], filters: Filters) -> Answer:
        """Answer with the speakers' own sentences."""
        started = time.perf_counter()
        query = self.query(question, [item.question for item in said])
        hits = self.hits(query, None, filters)
        searched = _milliseconds(started)
        reply = answer.extract(
            query,
            hits,
            retrieve.confidence(hits, query, self.store),
            store=self.store,
            encoder=self.encoder,
            settings=self.settings,
            only=filters.speakers,
        )
        total = _milliseconds(started)
        timings = {"search": searched, "answer": round(total - searched, 2), "total": total}
        return replace(reply, timings=timings)

    def _generate(
        self, question: str, said: Sequence[Earlier], filters: Filters, model: Chat
    ) -> Reply:
        """Answer with a model, from the passages found for the question as it understands it."""
        # Imported late: an answer without a model is not to pay for it.
        from rag.answer import generate

        started = time.perf_counter()
        model.check()
        question = question[: retrieve.LONGEST_QUESTION]
        query = self.query(question, [item.question for item in said])
        spoken = query.language if query.language in answer.NOT_FOUND else "en"
        alone, usage, timings = "", dict[str, int](), dict[str, float]()
        if said:
            prompt = prompts.load("standalone", spoken, self._prompts)
            alone, usage = generate.standalone(question, said, model, prompt)
            timings["standalone"] = _milliseconds(started)
        searching = time.perf_counter()
        meant = self.query(alone) if alone else query
        hits = candidates(self, meant, query, said, filters)
        confidence = retrieve.confidence(hits, meant, self.store)
        timings["search"] = _milliseconds(searching)
        asked = generate.Asked(
            question, alone, spoken, tuple(hits), confidence, tuple(said), usage, timings
        )
        if confidence < self.settings.model_refuse_below:
            refused = generate.refuse(asked, filters.speakers, self.settings)
            return Reply(iter([refused.text]), lambda _: refused)
        generation = generate.Generation(
            asked,
            model,
            prompts.load("answer", spoken, self._prompts),
            store=self.store,
            encoder=self.encoder,
            settings=self.settings,
            names=self._names_in(hits),
        )
        return Reply(generation.pieces(), generation.result)

    def quote(
        self,
        text: str,
        *,
        speaker: str | Sequence[str] = (),
        transcript: str | Sequence[str] = (),
    ) -> QuoteCheck:
        """Tell whether somebody said something word for word, where, and what was said instead.

        Raises:
            UsageError: for a blank text, or a speaker or transcript that is not in the index.
        """
        from rag.quotes.lookup import look_up

        self._renew()
        filters = self._filters(speaker, transcript)
        return look_up(self.store, text, filters.speakers, filters.transcripts)

    def _names_in(self, hits: Sequence[Hit]) -> dict[str, tuple[str, ...]]:
        """How everybody is called who speaks in the transcripts of the hits."""
        there = {hit.passage.transcript for hit in hits}
        rows = [row for row in self._speaking if row.transcript in there]
        return named.called(rows, self._aliases)

    def query(self, question: str, history: Sequence[str] = ()) -> Query:
        """Make a question ready for searching, together with those that it leans on.

        Raises:
            UsageError: when it is blank.
        """
        if not question.strip():
            raise UsageError("the question is blank", 'ask something: rag ask "…"')
        history = [earlier for earlier in history if earlier.strip()]
        query = retrieve.prepare(question, history, self.encoder, self.known)
        if not query.leaning:
            return query
        before = self.query(history[-1], history[-retrieve.STEPS_BACK : -1])
        evidence = retrieve.search(self.store, before, 1, self.settings)
        return replace(query, topic=evidence[0].passage.address if evidence else None)

    def hits(self, query: Query, k: int | None, filters: Filters) -> list[Hit]:
        """Search for a question made ready; return the best `k` hits, by default as configured."""
        wanted = self.settings.k if k is None else k
        if wanted < 1:
            raise UsageError(f"k is {wanted}", "give a number from 1")
        return retrieve.search(self.store, query, wanted, self.settings, filters)

    def _filters(self, speaker: str | Sequence[str], transcript: str | Sequence[str]) -> Filters:
        return Filters(
            named.speakers(speaker, self.known), named.transcripts(transcript, self.store)
        )


def _earlier(history: Sequence[str | Earlier]) -> list[Earlier]:
    """What was said before, bare questions included, without blank ones."""
    said = [Earlier(item) if isinstance(item, str) else item for item in history]
    return [item for item in said if item.question.strip()]


def _milliseconds(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
