"""What whoever reads an index may ask of it, wherever it is: on disk or on a server.

`rag.store.index.Store` is the one on disk, `rag.store.milvus.MilvusStore` the one on a server; both
are held to the same expectations by `tests/test_store_contract.py`. Building and updating are no
part of it: an index is made on disk, and copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from rag.types import Address, Passage, Section, Transcript, Turn

if TYPE_CHECKING:
    from rag.lexical import Match
    from rag.store.catalog import Speaker
    from rag.store.generation import Manifest
    from rag.types import Matrix, Vector


class Texts(Protocol):
    """Transcripts, who speaks in them, and passages: see `rag.store.catalog.Catalog`."""

    def transcripts(self) -> list[Transcript]:
        """List all transcripts without their turns and sections, ordered by id."""
        ...

    def described(self, ids: Iterable[str]) -> dict[str, Transcript]:
        """Return the transcripts of these ids without their turns and sections, by id."""
        ...

    def transcript(self, id_: str) -> Transcript | None:
        """Return one transcript whole, or None."""
        ...

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every file, by path."""
        ...

    def roots(self) -> list[str]:
        """Return the files and folders that were indexed."""
        ...

    def speakers(self) -> list[Speaker]:
        """List who speaks how much, by transcript, most words first."""
        ...

    def aliases(self) -> list[tuple[str, str]]:
        """List the other names of speakers, each with the name it stands for."""
        ...

    def naming(self) -> list[tuple[str, str, str]]:
        """Return the names given by hand: file (empty for all), label, name."""
        ...

    def ids(self, first: int = 0) -> list[int]:
        """Return the ids of all passages from `first` on, in order."""
        ...

    def ids_of(self, transcripts: Iterable[str]) -> list[int]:
        """Return the ids of the passages of transcripts, in order."""
        ...

    def ids_where(self, speakers: Sequence[str], transcripts: Sequence[str]) -> Sequence[int]:
        """Return the ids of passages of these transcripts in which one of these people speaks.

        Whoever only hands them on to `Store.nearest` need not have them listed.
        """
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Return passages in the order of `ids`."""
        ...

    def passages_at(self, place: Address) -> list[Passage]:
        """Return the passages that share a turn or section with an address, in their order."""
        ...

    def languages(self, ids: Sequence[int]) -> list[str]:
        """Return the languages of passages, in the order of `ids`."""
        ...

    def whole(self, transcript: str, number: int, section: bool) -> Turn | Section | None:
        """Return one turn or section of a transcript, or None."""
        ...


class Terms(Protocol):
    """The lexical leg; `rag.lexical.Lexical` has the details."""

    def best(self, weights: Mapping[str, float]) -> float:
        """Return the BM25 score that no passage can exceed."""
        ...

    def weigh(self, words: Iterable[str]) -> dict[str, float]:
        """Return the BM25 inverse document frequency of each term."""
        ...

    def search(
        self, weights: Mapping[str, float], limit: int, only: Sequence[tuple[str, str]] = ()
    ) -> list[Match]:
        """Return the best `limit` passages for weighted terms, best first."""
        ...

    def containing(
        self, groups: Iterable[Iterable[str]], only: Sequence[tuple[str, str]] = ()
    ) -> list[int]:
        """Return the ids of all passages that have at least one term of every group, in order."""
        ...


class Store(Protocol):
    """One complete state of an index; ids of passages are the same in all its parts."""

    @property
    def manifest(self) -> Manifest:
        """What the index is made of and with."""
        ...

    @property
    def catalog(self) -> Texts:
        """Its texts."""
        ...

    @property
    def lexical(self) -> Terms:
        """Its terms."""
        ...

    @property
    def note(self) -> str:
        """What whoever asks it should be told about it, one line or nothing."""
        ...

    def nearest(
        self, vector: Vector, limit: int, only: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and cosines of the `limit` passages nearest to a unit vector, best first."""
        ...

    def vectors(self, ids: Sequence[int]) -> Matrix:
        """Return the vectors of passages, shape (len(ids), dimension)."""
        ...

    def renew(self) -> bool:
        """Take the newest state where others may have changed it; tell whether it is another.

        An index on disk stays as it was opened. Between two calls nothing changes.

        Raises:
            NotReady: when it is not there any more, or was made with another encoder.
        """
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...
