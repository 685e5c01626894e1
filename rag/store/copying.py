"""An index copied to a server: what changed is sent, what is gone removed, nothing embedded.

Killed at any moment, readers see the state before, or the new one, whole; the next copy removes
what was left behind. Two copies at once: the later one wins, and the earlier one says so. Milvus
cannot compare and set, so that two that end within one round trip are not told apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from rag.errors import NotReady, RagError
from rag.store.contract import Store
from rag.store.files import Progress, silent
from rag.store.generation import Manifest
from rag.store.milvus import schema
from rag.store.milvus import state as states
from rag.store.milvus.address import Place, prefix
from rag.store.milvus.client import STALE, Server
from rag.store.milvus.rows import Rows
from rag.store.milvus.source import mean_length, wholes
from rag.store.milvus.state import Document, State, collection
from rag.store.milvus.texts import MilvusTexts
from rag.store.milvus.writing import BITS, Writer

_EPOCH = 1_735_689_600  # 2025-01-01: numbers of copies are seconds since then, or one more
_MOST_COPIES = 1000  # of which a state consists; then it is made anew, as one
_DRIFT = 0.25  # of the mean length of passages, from which all weights are made anew
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did: transcripts and passages there now, transcripts sent, kept and removed."""

    address: str
    index: str
    transcripts: int
    passages: int
    sent: int
    kept: int
    removed: int
    changed: bool
    note: str = ""


def copy_to(
    source: Store,
    address: str,
    name: str,
    progress: Progress = silent,
    *,
    grace: float | None = None,
) -> Copied:
    """Make the index `name` on a server what `source` is.

    Readers may see the state before for `grace` seconds (default: what Milvus allows itself, none
    for a file); only then what is dead is removed.

    Raises:
        UsageError: when the address is none, or pymilvus is not installed.
        NotReady: when the server fails, or another copy of the same index was begun.
    """
    server = Server.connect(Place.parse(address))
    try:
        wait = grace if grace is not None else 0.0 if server.lite else STALE + 1
        return _Copy(server, prefix(name), source, progress, wait).run(name)
    finally:
        server.close()


