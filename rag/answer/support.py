"""Sentences of an answer that nothing in the passages bears out.

A quotation can be checked letter by letter; a claim in the model's own words cannot. What can be
seen without a second model is a sentence that is like nothing the model was given, or that has a
number which nobody mentioned. Both are flagged, for a reader to look at, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answer.extract import NOT_FOUND
from rag.answer.numbers import even, mentioned, written
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
# What an answer says about the transcripts themselves, or about what they do not say.
_OF_THE_RECORD = re.compile(
    r"(?:记录|访谈|采访|文字稿|转录|发言|材料|资料|片段|文本|对话)[^，,。；;]{0,12}"
    r"(?:没有|没|未|不曾|来自|出自|无法|并无)"
    r"|(?:没有|未|并未)(?:被)?(?:提到|提及|说明|给出|谈到)"
    r"|\b(?:transcripts?|passages?|interview|conversation|sources?|excerpts?|turns?|speakers?)\b"
    r"[^.;]{0,40}\b(?:not|n't|no|never|nothing|silent)\b|\bnot (?:mentioned|stated|specified)\b"
    r"|(?:以上|上述)[^。]{0,8}(?:来自|出自|内容|引自)"
)
_TABLE_RULE = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\|?\s*")
_FEWEST = 100.0  # a smaller whole number is as often spoken in words or counted by the model
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_FEWEST_WORDS = 5
_FEWEST_BESIDE_A_QUOTATION = 12  # who said what, and when, is no claim yet
# The cosine to the nearest turn and the share of terms in one turn, below both of which nothing
# supports a sentence: in a paragraph that cites a turn, and in one that cites none.
_LEAST_CITED, _LEAST = 0.2, 0.3


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
    folded = [even(text) for text in spoken]
    numbers = _Numbers(folded)
    flagged = {sentence for sentence, _ in claims if numbers.lack(_bare(sentence))}
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
    for paragraph in _paragraphs(_MARKUP.sub("", _MARK.sub("", text)).split("\n")):
        least = _LEAST_CITED if _KEY.search(paragraph) else _LEAST
        for start, end in sentences(paragraph):
            if _says_something(paragraph[start:end]):
                yield paragraph[start:end], least


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """The lines of an answer without the heads of tables and the rules below them."""
    for line, below in zip(lines, (*lines[1:], ""), strict=True):
        ruled = "|" in line and _TABLE_RULE.fullmatch(below)
        if not ruled and not ("|" in line and _TABLE_RULE.fullmatch(line)):
            yield line.strip(" |").replace("|", " ")


def _says_something(sentence: str) -> bool:
    own = _bare(sentence)
    fewest = _FEWEST_BESIDE_A_QUOTATION if _QUOTATION.search(sentence) else _FEWEST_WORDS
    if (
        len(_WORD.findall(own)) < fewest
        or _NO_CLAIM.search(own)
        or _OF_THE_RECORD.search(fold(own))
    ):
        return False
    return _LETTERS.sub("", fold(own)) not in _REFUSALS


def _bare(sentence: str) -> str:
    """A sentence without its keys and quotations, which are checked elsewhere."""
    return _QUOTATION.sub(" ", _KEY.sub("", sentence)).strip()


class _Numbers:
    """The numbers that were mentioned, read when one is asked for."""

    def __init__(self, folded: Sequence[str]) -> None:
        self._folded = folded
        self._values: set[float] | None = None

    def lack(self, claim: str) -> bool:
        """Tell whether a claim has a number that nobody mentioned."""
        return any(
            not self._mentioned(value, within)
            for value, within in written(even(claim))
            if value >= _FEWEST or not value.is_integer()
        )

    def _mentioned(self, value: float, within: float) -> bool:
        if self._values is None:
            self._values = set().union(*map(mentioned, self._folded))
        # Of two roundings of one number, both may be written.
        near = within + 1e-9 * value
        return any(abs(value - said) <= near for said in self._values)


_LETTERS = re.compile(r"\W+")
_REFUSALS = {_LETTERS.sub("", fold(sentence)) for sentence in NOT_FOUND.values()}
