"""Captions in two languages at once, told apart by their scripts.

The lines of both are kept. Each language is joined to sentences for itself, so that a sentence can
be found and quoted in either; the two then stand in order of time, sentence by sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.transcripts.cues import Cue
from rag.transcripts.speech.rolling import captions

# Han, kana, Hangul, Cyrillic, Arabic, Thai …: an alphabet that no Latin line has.
_OTHER_SCRIPT = re.compile(
    "[\u0400-\u1fff\u2e80-\u2fff\u3040-\ud7af\uf900-\ufaff\U00020000-\U0003134f]"
)
_LETTER = re.compile(r"[^\W\d_]")
_SHARE = 0.5
_LEAST = 3


def is_dual(cues: Iterable[Cue]) -> bool:
    """Tell whether most captions say the same in two languages of different scripts."""
    both = alone = 0
    for caption in captions(cues):
        scripts = {other_script(cue.text) for cue in caption if _LETTER.search(cue.text)}
        both += len(scripts) == 2
        alone += len(scripts) == 1
    return both >= _LEAST and both >= (both + alone) * _SHARE


def other_script(text: str) -> bool:
    """Tell whether a line is in the language whose letters are not Latin, Latin words apart."""
    return _OTHER_SCRIPT.search(text) is not None
