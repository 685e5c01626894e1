"""Sentences of an answer that nothing in the passages bears out.

A quotation can be checked letter by letter; a claim in the model's own words cannot. What can be
seen without a second model is a sentence that is like nothing the model was given, or that has a
number which nobody mentioned. Both are flagged, for a reader to look at, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answer.extract import NOT_FOUND
from rag.answer.pack import Given
from rag.answer.scan import MARKS
from rag.lexical import question_terms
from rag.text import HAN, fold, sentences
from rag.types import Encoder

_MARK = re.compile(r"\s?[(（]✗[^()（）]*[)）]")
_KEY = re.compile(r"\s*\[[^\[\]]+:s?\d[^\[\]]*\]")
_QUOTATION = re.compile(
    "|".join(f"{a}[^{b}\n]*{b}" for a, b in MARKS.items() if a not in "'\"") + '|"[^"\n]+"'
)
_MARKUP = re.compile(r"^\s*(?:[-*•>#]+|\d+[.)、])\s*|[*_`]+", re.MULTILINE)
_NO_CLAIM = re.compile(r"[?？:：]\s*$")
# A number of fewer digits is as often spoken in words, translated or counted by the model.
_NUMBER = re.compile(r"(?<![\d.])(?:\d{3,}|\d+\.\d+)(?![\d.]*\d)")
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3})")
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_FEWEST_WORDS = 5
_FEWEST_BESIDE_A_QUOTATION = 12  # who said what, and when, is no claim yet
# The cosine to the nearest turn and the share of terms in one turn, below both of which nothing
# supports a sentence: in a paragraph that cites a turn, and in one that cites none.
_LEAST_CITED, _LEAST = 0.2, 0.3

_DIGITS = "零一二三四五六七八九"


def unsupported(
    text: str, turns: Sequence[Given], encoder: Encoder, doubtful: bool = False
) -> list[str]:
    """Return the sentences of a checked answer that no turn supports, as they stand in it.

    All that it claims are, when the answer is `doubtful`: it cites nothing, and nothing that was
    found is likely to answer the question.
    """
    claims = list(_claims(text))
    if not claims or not turns or doubtful:
        return [sentence for sentence, _ in claims]
    # A reply is often only understood with its question: both are looked at, and each alone.
    spoken = list(
        dict.fromkeys(text for t in turns for text in (t.source.text, t.passage.searchable))
    )
    folded = [_THOUSANDS.sub("", fold(text)) for text in spoken]
    flagged = {sentence for sentence, _ in claims if _invents_number(_bare(sentence), folded)}
    # Most claims share words with what they are made from; the others may do so in other words.
    unlike = [item for item in claims if _shared(_bare(item[0]), folded) < item[1]]
    if unlike:
        near = encoder.passages([_bare(item[0]) for item in unlike]) @ encoder.passages(spoken).T
        likeness = near.max(axis=1).tolist()
        flagged |= {
            item[0] for item, alike in zip(unlike, likeness, strict=True) if alike < item[1]
        }
    return [sentence for sentence, _ in claims if sentence in flagged]


def _shared(claim: str, folded: Sequence[str]) -> float:
    """The largest share of a claim's terms that stand in one text."""
    wanted = question_terms(claim)
    return max(sum(term in text for term in wanted) for text in folded) / (len(wanted) or 1)


def _claims(text: str) -> Iterator[tuple[str, float]]:
    """The sentences that say something in the model's own words, and how little supports them."""
    for paragraph in _MARKUP.sub("", _MARK.sub("", text)).split("\n"):
        least = _LEAST_CITED if _KEY.search(paragraph) else _LEAST
        for start, end in sentences(paragraph):
            if _says_something(paragraph[start:end]):
                yield paragraph[start:end], least


def _says_something(sentence: str) -> bool:
    own = _bare(sentence)
    fewest = _FEWEST_BESIDE_A_QUOTATION if _QUOTATION.search(sentence) else _FEWEST_WORDS
    if len(_WORD.findall(own)) < fewest or _NO_CLAIM.search(own):
        return False
    return _LETTERS.sub("", fold(own)) not in _REFUSALS


def _bare(sentence: str) -> str:
    """A sentence without its keys and quotations, which are checked elsewhere."""
    return _QUOTATION.sub(" ", _KEY.sub("", sentence)).strip()


def _invents_number(said: str, folded: Sequence[str]) -> bool:
    numbers = _NUMBER.findall(_THOUSANDS.sub("", fold(said)))
    return any(not any(_mentions(text, number) for text in folded) for number in numbers)


def _mentions(text: str, number: str) -> bool:
    if number in text and re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text):
        return True
    return any(spelt in text for spelt in _spelt(number))


def _spelt(number: str) -> Iterator[str]:
    """A whole number below ten thousand as it is spoken in Chinese, and digit by digit."""
    if "." in number:
        return
    yield "".join(_DIGITS[int(digit)] for digit in number)
    if len(number) > 4 or number.startswith("0"):
        return
    places = ["", "十", "百", "千"][: len(number)][::-1]
    spelt = "".join(
        _DIGITS[int(digit)] + (place if digit != "0" else "")
        for digit, place in zip(number, places, strict=True)
    )
    yield re.sub("零+", "零", spelt).rstrip("零")


_LETTERS = re.compile(r"\W+")
_REFUSALS = {_LETTERS.sub("", fold(sentence)) for sentence in NOT_FOUND.values()}
