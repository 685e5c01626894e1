"""Texts and questions to terms: whole Latin words, single Han characters and pairs of them."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from operator import add

from rag.text import HAN, HANGUL, KANA, fold

# Words keep inner apostrophes and signs (don't, gpt-4o, c++ is c), numbers their decimal points.
_RUN = re.compile(rf"[{HAN}]+|[{KANA}]+|[{HANGUL}]+|\d+(?:[.,]\d+)*|[^\W\d_{HAN}{KANA}{HANGUL}]+")
_HAN_RUN = re.compile(rf"[{HAN}{KANA}{HANGUL}]")
_EAST = "\u1100"
MOST_TERMS = 256
"""Distinct terms of a question that are searched; a longer question is a pasted document."""


# Words of a question that say nothing about its answer. Chinese ones are removed before pairs are
# made, so that 怎么用 does not become a pair of 么用.
_STOP_ZH = re.compile(
    "请问|为啥|啥时候|啥样|啥|咋样|咋|怎么办|这么|那么|是不是|有没有|能不能|会不会|为什么|什么时候|什么样|什么|怎么样|怎样|怎么|如何"
    "|哪一个|哪一些|哪些|哪个|哪里|哪儿|谁|多少|吗|呢|吧|啊|呀|的|了|过"
    "|他们|她们|它们|我们|你们|您|他|她|它|我|你|这个|那个|这些|那些|这|那"
    "|是否|是|关于|认为|觉得|说"
)
_STOP_EN = frozenset(
    "a an the of to in on at for by with from as and or but if is are was were be been being am"
    " do does did doing have has had having will would can could should shall may might must"
    " what which who whom whose when where why how that this these those there here it its"
    " he she they them his her their him you your we our us i me my not no so than then too very"
    " just about into over such say says said tell told think thinks thought"
    " s t re ve ll d m".split()
)


def terms(text: str) -> list[str]:
    """Return the index terms of `text`, with repetitions, in order."""
    return _terms(fold(text))


def question_terms(text: str) -> dict[str, float]:
    """Return the terms of a question that are worth searching, weighted by how often they occur.

    At most `MOST_TERMS`. When nothing but stop words is left, they are what was asked for.
    """
    folded = fold(text)
    content = Counter(t for t in _terms(_STOP_ZH.sub(" ", folded)) if t not in _STOP_EN)
    counts = content or Counter(_terms(folded))
    return {term: float(count) for term, count in counts.most_common(MOST_TERMS)}


def _terms(folded: str) -> list[str]:
    found: list[str] = []
    for run in _RUN.findall(folded):
        # Alphabets come before all that is written without spaces.
        if run[0] < _EAST or not _HAN_RUN.match(run):
            found.append(_stem(run))
        else:
            found += run
            found += map(add, run, run[1:])
    return found


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """Take off the English plural and possessive only: cars, companies; never analysis, us, gas."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and word[-2] not in "suiao":
        return word[:-1]
    return word
