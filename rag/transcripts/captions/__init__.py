"""Subtitle files: SRT, WebVTT, SBV, ASS/SSA and TTML, each caption with its time and file line.

All readers are tolerant: a damaged caption costs itself at most, and is warned about.
"""

from __future__ import annotations

from collections.abc import Iterable

from rag.errors import UsageError, safe
from rag.transcripts.captions import ass, blocks, ttml
from rag.transcripts.cues import Recording
from rag.transcripts.kinds import Kind


def read(pieces: Iterable[str], kind: Kind, place: str) -> Recording:
    """Read the text of a subtitle file of a known kind; `place` names it in warnings.

    The text comes in pieces that end with a line, see `rag.transcripts.encoding.cut`.

    Each line of a caption is a cue of its own, so that its file line is known; the cues of one
    caption have the same times.

    Raises:
        UsageError: when there is no caption in it.
    """
    if kind is Kind.ASS:
        recording = ass.read(pieces, place)
    elif kind is Kind.TTML:
        recording = ttml.read(pieces, place)
    else:
        recording = blocks.read(pieces, kind, place)
    if not recording.cues:
        warnings = recording.warnings
        why = f" ({safe(warnings[0].removeprefix(place + ':'))})" if warnings else ""
        raise UsageError(f"{place}: no captions in it{why}", "is it a subtitle file, and whole?")
    return recording
