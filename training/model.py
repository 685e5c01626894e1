"""Fitting the table: contrastive learning of one row per token, a text being their mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training.data import Source
from training.parts import Table
from training.tokenizer import UNKNOWN_ID

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

TOKENS = 96
"""A text is cut at this many tokens in training, so that steps take equally long."""

SHORT = 3
"""Texts of up to this many tokens lose none to dropout: they would turn into others."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes a run; `training/README.md` tells what other values did."""

    dimensions: int = 256
    prefix: int = 64
    """This many leading dimensions are trained to work alone as well."""
    steps: int = 1500
    warmup: int = 50
    batch: int = 2048
    rate: float = 0.015
    decay: float = 0.3
    scale: float = 20.0
    dropout: float = 0.4
    """Share of the tokens of a text that a step does not see."""
    noise: float = 0.1
    """Standard deviation of the random rows that training starts from, for a middling token."""
    parts_noise: float = 0.05
    idf_power: float = 0.4
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Texts:
    """Token ids of many texts end to end: text `i` is `ids[starts[i] : starts[i + 1]]`."""

    ids: Ids
    starts: Ids
    names: Ids
    """One number for each text, the same for equal texts."""

    def __len__(self) -> int:
        return len(self.names)

    def draw(self, rows: Ids, dropout: float, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Gather texts, less the dropped tokens, as (ids, offsets) for an embedding bag."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        offsets = np.cumsum(lengths) - lengths
        where = np.arange(lengths.sum()) + np.repeat(self.starts[rows] - offsets, lengths)
        keep = (rng.random(len(where)) >= dropout) | np.repeat(lengths <= SHORT, lengths)
        kept_before = np.concatenate([[0], np.cumsum(keep)])
        return torch.from_numpy(self.ids[where[keep]]), torch.from_numpy(kept_before[offsets])


@dataclass(frozen=True, slots=True)
class Pairs:
    """A tokenised source: text `i` of `left` belongs to text `i` of `right`."""

    left: Texts
    right: Texts
    share: float


def tokenise(source: Source, tokenizer: Tokenizer) -> Pairs:
    """Turn a source into ids once, which makes every later step several times faster."""
    return Pairs(_ids(source.left, tokenizer), _ids(source.right, tokenizer), source.share)


def _ids(texts: Sequence[str], tokenizer: Tokenizer) -> Texts:
    numbers: dict[str, int] = {}
    names = [numbers.setdefault(text, len(numbers)) for text in texts]
    encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    rows = [np.array(encoding.ids[:TOKENS], dtype=np.int64) for encoding in encodings]
    starts = np.cumsum([0] + [len(row) for row in rows])
    return Texts(np.concatenate(rows), starts, np.array(names))


def inverse_document_frequency(pairs: Sequence[Pairs], vocabulary: int) -> Floats:
    """Return ln(1 + N / (1 + df)) of every token over all texts, mean 1, shape (vocabulary,)."""
    seen = np.zeros(vocabulary, dtype=np.int64)
    total = 0
    for texts in (side for pair in pairs for side in (pair.left, pair.right)):
        rows = np.repeat(np.arange(len(texts)), np.diff(texts.starts))
        tokens = np.unique(rows * vocabulary + texts.ids) % vocabulary
        seen += np.bincount(tokens, minlength=vocabulary)
        total += len(texts)
    idf = np.log1p(total / (1 + seen))
    return np.asarray(idf / idf.mean(), dtype=np.float32)


def fit(
    pairs: Sequence[Pairs],
    pieces: Sequence[str],
    idf: Floats,
    settings: Settings,
    progress: Callable[[int, float], None],
) -> Floats:
    """Train the table of `pieces`, shape (pieces, dimensions); `progress` is told step and loss.

    Each row is finally weighted by a power of its token's inverse document frequency, in the
    spirit of the smooth inverse frequency of Arora, Liang and Ma (ICLR 2017).
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    table = Table(pieces, _noise(idf, settings), settings.parts_noise)
    optimiser = torch.optim.AdamW(
        table.parameters(), settings.rate, (0.9, 0.99), weight_decay=settings.decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / settings.warmup, 1 - step / settings.steps)
    )
    shares = np.array([source.share for source in pairs])
    for step in range(settings.steps):
        source = pairs[rng.choice(len(pairs), p=shares / shares.sum())]
        loss = _loss(table(), source, settings, rng)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        progress(step, loss.item())
    weights = (idf**settings.idf_power).astype(np.float32)
    rows: Floats = table().detach().numpy() * weights[:, None]
    return rows


def _noise(idf: Floats, settings: Settings) -> Tensor:
    """Make random rows, longer for rarer tokens; the unknown token is and stays zero.

    A zero row shortens the mean and leaves its direction alone, so unknown characters cannot
    disturb a vector that is normalised afterwards.
    """
    noise = torch.randn(len(idf), settings.dimensions) * torch.from_numpy(idf)[:, None]
    noise[UNKNOWN_ID] = 0
    return settings.noise * noise


def _loss(table: Tensor, source: Pairs, settings: Settings, rng: np.random.Generator) -> Tensor:
    """Contrast one batch of a source, with all dimensions and with the first few of them.

    Learning nested prefixes is Matryoshka representation learning: Kusupati et al. (2022),
    arXiv:2205.13147.
    """
    size = min(settings.batch, len(source.left))
    rows = rng.choice(len(source.left), size, replace=False)
    left, right = (
        functional.embedding_bag(ids, table, offsets, mode="mean", padding_idx=UNKNOWN_ID)
        for ids, offsets in (
            side.draw(rows, settings.dropout, rng) for side in (source.left, source.right)
        )
    )
    twins = _twins(source, rows)
    whole = contrast(left, right, twins, settings.scale)
    prefix = settings.prefix
    return (whole + contrast(left[:, :prefix], right[:, :prefix], twins, settings.scale)) / 2


def _twins(source: Pairs, rows: Ids) -> Tensor:
    """Mark pairs of the batch that share a text and so are no negatives, shape (batch, batch)."""
    left, right = source.left.names[rows], source.right.names[rows]
    same = (left[:, None] == left) | (right[:, None] == right)
    np.fill_diagonal(same, False)
    return torch.from_numpy(same)


def contrast(left: Tensor, right: Tensor, twins: Tensor, scale: float) -> Tensor:
    """Return the InfoNCE loss of a batch, both directions averaged.

    Row i of `left` and of `right`, both (batch, dimensions), belong together; all others are
    negatives save those marked in `twins`. van den Oord, Li and Vinyals (2018), arXiv:1807.03748.
    """
    scores = scale * functional.normalize(left) @ functional.normalize(right).T
    scores = scores.masked_fill(twins, -math.inf)
    truth = torch.arange(len(scores))
    return (functional.cross_entropy(scores, truth) + functional.cross_entropy(scores.T, truth)) / 2
