"""Which state of an index readers see: the newest copy that was finished, and what belongs to it.

Every copy has a number, higher than all before, that its rows carry. It writes its rows, then its
directory in pieces, then, last, its head, one row: until then nobody sees any of it. What the copy
before had and this one has not is dead; readers leave it out until it is removed, which a row
`done` tells. Rows of copies that were begun and not finished are never seen, whenever they arrive.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from rag.errors import NotReady
from rag.store.catalog import Speaker
from rag.store.generation import Manifest
from rag.store.milvus.client import Server
from rag.types import Transcript

FORMAT = 1
BEGUN, DIRECTORY, HEAD, DONE = "begun", "directory", "head", "done"
_KINDS = (BEGUN, DIRECTORY, HEAD, DONE)
_PIECE = 60_000  # ASCII characters; Milvus takes 65,535 bytes
_AT_ONCE = 100  # pieces
_PARTS = 20  # bits of a key that number the piece


@dataclass(frozen=True, slots=True)
class Document:
    """One transcript as it was copied: `about` has no turns, `content` hashes all that was sent.

    Its passages and its texts have keys in a row: the first, and how many.
    """

    about: Transcript
    sha256: str
    content: str
    number: int
    passages: tuple[int, int]
    texts: tuple[int, int]
    terms: int
    speakers: tuple[Speaker, ...]

    @property
    def ids(self) -> range:
        """The ids of its passages."""
        first, count = self.passages
        return range(first, first + count)


@dataclass(frozen=True)
class State:
    """What a reader sees; documents are ordered by the id of their transcript.

    `generation` names the collections, `words` is how many terms have a dimension, `mean` the mean
    length for which weights were made; `dense` is the kind of the index of vectors, `copies` are
    the numbers of the copies that it consists of; `dead` are numbers of documents and `stale` keys
    of words that it has no more, which are removed once it is seen.
    """

    number: int
    generation: int
    manifest: Manifest
    roots: tuple[str, ...]
    naming: tuple[tuple[str, str, str], ...]
    documents: tuple[Document, ...]
    mean: float
    words: int
    sparse: bool
    dense: str
    copies: tuple[int, ...]
    dead: tuple[int, ...] = ()
    stale: tuple[int, ...] = ()
    done: bool = False

    @cached_property
    def by_id(self) -> dict[str, Document]:
        """The documents by the id of their transcript."""
        return {one.about.id: one for one in self.documents}

    @property
    def terms(self) -> int:
        """How many terms all passages have together."""
        return sum(one.terms for one in self.documents)

    def same(self, other: State) -> bool:
        """Tell whether two states say the same, whatever they are numbered."""
        mine, its = (replace(one, copies=(), dead=(), stale=()) for one in (self, other))
        return _packed(mine) == _packed(its)

    def seen(self) -> str:
        """Return the filter for what belongs to it."""
        copied = f"since in {list(self.copies)}"
        if self.dead and not self.done:
            return f"{copied} and doc not in {list(self.dead)}"
        return copied


def collection(prefix: str, generation: int, what: str) -> str:
    """Return the name of a collection; no escaped name of an index has two underscores in a row."""
    return f"{prefix}__g{generation}_{what}"


def begun(server: Server, prefix: str) -> list[int]:
    """Return the numbers of the copies that were begun and not finished, or still run."""
    rows = server.query(prefix, f'kind == "{BEGUN}"', ["number"], strong=True)
    return sorted(row["number"] for row in rows)


def heads(server: Server, prefix: str, *, strong: bool = False) -> tuple[int, bool, str] | None:
    """Return the newest state's number, whether it is done, and where its directory is."""
    kinds = f'kind in ["{HEAD}", "{DONE}"]'
    rows = server.query(prefix, kinds, ["kind", "number", "body"], strong=strong)
    newest = max((row for row in rows if row["kind"] == HEAD),
                 key=lambda row: int(row["number"]), default=None)  # fmt: skip
    if newest is None:
        return None
    number = int(newest["number"])
    done = any(row["kind"] == DONE and row["number"] == number for row in rows)
    return number, done, str(newest["body"])


def read(server: Server, prefix: str, *, strong: bool = False) -> State | None:
    """Return the state that readers see, or None when no copy was ever finished.

    Raises:
        NotReady: when it is damaged, or of another format.
    """
    found = heads(server, prefix, strong=strong)
    if found is None:
        return None
    number, done, body = found
    head = json.loads(body)
    if head["format"] != FORMAT:
        raise NotReady(
            f"{server.address}: format {head['format']}, this version reads {FORMAT}",
            "copy the index again: rag index --copy-to",
        )
    packed = "".join(_pieces(server, prefix, number, head["parts"], strong))
    if hashlib.sha256(packed.encode()).hexdigest() != head["sha256"]:
        # A copy that was finished since may have removed it.
        if (newer := heads(server, prefix, strong=True)) is not None and newer[0] != number:
            return read(server, prefix, strong=True)
        raise NotReady(
            f"{server.address}: the directory of the index is incomplete",
            "copy the index again: rag index --copy-to",
        )
    return _unpacked(packed, number, done)


