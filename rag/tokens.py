"""How many tokens a text costs a language model: by an estimate, or by its own tables.

tiktoken downloads its tables on first use and has no timeout of its own; an index must come out
the same with and without a network. So passages are cut by an estimate that needs no table, and
exact counts are asked for only where a prompt is packed for a model and the estimate is too near
the limit to decide (`docs/decisions/tokens.md`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from threading import Lock, Thread

from rag.text import HAN, HANGUL, KANA

Counter = Callable[[str], int]

MARGIN = 1.15
"""No text of ours has more tokens than this many times its estimate (`python -m bench tokens`)."""

_TABLE = "o200k_base"
_SECONDS = 3.0  # to wait for a table that has to be downloaded
_loading = Lock()
_WIDE = f"{HAN}{KANA}{HANGUL}"
# A token is a wide character, up to six letters, up to three digits, or a sign.
_TOKEN = re.compile(rf"[{_WIDE}]|[^\W\d_{_WIDE}]{{1,6}}|\d{{1,3}}|[^\w\s]|_")


def estimate(text: str) -> int:
    """Return about how many tokens `text` has in OpenAI's `o200k_base`, rather more than fewer.

    Measured against real counts by `python -m bench tokens`.
    """
    return len(_TOKEN.findall(text))


def cautious(text: str) -> int:
    """Return a count that the real one does not exceed: the estimate with its margin."""
    return int(estimate(text) * MARGIN) + 1


def exact(model: str) -> Counter | None:
    """Return the counter of a model's own tokens, or None where its table is not to be had.

    The table of a model that tiktoken does not know is `o200k_base`. Waits 3 s at most for a
    download, and once a table, whoever else asks; a program that goes on without it is told so by
    a warning in the log.
    """
    with _loading:
        return _counter(_table(model))


def _table(model: str) -> str:
    try:
        import tiktoken

        return tiktoken.encoding_name_for_model(model)
    except (ImportError, KeyError):
        return _TABLE


@cache
def _counter(table: str) -> Counter | None:
    found: list[Counter] = []
    loading = Thread(target=_load, args=(table, found), daemon=True)
    loading.start()
    loading.join(_SECONDS)
    if found:
        return found[0]
    import logging

    logging.getLogger("rag").warning("tiktoken's tables are not to be had: tokens are estimated")
    return None


def _load(table: str, found: list[Counter]) -> None:
    try:
        import tiktoken

        encoding = tiktoken.get_encoding(table)
    except Exception:  # whatever a download fails with: there is an estimate
        return
    found.append(lambda text: len(encoding.encode_ordinary(text)))
