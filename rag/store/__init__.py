"""The index on disk: passages, vectors and terms in immutable generations."""

from rag.store.build import Progress, Report, build, changed, silent
from rag.store.catalog import Catalog, Speaker
from rag.store.generation import Manifest, current, read_manifest, verify
from rag.store.index import Store

__all__ = [
    "Catalog",
    "Manifest",
    "Progress",
    "Report",
    "Speaker",
    "Store",
    "build",
    "changed",
    "current",
    "read_manifest",
    "silent",
    "verify",
]
