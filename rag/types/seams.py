"""The seams: what an encoder and a language model have to offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    Matrix: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt; `role` is system, user or assistant."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a model's reply as it arrives; the last one may carry only the token counts."""

    text: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)


class Chat(Protocol):
    """A language model that replies to messages, piece by piece."""

    @property
    def model(self) -> str:
        """The model's name, as the answer shows it."""
        ...

    def check(self) -> None:
        """Complain about what could never work, before anything is looked for or sent.

        Raises:
            ModelFailed: without a key, or with an address or a key that cannot be one.
        """
        ...

    def stream(self, messages: Sequence[Message], /) -> Iterator[Delta]:
        """Yield the reply as it arrives.

        Raises:
            ModelFailed: before the first piece or between two; nothing that came is taken back.
        """
        ...


class Encoder(Protocol):
    """Turns text into unit vectors; questions and passages may be treated differently."""

    @property
    def fingerprint(self) -> str:
        """What has to be equal for vectors to be comparable: model, weights, size, prompts."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def passages(self, texts: Sequence[str], /) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimension), rows of unit length."""
        ...

    def question(self, text: str, /) -> Vector:
        """Embed a question; shape (dimension,), unit length."""
        ...
