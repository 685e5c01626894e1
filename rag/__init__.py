"""Ask your transcripts, and check every word of the answer.

    from rag import Rag

    rag = Rag.build(["corpus"], "default")
    answer = rag.ask("年轻人怎么用 ChatGPT？")
    print(answer.text, answer.citations[0].address)

Names are resolved on first use, so that importing `rag` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.errors import ModelFailed, NotReady, RagError, UsageError
    from rag.pipeline import Rag
    from rag.settings import Settings
    from rag.types import (
        Address,
        Answer,
        Citation,
        Earlier,
        Exchange,
        Finding,
        Hit,
        Passage,
        QuoteCheck,
        Transcript,
        Turn,
    )

__version__ = "0.1.0"

_HOMES = {
    "Rag": "rag.pipeline",
    "Settings": "rag.settings",
    **dict.fromkeys(("ModelFailed", "NotReady", "RagError", "UsageError"), "rag.errors"),
    **dict.fromkeys(
        (
            "Address",
            "Answer",
            "Citation",
            "Earlier",
            "Exchange",
            "Finding",
            "Hit",
            "Passage",
            "QuoteCheck",
            "Transcript",
            "Turn",
        ),
        "rag.types",
    ),
}

__all__ = [
    "Address",
    "Answer",
    "Citation",
    "Earlier",
    "Exchange",
    "Finding",
    "Hit",
    "ModelFailed",
    "NotReady",
    "Passage",
    "QuoteCheck",
    "Rag",
    "RagError",
    "Settings",
    "Transcript",
    "Turn",
    "UsageError",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    from importlib import import_module

    if name == "transcripts":
        return import_module("rag.transcripts")
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
