"""The stages put together: building an index, and asking it.

Names are resolved on first use: whoever builds an index need not import what answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.pipeline.asking import Rag
    from rag.pipeline.building import (
        VERSION,
        build,
        configured,
        copy_to,
        default_sources,
        index_folder,
        open_store,
        store_index,
    )
    from rag.pipeline.named import transcript_at

_HOMES = {
    "Rag": "asking",
    **dict.fromkeys(
        (
            "VERSION",
            "build",
            "configured",
            "copy_to",
            "default_sources",
            "index_folder",
            "open_store",
            "store_index",
        ),
        "building",
    ),
    "transcript_at": "named",
}

__all__ = [
    "VERSION",
    "Rag",
    "build",
    "configured",
    "copy_to",
    "default_sources",
    "index_folder",
    "open_store",
    "store_index",
    "transcript_at",
]


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rag.pipeline' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"rag.pipeline.{_HOMES[name]}"), name)