class _Copy:
    """One copy: sweeps up after others, sends, publishes, sweeps up after itself."""

    def __init__(
        self, server: Server, start: str, source: Store, progress: Progress, wait: float
    ) -> None:
        self._server = server
        self._start = start
        self._source = source
        self._progress = progress
        self._wait = wait
        self._mean = mean_length(source)
        self._dense = schema.dense_index(server, source.manifest.passages)
        if start not in server.collections():
            schema.make_state(server, start)
        last = max([_head(server, start), *states.begun(server, start)])
        self._number = max(int(time.time()) - _EPOCH, last + 1)
        # Announced first and read then: whoever publishes from now on sees that this one is later.
        states.begin(server, start, self._number)
        self._head = _head(server, start)
        self._before = _sound(server, start)

    def run(self, name: str) -> Copied:
        """Copy, and say what was done."""
        self._sweep()
        before = self._before
        base = before if before is not None and self._alike(before) else None
        try:
            made, sent = self._sent(base)
            removed = 0 if before is None else len(before.by_id.keys() - made.by_id.keys())
            changed = base is None or not made.same(base)
            head = self._ready(made) if changed else ""
        except RagError:
            self._give_up(base)
            raise
        if changed:
            # Should this fail, nobody knows whether it was done: the next copy finds out.
            states.publish(self._server, self._start, self._number, head)
            self._settle(made, before)
        else:
            states.forget(self._server, self._start, [self._number])
        held = made.manifest
        return Copied(
            self._server.address, name, held.transcripts, held.passages, sent,
            held.transcripts - sent, removed, changed, self._server.note,
        )  # fmt: skip

    def _alike(self, before: State) -> bool:
        """Tell whether what is there can be added to, made as it is."""
        held = self._source.manifest
        was = (before.manifest.fingerprint, before.manifest.dimension, before.sparse, before.dense)
        now = (held.fingerprint, held.dimension, self._server.sparse, self._dense)
        return (
            was == now
            and abs(self._mean - before.mean) <= _DRIFT * before.mean
            and len(before.copies) < _MOST_COPIES
        )  # fmt: skip

    def _sent(self, base: State | None) -> tuple[State, int]:
        """Send what `base` has not; return the new state, and how many transcripts were sent."""
        held = self._source.manifest
        generation = base.generation if base else self._number
        if base is None:
            self._make(generation, held)
        mean = base.mean if base else self._mean
        writer = Writer(self._server, self._start, generation, self._number, mean, base)
        there = base.by_id if base else {}
        documents: list[Document] = []
        for whole, ids in wholes(self._source, self._progress):
            old = there.get(whole.item.id)
            if old is not None and old.content == whole.content():
                documents.append(replace(old, sha256=whole.sha256))
            else:
                documents.append(writer.add(whole, self._source.vectors(ids)))
        kept = {one.number for one in documents}
        dead = [one for one in there.values() if one.number not in kept]
        if base is not None and dead:
            self._uncount(base, dead, writer)
        writer.finish()
        passages = sum(len(one.ids) for one in documents)
        manifest = replace(
            held, transcripts=len(documents), passages=passages, rows=passages, layers=(), files={}
        )
        made = State(
            self._number, generation, manifest,
            tuple(self._source.catalog.roots()), tuple(self._source.catalog.naming()),
            tuple(sorted(documents, key=lambda one: one.about.id)),
            mean, writer.words, self._server.sparse, self._dense,
            (*(base.copies if base else ()), self._number), tuple(one.number for one in dead),
            tuple(writer.stale),
        )  # fmt: skip
        return made, sum(one.number >> BITS == self._number for one in documents)

    def _uncount(self, base: State, dead: Sequence[Document], writer: Writer) -> None:
        """Take the terms of dead passages out of the frequencies."""
        texts = MilvusTexts(Rows(self._server, self._start, base), base)
        for one in dead:
            for start in range(0, len(one.ids), _AT_ONCE):
                writer.without(texts.passages(one.ids[start : start + _AT_ONCE]))

    def _ready(self, made: State) -> str:
        """Write all but the head of a state; return it, unless another copy was begun meanwhile."""
        head = states.write(self._server, self._start, made)
        running = states.begun(self._server, self._start)
        alone = self._number in running and max(running) == self._number
        if not alone or _head(self._server, self._start) != self._head:
            raise NotReady(
                f"{self._server.address}: another copy of this index was begun meanwhile",
                "readers will see that one; copy again if it is not the newest",
            )
        return head

    def _settle(self, made: State, before: State | None) -> None:
        """Remove what readers of the new state do not see, when nobody sees the old one."""
        anew = before is not None and made.generation != before.generation
        if made.dead or made.stale or anew:
            time.sleep(self._wait)
        self._bury(made)
        states.finish(self._server, self._start, self._number)
        if before is not None and anew:
            self._drop(only=before.generation)

    def _bury(self, state: State) -> None:
        names = {what: collection(self._start, state.generation, what) for what in
                 schema.COLLECTIONS}  # fmt: skip
        for some in _portions(state.dead):
            for what in (schema.PASSAGES, schema.TEXTS):
                self._server.delete(names[what], f"doc in {list(some)}")
        for some in _portions(state.stale):
            self._server.delete(names[schema.WORDS], f"key in {list(some)}")

    def _sweep(self) -> None:
        """Remove what copies left behind that were killed or given up."""
        before = self._before
        self._drop(but=before.generation if before else 0)
        if before is not None:
            for what in schema.COLLECTIONS:
                name = collection(self._start, before.generation, what)
                self._server.delete(name, f"since not in {list(before.copies)}")
            if not before.done:
                self._bury(before)
                states.finish(self._server, self._start, before.number)
        others = {*states.begun(self._server, self._start)} - {self._number, self._head}
        states.forget(self._server, self._start, sorted(others))

    def _give_up(self, base: State | None) -> None:
        """Remove what was sent, as far as the server lets us."""
        with suppress(RagError):
            for what in schema.COLLECTIONS if base else ():
                assert base is not None
                name = collection(self._start, base.generation, what)
                self._server.delete(name, f"since == {self._number}")
            if base is None:
                self._drop(only=self._number)
            states.forget(self._server, self._start, [self._number])

    def _drop(self, but: int | None = None, only: int | None = None) -> None:
        """Remove the collections of all generations but one, or of only one."""
        for name in self._server.collections():
            rest = name.removeprefix(f"{self._start}__g")
            number = rest.partition("_")[0]
            if rest == name or not number.isdecimal():
                continue
            if int(number) == only or (only is None and int(number) != but):
                self._server.drop(name)

    def _make(self, generation: int, held: Manifest) -> None:
        names = [collection(self._start, generation, what) for what in schema.COLLECTIONS]
        lists = max(64, int(4 * held.passages**0.5))
        passages, texts, words = names
        schema.make_passages(
            self._server,
            passages,
            held.dimension,
            self._dense,
            lists,
        )
        schema.make_texts(self._server, texts)
        schema.make_words(self._server, words)


def _head(server: Server, start: str) -> int:
    """Return the number of the state that readers see, 0 where there is none."""
    found = states.heads(server, start, strong=True)
    return found[0] if found else 0


def _sound(server: Server, start: str) -> State | None:
    """Return the state that is there; one that cannot be read counts as none."""
    try:
        return states.read(server, start, strong=True)
    except NotReady:
        # Of another format, or damaged. A server that fails, fails again at once.
        states.begun(server, start)
        return None


def _portions(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
