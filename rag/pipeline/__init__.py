"""The stages put together: building an index, and asking it.

Names are resolved on first use: whoever builds an index need not import what answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.lazy import lazily

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

__getattr__ = lazily(__name__, _HOMES)
