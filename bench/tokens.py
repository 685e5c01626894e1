"""Tokens: how far `rag.tokens.estimate` is from what a tokenizer really counts."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from bench.measure import ROOT, heading, middle, note, percentile, progress, table
from rag import transcripts
from rag.text import HAN
from rag.tokens import estimate

if TYPE_CHECKING:
    from tiktoken import Encoding

LENGTH = 800
"""Characters of a piece of text, about a passage; the rounding of shorter ones would show."""
MOST_PIECES = 1000
DEADLINE = 20
"""Seconds; tiktoken downloads a table that is not cached, and has no timeout of its own."""

_HAN_CHAR = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile("[A-Za-z]+")
_MIXED = (0.1, 0.9)  # share of Han characters among characters and words
_SEED = 11


def measure(data: Path, encoding: str) -> None:
    """Print the ratio of estimate to real count for Chinese, English and mixed texts."""
    heading(f"Token estimate against `{encoding}`")
    tokenizer = _encoding(encoding)
    if tokenizer is None:
        note(
            f"Left out: tiktoken's table of `{encoding}` is neither cached nor to be had within"
            f" {DEADLINE} s. Point `TIKTOKEN_CACHE_DIR` at a folder that has it."
        )
        return
    note(
        f"Estimate / real count of pieces of about {LENGTH} characters; below 1 is an under-count."
    )
    rows = []
    for name, texts in _sources(data):
        progress(f"tokens: {name}")
        for language, pieces in _by_language(texts).items():
            ratios = _ratios(pieces, lambda text: len(tokenizer.encode_ordinary(text)))
            rows.append((name, language, len(pieces), *ratios))
    columns = ("Source", "Language", "Pieces", "Mean", "Median", "5 % are below", "Worst")
    table(columns, rows)


def _encoding(name: str) -> Encoding | None:
    """Load a table, or give up after the deadline."""
    found: list[Encoding] = []

    def load() -> None:
        import requests
        import tiktoken

        try:
            found.append(tiktoken.get_encoding(name))
        except (requests.RequestException, OSError) as error:
            progress(f"tokens: {error}")

    # A daemon: a download that hangs must not keep the process.
    thread = Thread(target=load, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    return found[0] if found else None


def _ratios(pieces: Iterable[str], count: Callable[[str], int]) -> tuple[str, ...]:
    counts = [(estimate(piece), count(piece)) for piece in pieces]
    ratios = [guess / real for guess, real in counts]
    mean = sum(guess for guess, _ in counts) / sum(real for _, real in counts)
    shown = (mean, middle(ratios), percentile(ratios, 5), min(ratios))
    return tuple(f"{ratio:.3f}" for ratio in shown)


def _sources(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield texts by where they come from: our own transcripts, then test collections."""
    own = transcripts.find([ROOT / "corpus"])
    yield "corpus/", [path.read_text(encoding="utf-8") for path in own]
    for path in sorted(data.glob("*/corpus.jsonl")):
        with path.open(encoding="utf-8") as file:
            yield path.parent.name, [json.loads(line)["text"] for line in file]


def _by_language(texts: Iterable[str]) -> dict[str, list[str]]:
    """Sort pieces of the texts by language; of many, draw some."""
    found: dict[str, list[str]] = defaultdict(list)
    for piece in _pieces(texts):
        found[_language(piece)].append(piece)
    return {
        language: random.Random(_SEED).sample(pieces, min(MOST_PIECES, len(pieces)))
        for language, pieces in sorted(found.items())
    }


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Join lines into pieces of `LENGTH` characters or more; drop what is left over."""
    piece = ""
    for text in texts:
        for line in text.splitlines():
            piece = f"{piece}\n{line}" if piece else line
            if len(piece) >= LENGTH:
                yield piece
                piece = ""


def _language(text: str) -> str:
    han, latin = len(_HAN_CHAR.findall(text)), len(_LATIN_WORD.findall(text))
    share = han / max(1, han + latin)
    if _MIXED[0] < share < _MIXED[1]:
        return "mixed"
    return "Chinese" if share >= _MIXED[1] else "English"
