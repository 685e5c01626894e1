"""A JSON file of recognised speech or of a meeting, whoever wrote it, as one recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.errors import UsageError
from rag.transcripts.cues import Cue, Recording
from rag.transcripts.recognised import items, vendors
from rag.transcripts.recognised.pieces import Piece, cues
from rag.transcripts.recognised.tree import Item, Tree, first, mapping, written

KNOWN = (
    "known are Whisper, WhisperX, whisper.cpp, podcast, YouTube, AWS, Deepgram, AssemblyAI, Google,"
    " Azure, Rev, Speechmatics, or a list of objects with text, speaker, start"
)
_TITLES = ("title", "meeting_title", "meetingTitle", "video_title", "标题", "会议主题")
_DATES = ("date", "published", "created_at", "upload_date", "meeting_date", "日期")
_SOURCES = ("source_url", "webpage_url", "url", "link", "video_url", "transcript_url", "source")
_LANGUAGES = ("language", "language_code", "lang", "locale")


def read_json(text: str, place: str) -> Recording:
    """Read a transcript in JSON, or JSON lines, by the shape of what is in it.

    `line` of a cue is the file line of its words; all is line 1 in a file written on one line.

    Raises:
        UsageError: when it is not JSON, or no transcript.
    """
    tree = Tree(text, place)
    pieces, warnings = _pieces(tree, tree.values, place)
    found = list(cues(pieces))
    if not found:
        raise UsageError(f"{place}: JSON, but no transcript in it", KNOWN)
    return _recording(found, tree.values, tuple(warnings))


def _pieces(tree: Tree, values: Sequence[object], place: str) -> tuple[Iterable[Piece], list[str]]:
    pieces = [piece for value in values for piece in _by_vendor(tree, _unwrapped(value)) or ()]
    if pieces:
        return pieces, _several(values, place)
    if told := items.find(values):
        return items.read(tree, *told, place)
    # JSON lines with a whole recording in each.
    warnings: list[str] = []
    for value in values if len(values) > 1 else ():
        if told := items.find([value]):
            more, doubts = items.read(tree, *told, place)
            pieces += more
            warnings += doubts
    return pieces, [*dict.fromkeys(warnings), *(_several(values, place) if pieces else ())]


def _by_vendor(tree: Tree, value: object) -> list[Piece] | None:
    for read in vendors.READERS:
        if pieces := read(tree, value):
            return pieces
    return None


def _unwrapped(value: object) -> object:
    """A list of one, as some tools write the result of one file."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _several(values: Sequence[object], place: str) -> list[str]:
    if len(values) < 2:
        return []
    return [f"{place}: {len(values)} recordings in one file, read one after the other"]


def _recording(found: list[Cue], values: Sequence[object], warnings: tuple[str, ...]) -> Recording:
    top = mapping(_unwrapped(values[0])) if len(values) == 1 else {}
    timed = any(cue.start is not None for cue in found)
    spoken = any(cue.speaker for cue in found)
    return Recording(
        cues=found,
        whole=spoken and not timed,
        title=_said(top, _TITLES),
        date=_said(top, _DATES)[:10],
        source=_said(top, _SOURCES),
        language=_said(top, _LANGUAGES),
        warnings=warnings,
    )


def _said(top: Item, names: tuple[str, ...]) -> str:
    for item in (top, mapping(top.get("metadata")), mapping(top.get("result"))):
        if text := written(first(item, *names)):
            return text
    return ""
