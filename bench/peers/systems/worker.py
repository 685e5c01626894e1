"""One operation of one system in a process of its own: `python worker.py SYSTEM OPERATION JSON`.

Runs in the environment of the system, which has neither `bench` nor our packages: the standard
library only. Figures go to a file, as some of the systems print.
"""

# A system is a module, which has no type of its own.
# ruff: noqa: ANN401

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Figures = dict[str, object]
SHOWN = 5
RANKED = 25
"""As many hits as fill 1,500 characters where a hit is one short line."""


def build(system: Any, sources: str, index: str, encoder: str) -> Figures:
    """Build an index of a folder."""
    chunks = system.build(_files(sources), Path(index), encoder)
    return {"chunks": len(chunks), "characters": sum(map(len, chunks))}


def ask(system: Any, index: str, encoder: str, question: str) -> Figures:
    """Load an index and answer one question, as far as that goes without a language model."""
    return {"hits": system.load(Path(index), encoder, SHOWN)(question)}


def warm(system: Any, index: str, encoder: str, questions: list[str]) -> Figures:
    """Ask questions in one process after five that are not counted; milliseconds of each."""
    search = system.load(Path(index), encoder, SHOWN)
    for question in questions[:5]:
        search(question)
    taken = [_taken(search, question) for question in questions[5:]]
    return {"cpu": [cpu for cpu, _ in taken], "wall": [wall for _, wall in taken]}


def add(system: Any, index: str, encoder: str, file: str) -> Figures:
    """Add one file to an index."""
    system.add(Path(index), encoder, Path(file))
    return {}


def recall(system: Any, sources: str, index: str, encoder: str, questions: list[str]) -> Figures:
    """Return all chunks, and the ranking for each question, also by words alone."""
    if hasattr(system, "chunks"):  # ours, built by its own command
        chunks = system.chunks(Path(index))
    else:
        chunks = system.build(_files(sources), Path(index), encoder)
    search = system.load(Path(index), encoder, RANKED)
    words = system.words(Path(index), chunks, RANKED)
    return {
        "chunks": chunks,
        "hits": [search(question) for question in questions],
        "words": [words(question) for question in questions] if words else [],
    }


def turns(system: Any, sources: str) -> Figures:
    """Return who says what at which address; only ours reads turns."""
    return {"turns": system.turns(_files(sources))}


def _files(sources: str) -> list[Path]:
    return sorted(Path(sources).iterdir())


def _taken(search: Callable[[str], list[str]], question: str) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    search(question)
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


if __name__ == "__main__":
    operations: dict[str, Callable[..., Figures]] = {
        "build": build,
        "ask": ask,
        "warm": warm,
        "add": add,
        "recall": recall,
        "turns": turns,
    }
    name, operation, given = sys.argv[1:]
    arguments = json.loads(given)
    figures = Path(arguments.pop("figures"))
    found = operations[operation](importlib.import_module(f"use_{name}"), **arguments)
    figures.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
