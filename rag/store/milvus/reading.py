"""An index on a server, opened for reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.errors import NotReady, safe
from rag.store.generation import Manifest
from rag.store.milvus import state as states
from rag.store.milvus.address import Place, prefix
from rag.store.milvus.client import Server
from rag.store.milvus.rows import Chosen, Rows
from rag.store.milvus.state import State
from rag.store.milvus.terms import MilvusTerms
from rag.store.milvus.texts import MilvusTexts

if TYPE_CHECKING:
    from rag.types import Matrix, Vector


class MilvusStore:
    """One state of an index on a server: that which was the newest when it was opened or renewed.

    It satisfies `rag.store.contract.Store`.
    """

    def __init__(self, server: Server, name: str, state: State) -> None:
        self._server = server
        self._name = name
        self._take(state)

    @classmethod
    def open(cls, address: str, name: str) -> MilvusStore:
        """Open the index `name` on the server at `address`.

        Raises:
            UsageError: when the address is none, or pymilvus is not installed.
            NotReady: when the server cannot be reached, or there is no such index on it.
        """
        place = Place.parse(address)
        start = prefix(name)
        server = Server.connect(place)
        try:
            there = server.collections()
            state = states.read(server, start) if start in there else None
            if state is None:
                raise _none(server, name)
            return cls(server, name, state)
        except BaseException:
            server.close()
            raise

    @property
    def manifest(self) -> Manifest:
        """What the index is made of and with."""
        return self.state.manifest

    @property
    def note(self) -> str:
        """That words do not count, on a server that is too old for it."""
        return self._server.note

    def nearest(
        self, vector: Vector, limit: int, only: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the `limit` passages nearest to a unit vector, best first."""
        if not self.manifest.passages or limit < 1:
            return []
        wanted = ""
        if isinstance(only, Chosen):
            wanted = only.filter
        elif only is not None:
            if not only:
                return []
            wanted = f"id in {[int(id_) for id_ in only]}"
        found = [
            (id_, score) for id_, score, _ in self._rows.search("dense", vector, limit, wanted)
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def vectors(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of passages, shape (len(ids), dimension)."""
        import numpy as np

        rows = self._rows.passages(ids, ("dense",))
        found: Matrix = np.empty((len(ids), self.manifest.dimension), dtype=np.float32)
        for place, id_ in enumerate(ids):
            found[place] = rows[id_]["dense"]
        return found

    def renew(self) -> bool:
        """Take the newest state; tell whether it is another than before.

        Raises:
            NotReady: when it is not there any more, or was made with another encoder.
        """
        start = prefix(self._name)
        found = states.heads(self._server, start)
        if found is None:
            raise _none(self._server, self._name)
        if found[0] == self.state.number:
            if found[1] != self.state.done:
                self._take(replace(self.state, done=found[1]))
            return False
        state = states.read(self._server, start)
        if state is None:
            raise _none(self._server, self._name)
        if state.manifest.fingerprint != self.manifest.fingerprint:
            raise NotReady(
                f"{self._server.address}: index {self._name!r} was copied anew, made with encoder"
                f" {safe(state.manifest.encoder)!r}",
                "start again with that encoder",
            )
        self._take(state)
        return True

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

    def _take(self, state: State) -> None:
        start = prefix(self._name)
        self.state = state
        self._rows = Rows(self._server, start, state)
        self.catalog = MilvusTexts(self._rows, state)
        self.lexical = MilvusTerms(self._server, start, self._rows, self.catalog, state)


def _none(server: Server, name: str) -> NotReady:
    return NotReady(
        f"{server.address}: no index {safe(name)!r} there",
        f"copy one: rag index -i {safe(name)} --copy-to {server.address}",
    )
