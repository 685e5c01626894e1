"""What machines recognised and tools export: JSON, tables, and texts with times."""

from __future__ import annotations

from rag.transcripts.recognised.files import read_json
from rag.transcripts.recognised.tables import read_table

__all__ = ["read_json", "read_table"]
