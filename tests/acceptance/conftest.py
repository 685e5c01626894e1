from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The read-only folder of real transcripts that lies beside the checkout."""
    default = Path(__file__).parents[3] / "shared"
    folder = Path(os.environ.get("RAG_SHARED", default))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here; set RAG_SHARED to the folder of real transcripts")
    return folder
