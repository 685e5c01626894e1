"""Rows of passages and texts, fetched as far as they are not here already."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from rag.errors import NotReady
from rag.store.milvus.client import MOST, Row, Server
from rag.store.milvus.schema import PASSAGES, TEXTS, dense_search
from rag.store.milvus.state import Document, State, collection

if TYPE_CHECKING:
    from rag.types import Vector

KEPT = ("language", "body", "dense")
"""What a search brings along of each passage, since whoever searches asks for it next."""
_AT_ONCE = 1000  # keys in a request
_PAGE = 10_000  # ids of which all that fit a filter are fetched at once
_REMEMBERED = 5000  # rows


def quoted(text: str) -> str:
    """Return a text as a filter has it; both servers take what is escaped here and no more."""
    for mark, code in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(mark, code)
    return f'"{text}"'


def any_of(field: str, values: Iterable[str]) -> str:
    """Return the filter for rows of which a field of several has one of these values."""
    return f"array_contains_any({field}, [{', '.join(map(quoted, values))}])"


class Chosen(Sequence[int]):
    """The ids that a filter names: a search takes the filter, whoever counts them gets them."""

    def __init__(self, filter: str, listed: Callable[[], list[int]]) -> None:
        self.filter = filter
        self._list = listed
        self._ids: list[int] | None = None

    @property
    def _listed(self) -> list[int]:
        if self._ids is None:
            self._ids = self._list()
        return self._ids

    def __len__(self) -> int:
        return len(self._listed)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        return self._listed[place]


class Rows:
    """The rows of one state on a server, each fetched once while there is room."""

    def __init__(self, server: Server, prefix: str, state: State) -> None:
        self._server = server
        self._passages = collection(prefix, state.generation, PASSAGES)
        self._texts = collection(prefix, state.generation, TEXTS)
        self._state = state
        self._known: dict[int, Row] = {}
        self._bodies: dict[int, str] = {}
        self._ordered = sorted(state.documents, key=lambda one: one.passages)
        self._firsts = [one.passages[0] for one in self._ordered]

    def ids(self) -> list[int]:
        """Return the ids of all passages, in order."""
        return [id_ for one in self._ordered for id_ in one.ids]

    def document(self, id_: int) -> Document:
        """Return the document that a passage is of."""
        place = bisect_right(self._firsts, id_) - 1
        if place < 0 or id_ not in self._ordered[place].ids:
            raise self._changed()
        return self._ordered[place]

    def search(
        self,
        field: str,
        vector: Vector | Mapping[int, float],
        limit: int,
        filter: str = "",
        more: Sequence[str] = (),
    ) -> list[tuple[int, float, Row]]:
        """Return id, inner product and row of the best passages that a filter leaves."""
        params = dense_search(self._state.dense, limit) if field == "dense" else {}
        found = self._server.search(
            self._passages, field, vector if isinstance(vector, Mapping) else vector.tolist(),
            limit, filter=self._seen(filter), fields=(*KEPT, *more), params=params,
        )  # fmt: skip
        for id_, _, row in found:
            self._remember(id_, row)
        return found

    def passages(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, Row]:
        """Return rows with these fields, by id.

        Raises:
            NotReady: when one is not there any more.
        """
        found = {id_: row for id_ in ids if (row := self._known.get(id_))}
        missing = [id_ for id_ in dict.fromkeys(ids) if not {*fields} <= {*found.get(id_, ())}]
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            for row in self._server.query(self._passages, f"id in {some}", ("id", *fields)):
                found[row["id"]] = self._remember(row["id"], row)
        if any(not {*fields} <= {*found.get(id_, ())} for id_ in missing):
            raise self._changed()
        return found

    def at(self, filter: str, fields: Sequence[str]) -> list[Row]:
        """Return the passages, few, that a filter names, in order."""
        rows = self._server.query(self._passages, self._seen(filter), ("id", *fields))
        for row in rows:
            self._remember(row["id"], row)
        return sorted(rows, key=lambda row: int(row["id"]))

    def all(self, filter: str, fields: Sequence[str] = ()) -> list[Row]:
        """Return id and fields of all passages that a filter names, in order."""
        rows = self._server.query(self._passages, self._seen(filter), ("id", *fields))
        if len(rows) >= MOST:
            # What is left out is anybody's guess: ask for ranges of ids that fit.
            rows = [
                row
                for first, last in self._ranges()
                for row in self._server.query(
                    self._passages,
                    self._seen(f"{filter} and id >= {first} and id <= {last}"),
                    ("id", *fields),
                )
            ]
        return sorted(rows, key=lambda row: int(row["id"]))

    def texts(self, keys: Sequence[int]) -> dict[int, str]:
        """Return the bodies of texts by their keys.

        Raises:
            NotReady: when one is not there any more.
        """
        found = {key: self._bodies[key] for key in keys if key in self._bodies}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            rows = self._server.query(self._texts, f"key in {some}", ("key", "body"))
            found |= {row["key"]: row["body"] for row in rows}
        if any(key not in found for key in missing):
            raise self._changed()
        if len(self._bodies) + len(missing) > _REMEMBERED:
            self._bodies.clear()
        self._bodies |= {key: found[key] for key in missing[:_REMEMBERED]}
        return found

    def texts_at(self, filter: str) -> list[Row]:
        """Return the pieces of texts that a filter names, in order."""
        rows = self._server.query(self._texts, filter, ("key", "piece", "section", "body"))
        return sorted(rows, key=lambda row: int(row["key"]))

    def _seen(self, filter: str) -> str:
        return f"{self._state.seen()} and {filter}" if filter else self._state.seen()

    def _remember(self, id_: int, row: Row) -> Row:
        import numpy as np

        if len(self._known) > _REMEMBERED:
            self._known.clear()
        if "dense" in row:
            row = {**row, "dense": np.asarray(row["dense"], dtype=np.float32)}
        known: dict[str, Any] = {**self._known.get(id_, {}), **row}
        self._known[id_] = known
        return known

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of ids, first and last, with no more passages in each than fit."""
        ids = self.ids()
        for start in range(0, len(ids), _PAGE):
            yield ids[start], ids[min(start + _PAGE, len(ids)) - 1]

    def _changed(self) -> NotReady:
        return NotReady(
            f"{self._server.address}: the index was changed by a copy while it was read",
            "ask again",
        )
