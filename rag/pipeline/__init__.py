"""The stages put together: building an index, and asking it."""

from rag.pipeline.asking import Rag
from rag.pipeline.building import VERSION, build, configured, default_sources, index_folder
from rag.pipeline.named import transcript_at

__all__ = [
    "VERSION",
    "Rag",
    "build",
    "configured",
    "default_sources",
    "index_folder",
    "transcript_at",
]
