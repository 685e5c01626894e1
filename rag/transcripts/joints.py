"""What stands between two pieces of one text: a blank, or in Chinese and Japanese nothing.

As printers set them: nothing between two ideographs, and nothing beside a full-width mark, which
brings its own room (`好吧。Okay`). Curly quotes, dashes and dots belong to either script; what they
stand beside decides.
"""

from __future__ import annotations

import re

from rag.text import HAN, KANA

_FULL_WIDTH = re.compile("[\u3000-\u303f\uff00-\uffef]")
_WIDE = re.compile(f"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]")
_EITHER = "“”‘’—…"
_CHINESE = ("——", "……")  # that are doubled


def joint(left: str, right: str) -> str:
    """Return what joins two texts, neither of them empty, that stand on lines of their own."""
    last, first = left[-1], right[0]
    if _FULL_WIDTH.match(last) or _FULL_WIDTH.match(first) or last in "“‘" or first == "”":
        return ""
    doubled = left[-2:] in _CHINESE or right[:2] in _CHINESE
    if last in _EITHER or first in _EITHER:
        last, first = left.rstrip(_EITHER)[-1:], right.lstrip(_EITHER)[:1]
    if doubled and (_WIDE.match(last) or _WIDE.match(first)):
        return ""
    return "" if _WIDE.match(last or first) and _WIDE.match(first or last) else " "