def _pieces(server: Server, prefix: str, number: int, parts: int, strong: bool) -> Iterator[str]:
    for start in range(0, parts, _AT_ONCE):
        keys = [
            _key(number, DIRECTORY, part) for part in range(start, min(start + _AT_ONCE, parts))
        ]
        rows = server.query(prefix, f"key in {keys}", ["key", "body"], strong=strong)
        yield from (row["body"] for row in sorted(rows, key=lambda row: int(row["key"])))


def begin(server: Server, prefix: str, number: int) -> None:
    """Announce a copy."""
    server.insert(prefix, [_row(number, BEGUN)])


def write(server: Server, prefix: str, state: State) -> str:
    """Write the directory of a state, and return the head that will make readers see it."""
    packed = _packed(state)
    parts = [packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE)]
    for start in range(0, len(parts), _AT_ONCE):
        some = parts[start : start + _AT_ONCE]
        server.insert(
            prefix,
            [_row(state.number, DIRECTORY, n, body) for n, body in enumerate(some, start)],
        )
    digest = hashlib.sha256(packed.encode()).hexdigest()
    return json.dumps({"format": FORMAT, "parts": len(parts), "sha256": digest})


def publish(server: Server, prefix: str, number: int, head: str) -> None:
    """Make readers see a state: one row, there or not."""
    server.insert(prefix, [_row(number, HEAD, body=head)])


def finish(server: Server, prefix: str, number: int) -> None:
    """Forget all states but this one, whose dead rows are gone."""
    server.insert(prefix, [_row(number, DONE)])
    server.delete(prefix, f"number < {number}")
    server.delete(prefix, f"key in [{_key(number, BEGUN)}]")


def forget(server: Server, prefix: str, numbers: Iterable[int]) -> None:
    """Forget copies that were not finished."""
    if numbers := list(numbers):
        server.delete(prefix, f"number in {numbers}")


def _row(number: int, kind: str, part: int = 0, body: str = "") -> dict[str, Any]:
    return {
        "key": _key(number, kind, part), "number": number, "kind": kind, "body": body,
        "mark": [0.0, 1.0],
    }  # fmt: skip


def _key(number: int, kind: str, part: int = 0) -> int:
    return (number * len(_KINDS) + _KINDS.index(kind) << _PARTS) + part


def _packed(state: State) -> str:
    values = {
        "generation": state.generation,
        "manifest": asdict(state.manifest),
        "roots": state.roots,
        "naming": state.naming,
        "mean": state.mean,
        "words": state.words,
        "sparse": state.sparse,
        "dense": state.dense,
        "dead": state.dead,
        "copies": state.copies,
        "stale": state.stale,
        "documents": [_listed(one) for one in state.documents],
    }
    return base64.b64encode(zlib.compress(json.dumps(values, ensure_ascii=False).encode())).decode()


def _unpacked(packed: str, number: int, done: bool) -> State:
    values = json.loads(zlib.decompress(base64.b64decode(packed)))
    manifest = values.pop("manifest")
    documents = tuple(_document(row) for row in values.pop("documents"))
    naming = tuple((file, label, name) for file, label, name in values.pop("naming"))
    return State(
        number=number,
        done=done,
        manifest=Manifest(**{**manifest, "roots": tuple(manifest["roots"]), "layers": ()}),
        documents=documents,
        naming=naming,
        roots=tuple(values.pop("roots")),
        dead=tuple(values.pop("dead")),
        copies=tuple(values.pop("copies")),
        stale=tuple(values.pop("stale")),
        **values,
    )


def _listed(one: Document) -> list[object]:
    about = one.about
    return [
        [about.id, about.path, about.title, about.date, about.source, about.language],
        about.aliases,
        [[s.name, s.turns, s.characters, s.words, s.seconds] for s in one.speakers],
        one.sha256, one.content, one.number, one.passages, one.texts, one.terms,
    ]  # fmt: skip


def _document(row: Sequence[Any]) -> Document:
    about, aliases, speakers, sha256, content, number, passages, texts, terms = row
    id_, path, title, date, source, spoken = about
    pairs = tuple((other, name) for other, name in aliases)
    return Document(
        Transcript(id_, path, title, date, source, spoken, aliases=pairs),
        sha256,
        content,
        number,
        (passages[0], passages[1]),
        (texts[0], texts[1]),
        terms,
        tuple(Speaker(name, id_, *rest) for name, *rest in speakers),
    )
