"""The index on disk: passages, vectors and terms in immutable generations."""

from rag.store.build import Report, build
from rag.store.catalog import Catalog, Speaker
from rag.store.files import Progress, changed, silent
from rag.store.generation import Manifest, current, exists, label, read_manifest, verify
from rag.store.index import Store
from rag.store.sources import anchor, roots

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
