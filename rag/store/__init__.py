"""The index on disk: passages, vectors and terms in immutable generations (see `index/README.md`)."""

from rag.store.build import Progress, Report, build, changed
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
    "verify",
]
