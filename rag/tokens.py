"""How many tokens a text costs a language model, by an estimate that needs no table.

tiktoken downloads its tables on first use and has no timeout of its own; an index must come out
the same with and without a network. So passages are cut by this estimate, and only where a prompt
is packed for a model will exact counts be asked for (`docs/decisions/tokens.md`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.text import HAN, HANGUL, KANA

Counter = Callable[[str], int]

_WIDE = f"{HAN}{KANA}{HANGUL}"
# A token is a wide character, up to six letters, up to three digits, or a sign.
_TOKEN = re.compile(rf"[{_WIDE}]|[^\W\d_{_WIDE}]{{1,6}}|\d{{1,3}}|[^\w\s]|_")


def estimate(text: str) -> int:
    """Return about how many tokens `text` has in OpenAI's `o200k_base`, rather more than fewer.

    Measured against real counts by `python -m bench tokens`.
    """
    return len(_TOKEN.findall(text))
