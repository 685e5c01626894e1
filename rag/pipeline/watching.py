"""An index that follows its folders: brought up to date whenever something in them changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag import embedder, paths, store
from rag.errors import RagError
from rag.pipeline.building import build, index_folder
from rag.settings import Settings
from rag.store.watching import state

if TYPE_CHECKING:
    from rag.store import Report

SHORTEST = 1.0
"""Seconds between two looks; a look that takes long is taken less often, at most a twentieth of
the time is spent on looking."""
_SHARE = 20


def follow(
    sources: Sequence[Path | str],
    chosen: Settings,
    told: Callable[[Report | RagError], None],
    *,
    fresh: bool = False,
    speakers: Path | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Build the index named by the settings, then again after every change, until interrupted.

    Whatever a build did or what stood in its way is `told`. A change counts when it has lasted from
    one look to the next: a file that is being written is not read halfway.

    Raises:
        RagError: when the first build fails.
    """
    encoder = embedder.load(chosen.encoder)
    told(build(sources, chosen, fresh=fresh, speakers=speakers, encoder=encoder))
    done, before, wrong = b"", b"", ""
    while True:
        started = time.perf_counter()
        try:
            now = _state(chosen, speakers)
            if now != done and now == before:
                report = build([], chosen, speakers=speakers, encoder=encoder)
                done, wrong = now, ""
                if report.changed or report.problems:
                    told(report)
            before = now
        except RagError as error:
            # Another process writes, or the disk is full: tried again, and said once.
            if str(error) != wrong:
                told(error)
            wrong = str(error)
        wait(max(SHORTEST, _SHARE * (time.perf_counter() - started)))


def _state(chosen: Settings, speakers: Path | None) -> bytes:
    folder = index_folder(chosen)
    base = store.anchor(folder, paths.home())
    places = [base / root for root in store.roots(folder)]
    return state([*places, *([speakers] if speakers else [])], folder)
