"""The values that travel from file to answer: frozen, without behaviour beyond their own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.types.answers import (
    Answer,
    Citation,
    Earlier,
    Finding,
    FindingKind,
    Found,
    Hit,
    QuoteCheck,
)
from rag.types.seams import Chat, Delta, Encoder, Message
from rag.types.texts import Address, Exchange, Passage, Section, Span, Transcript, Turn, people

if TYPE_CHECKING:
    from rag.types.seams import Matrix, Vector

__all__ = [
    "Address",
    "Answer",
    "Chat",
    "Citation",
    "Delta",
    "Earlier",
    "Encoder",
    "Exchange",
    "Finding",
    "FindingKind",
    "Found",
    "Hit",
    "Matrix",
    "Message",
    "Passage",
    "QuoteCheck",
    "Section",
    "Span",
    "Transcript",
    "Turn",
    "Vector",
    "people",
]
