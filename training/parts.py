"""What pieces have in common: the characters of Chinese words, the beginnings of other words.

A piece's row is its own vector plus those of its parts, so that 医生 learns from 医院 and
`interviewed` from `interview`. The idea is fastText's (Bojanowski et al., 2017, arXiv:1607.04606);
here the sums are taken when training ends, so that nothing of it is left to do at run time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.text import is_han

PREFIXES = (4, 5, 6)
"""Lengths of the beginnings of a word, in characters, that count as its parts."""

PARTS_WEIGHT = 0.5
"""How much the vectors of a piece's parts count, its own counting 1."""


class Table(nn.Module):
    """The rows of all pieces: a vector of their own plus, at half weight, those of their parts."""

    def __init__(self, pieces: Sequence[str], own: Tensor, noise: float) -> None:
        """Start from `own`, shape (pieces, dimensions), and parts of random `noise`."""
        super().__init__()
        count, ids, offsets = shared_parts(pieces)
        self.own = nn.Parameter(own)
        self.parts = nn.Parameter(noise * torch.randn(count, own.shape[1]))
        self._ids = torch.tensor(ids)
        self._offsets = torch.tensor(offsets)

    def forward(self) -> Tensor:
        """Return the rows, shape (pieces, dimensions)."""
        shared = functional.embedding_bag(self._ids, self.parts, self._offsets, mode="sum")
        return self.own + PARTS_WEIGHT * shared


def shared_parts(pieces: Sequence[str]) -> tuple[int, list[int], list[int]]:
    """Number the parts that at least two pieces have: how many, part ids, offset of each piece."""
    lists = [_parts(piece) for piece in pieces]
    seen = Counter(part for parts in lists for part in parts)
    numbers = {part: 0 for part, count in seen.items() if count > 1}
    for number, part in enumerate(numbers):
        numbers[part] = number
    kept = [[numbers[part] for part in parts if part in numbers] for parts in lists]
    offsets = np.cumsum([0] + [len(parts) for parts in kept[:-1]]).tolist()
    return len(numbers), [number for parts in kept for number in parts], offsets


def _parts(piece: str) -> list[str]:
    if is_han(piece[0]):
        return list(piece)
    if piece.isalpha():
        # The dash tells the beginning of words from the word itself.
        return [f"{piece[:length]}-" for length in PREFIXES if len(piece) >= length]
    return []
