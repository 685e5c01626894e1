"""The index on disk: passages, vectors and terms in immutable generations.

Names are resolved on first use: a question opens a store, and need not import what builds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.lazy import lazily

if TYPE_CHECKING:
    from rag.store.builder import Report, build
    from rag.store.catalog import Catalog, Speaker
    from rag.store.files import Progress, changed, silent
    from rag.store.generation import Manifest, current, exists, label, read_manifest, verify
    from rag.store.index import Store
    from rag.store.sources import anchor, roots

_HOMES = {
    **dict.fromkeys(("Report", "build"), "builder"),
    **dict.fromkeys(("Catalog", "Speaker"), "catalog"),
    **dict.fromkeys(("Progress", "changed", "silent"), "files"),
    **dict.fromkeys(
        ("Manifest", "current", "exists", "label", "read_manifest", "verify"), "generation"
    ),
    "Store": "index",
    **dict.fromkeys(("anchor", "roots"), "sources"),
}

__all__ = [
    "Catalog",
    "Manifest",
    "Progress",
    "Report",
    "Speaker",
    "Store",
    "anchor",
    "build",
    "changed",
    "current",
    "exists",
    "label",
    "read_manifest",
    "roots",
    "silent",
    "verify",
]

__getattr__ = lazily(__name__, _HOMES)
