"""How many tokens a text costs a language model: exactly with tiktoken, else by an estimate.

tiktoken downloads its tables on first use and has no timeout of its own, so it is loaded in a
thread with a deadline, and only where a model is about to be called. Chunking always uses the
estimate: an index must come out the same with and without a network.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from rag.text import HAN

ENCODING = "o200k_base"
"""tiktoken's encoding for current OpenAI models; close enough for the others."""

Counter = Callable[[str], int]

_HAN_CHAR = re.compile(f"[{HAN}\u3040-\u30ff\uac00-\ud7af]")
_LATIN = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")
_OTHER = re.compile(r"[^\w\s]")
_PER_HAN = 0.75
_LETTERS_PER_TOKEN = 6
_DIGITS_PER_TOKEN = 3


def estimate(text: str) -> int:
    """Return about how many tokens `text` has, without any table.

    Measured against real counts in `bench/tokens.py`; the constants are for `o200k_base`.
    """
    han = len(_HAN_CHAR.findall(text))
    rest = _HAN_CHAR.sub(" ", text) if han else text
    tokens = han * _PER_HAN + len(_OTHER.findall(rest))
    tokens += sum(math.ceil(len(word) / _LETTERS_PER_TOKEN) for word in _LATIN.findall(rest))
    tokens += sum(math.ceil(len(run) / _DIGITS_PER_TOKEN) for run in _DIGITS.findall(rest))
    return math.ceil(tokens)
