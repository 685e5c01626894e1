"""An index of several kinds of transcript, to be copied to a server and asked there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from fakes import build
from samples import TEA, VIOLIN

from rag.store import Store

HARBOUR = """\
**Host** [0:00:07]: Who repaired the harbour crane?

**Ann, Bob** [0:00:14]: We did it together, over one winter, with bolts from a shipyard in \
Gdansk that had closed the year before. Nobody had asked us to, and nobody has complained since \
the spring. The harbour master brought soup every evening and told the council that he knew \
nothing about it.

**Ann** [0:00:21]: And I painted it, twice, because the first green was the green of the customs \
house, which is not a colour that anybody in this harbour wants to see from a boat in the \
morning.

**Host** [0:00:28]: What does the crane lift on an ordinary day?

**Bob** [0:00:35]: Timber on Mondays, ice for the fish market on every other day, and once a \
grand piano, which swung over the quay for an hour because the driver had gone to lunch with the \
key in his pocket. It was in tune when it came down, and the hotel has it still.
"""

TALK = """\
# The lighthouse, told again

The lighthouse at Skarholm was built in 1871 by convicts, who signed its stairs.

## Its lamp

The lamp burned whale oil until 1902, when the keeper's daughter wired it to a dynamo.
"""

STORM = " ".join(
    f"In storm number {n} the wind took {n + 3} roofs and the ferry stayed in port {n} and a half"
    " days, while the baker went on baking by candle light for whoever came."
    for n in range(1, 40)
)
LONG = f"""\
**Ann:** Tell me about every storm that you remember.

**Captain O'Neil:** {STORM} The barometer in my kitchen is never wrong.

**Ann:** And who taught you to read it?

**Captain O'Neil:** My aunt, who could not swim and never lost a boat.
"""
PLACES = {"tea.md": TEA, "violin.txt": VIOLIN, "harbour.md": HARBOUR, "talk.md": TALK,
          "storm.md": LONG}  # fmt: skip


def needs_lite() -> None:
    """Skip where Milvus Lite is not installed."""
    for name in ("pymilvus", "milvus_lite"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install -e '.[milvus]'")


def corpus_in(folder: Path) -> Path:
    """Write the transcripts; return their folder."""
    talks = folder / "talks"
    talks.mkdir(parents=True)
    for name, text in PLACES.items():
        (talks / name).write_text(text, encoding="utf-8")
    return talks


def indexed_in(folder: Path) -> Path:
    """Write the transcripts and index them; return the folder of the index."""
    talks = corpus_in(folder)
    index = folder / "index" / "default"
    build(index, talks)
    return index


def renewed(index: Path) -> Store:
    """Bring an index up to date with its files and open it."""
    build(index)
    return Store.open(index)
