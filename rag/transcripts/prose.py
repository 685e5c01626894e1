"""Texts of short lines that stop in mid-sentence: captions saved without their times.

One word a line, or one caption a line, can neither be read nor found. The lines are put together
to sentences, or without punctuation to stretches that can be read, each with the file line of its
first word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.text import HAN, KANA, is_han
from rag.transcripts.cues import Cue
from rag.transcripts.speech.sentences import Sentence, joined, whole_words
from rag.transcripts.speech.voices import Piece

_FEWEST = 30  # lines: a short list or a poem is left as it is
_NARROW = 48  # columns of a caption
_MOSTLY = 0.9
_SELDOM = 0.4
_WIDE = re.compile(f"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]")
_STOP = re.compile(r"[。！？!?.…：:；;|][\"'”’」』)）\]]*$")
_SPACE = "\u3000"
_SOMEBODY_ELSE = re.compile(r"\s*(?:>>|»)")
_LISTED = re.compile(r"\s*(?:[-*+|#•·]|>(?!>)|\d+[.、)）])")
_LONG = 40  # columns: a paragraph rather than a heading
_ASTRAY = 0.15


def readable(
    texts: Sequence[str], numbers: Sequence[int], lines: Sequence[str]
) -> tuple[list[str], list[int]]:
    """Return the texts of a section joined where they are captions, with their line numbers.

    `lines` are those of the file as written.
    """
    raw = [lines[number - 1] for number in numbers]
    if not _are_captions(texts, raw):
        return list(texts), list(numbers)
    cues = [Cue(None, None, text, line) for text, line in zip(texts, numbers, strict=True)]
    words = whole_words(cues)
    # Where somebody else begins to speak, so does a line.
    opens = [index for index, line in enumerate(raw) if index and _SOMEBODY_ELSE.match(line)]
    sentences: list[Sentence] = []
    for begin, end in pairwise([0, *opens, len(cues)]):
        said = [
            Piece(None, None, _spaced(cue.text), cue.line, "", False, False)
            for cue in cues[begin:end]
        ]
        sentences += joined(said, words)
    return [item.text.replace(_SPACE, " ") for item in sentences], [s.line for s in sentences]


def _spaced(text: str) -> str:
    """Keep a line's end visible where Chinese has no mark: it is all that parts the phrases."""
    return text + _SPACE if is_han(text[-1]) else text


def _are_captions(texts: Sequence[str], raw: Sequence[str]) -> bool:
    count = len(texts)
    if count < _FEWEST:
        return False
    narrow = sum(_width(text) <= _NARROW for text in texts)
    stops = sum(_STOP.search(text) is not None for text in texts)
    listed = sum(_LISTED.match(line) is not None for line in raw)
    return narrow >= count * _MOSTLY and stops <= count * _SELDOM and listed * 20 <= count


def _width(text: str) -> int:
    return len(text) if len(text) > _NARROW else len(text) + len(_WIDE.findall(text))


def stops_in_sentences(lines: Sequence[str]) -> bool:
    """Tell whether the paragraphs of a file stop anywhere, as those of recognised speech do.

    In such a file a short line without a full stop is no heading.
    """
    filled = [line.strip() for line in lines if len(line) > _LONG // 2]
    long = [line for line in filled if len(line) > _LONG and not _LISTED.match(line)]
    astray = sum(line[-1].isalnum() or line[-1] in ",，、" for line in long)
    return len(long) >= 10 and astray > len(long) * _ASTRAY
