"""Damaged files for every reader of transcripts: `python -m fuzz`."""

import sys
from pathlib import Path

# The writers of office files are those of the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
