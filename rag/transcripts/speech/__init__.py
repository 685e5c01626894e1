"""Recordings become speech: cues joined to sentences, sentences to turns.

Cues of one speaker are one turn. Where nobody is named, a turn ends at a pause, at a mark of a
new speaker (`- `, `>>`), and around a question; it has no speaker, and none is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.text import HAN
from rag.transcripts.captions.build import begins_again
from rag.transcripts.cues import Cue, Recording, used_up
from rag.transcripts.labels import clean
from rag.transcripts.speakers import canonical
from rag.transcripts.speech.languages import is_dual
from rag.transcripts.speech.rolling import unrolled
from rag.transcripts.speech.sentences import Sentence, joined, whole_words
from rag.transcripts.speech.voices import Piece, pieces
from rag.types import Turn

PAUSE = 2.0
"""Seconds without a caption that end a turn of nobody in particular.

In two podcasts whose captions name the speakers, no pause between two sentences of one person is
as long (126 such places; in a slow interview one in twenty is), and in a course every new lecturer
begins after a longer one (2.3 s or more). Between people who converse pauses are mostly shorter
than within one's own speech: no threshold tells those apart, and this one does not try.
"""
_LONGEST = 4000  # characters of a turn of nobody's, some four minutes; it ends with a sentence
_QUESTION = re.compile(r"[?？][\"'”’」』)）]*$")
_CONTENT = re.compile(rf"[{HAN}]|[^\W_]+")
_ASIDE_WORDS = 3  # a question of so few words (right? 对吧？) begins no turn


def turns(recording: Recording, aliases: Mapping[str, str]) -> tuple[Turn, ...]:
    """Return the turns of a recording; `aliases` map other names of speakers to those to use."""
    found = _whole(recording.cues) if recording.whole else _spoken(recording.cues, aliases)
    # Made at once, since the parts of a long recording take more memory than its turns.
    labelled = list(found)
    # The name alone is the speaker; a remark behind it stays in the label.
    names = {label: _name(label) for label in {turn.label: None for turn in labelled}}
    speakers = {"": "", **canonical(filter(None, names.values()), (), aliases)}
    return tuple(
        replace(turn, number=number, speaker=speakers[names[turn.label]])
        for number, turn in enumerate(used_up(labelled), start=1)
    )


def _name(label: str) -> str:
    """The name in a label: of a number that of a speaker so numbered, of mere marks none."""
    name = clean(label)
    if any(char.isalpha() for char in name):
        return name
    return f"Speaker {name}" if name.isdecimal() else ""


def _turn(label: str, sentences: Sequence[Sentence], line: int) -> Turn:
    """A turn that still lacks its number and its speaker."""
    times = tuple(item.start for item in sentences if item.start is not None)
    if len(times) != len(sentences):
        times = ()
    elif any(after < before for before, after in pairwise(times)):
        # Stretches that overlap, as recognisers give them: each sentence has its own second.
        sentences = sorted(sentences, key=lambda item: item.start or 0.0)
        times = tuple(sorted(times))
    start = sentences[0].start
    ends = [item.end for item in sentences if item.end is not None]
    return Turn(
        number=0,
        speaker="",
        label=label,
        # A recogniser may give a word with a line break in it, which would be one line too many.
        text="\n".join(item.text.replace("\n", " ") for item in sentences),
        line=line,
        lines=tuple(item.line for item in sentences),
        start=start,
        # Recognisers write ends that lie before the beginning; nothing is said backwards.
        end=max(*ends, start or 0.0, *times) if ends else None,
        times=times,
    )


def _whole(cues: Iterable[Cue]) -> Iterator[Turn]:
    """Each cue is a turn as it stands, its line breaks kept."""
    for cue in cues:
        texts = [text.strip() for text in cue.text.splitlines() if text.strip()]
        if texts:
            said = [Sentence(text, cue.line, cue.start, cue.end) for text in texts]
            yield _turn(cue.speaker, said, cue.line)


def _spoken(cues: Sequence[Cue], aliases: Mapping[str, str]) -> Iterator[Turn]:
    kept = unrolled(cues if isinstance(cues, list) else list(cues))
    dual = is_dual(kept)
    words = whole_words(kept)
    for stretch in _stretches(pieces(kept, aliases, dual=dual)):
        sentences = joined(stretch, words)
        if not sentences:
            continue
        if stretch[0].label:
            yield _turn(stretch[0].label, sentences, stretch[0].line)
        else:
            for run in _runs(sentences):
                yield _turn("", run, run[0].line)


def _stretches(found: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Group pieces that one person says, or that nobody in particular says without a pause."""
    stretch: list[Piece] = []
    end: float | None = None
    for piece in found:
        if stretch and (piece.opens or _paused(stretch[-1], piece, end)):
            if any(item.text for item in stretch):
                yield stretch
            stretch, end = [], None
        stretch.append(piece)
        if piece.end is not None:
            end = piece.end if end is None else max(end, piece.end)
    if any(item.text for item in stretch):
        yield stretch


def _paused(last: Piece, piece: Piece, end: float | None) -> bool:
    if last.label != piece.label:
        return True
    if None not in (last.start, piece.start) and begins_again(last.start or 0, piece.start or 0):
        return True
    if piece.label or end is None or piece.start is None:
        return False
    return piece.start - end >= PAUSE


def _runs(sentences: list[Sentence]) -> Iterator[list[Sentence]]:
    """Cut what nobody in particular says around its questions, and where it gets too long."""
    run: list[Sentence] = []
    asked, size = False, 0
    for item in sentences:
        asks = _QUESTION.search(item.text) is not None
        if asks and not _says_something(item.text):
            asks = asked  # it goes with what stands before it
        if run and (asks != asked or size > _LONGEST):
            yield run
            run, size = [], 0
        run.append(item)
        asked, size = asks, size + len(item.text)
    if run:
        yield run


def _says_something(text: str) -> bool:
    return len(_CONTENT.findall(text)) > _ASIDE_WORDS
