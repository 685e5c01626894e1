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
from training.teacher import Lessons
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
    steps: int = 800
    warmup: int = 50
    batch: int = 2048
    lesson: int = 1024
    """Pairs of a parallel source that a step compares with the teacher's vectors."""
    rate: float = 0.01
    decay: float = 0.1
    scale: float = 20.0
    dropout: float = 0.4
    """Share of the tokens of a text that a step does not see."""
    noise: float = 0.03
    """Standard deviation of what is random in the rows that training starts from."""
    start: float = 1.6
    """Length of the teacher's part of such a row, for a middling token."""
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

    name: str
    left: Texts
    right: Texts
    share: float


def tokenise(source: Source, tokenizer: Tokenizer) -> Pairs:
    """Turn a source into ids once, which makes every later step several times faster."""
    left, right = _ids(source.left, tokenizer), _ids(source.right, tokenizer)
    return Pairs(source.name, left, right, source.share)


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
    taught: Lessons,
    settings: Settings,
    progress: Callable[[int, float], None],
) -> Floats:
    """Train the table of `pieces`, shape (pieces, dimensions); `progress` is told step and loss.

    A step contrasts a batch of one source's pairs with each other, and both sides of a batch of a
    parallel source with the vectors that the teacher gives its English side.

    Each row is finally weighted by a power of its token's inverse document frequency, in the
    spirit of the smooth inverse frequency of Arora, Liang and Ma (ICLR 2017).
    """
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    table = Table(pieces, _start(idf, taught.pieces, settings), settings.parts_noise)
    optimiser = torch.optim.AdamW(
        table.parameters(), settings.rate, (0.9, 0.99), weight_decay=settings.decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / settings.warmup, 1 - step / settings.steps)
    )
    parallel = [source for source in pairs if source.name in taught.targets]
    for step in range(settings.steps):
        rows = table()
        loss = _loss(rows, _drawn(pairs, [pair.share for pair in pairs], rng), settings, rng)
        # Dictionary and sentences as they come: how much a source is worth as pairs says nothing.
        if parallel:
            source = _drawn(parallel, [len(pair.left) ** 0.5 for pair in parallel], rng)
            loss = loss + _lesson(rows, source, taught.targets[source.name], settings, rng)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        progress(step, loss.item())
    weights = (idf**settings.idf_power).astype(np.float32)
    trained: Floats = table().detach().numpy() * weights[:, None]
    return trained


def _drawn(sources: Sequence[Pairs], shares: Sequence[float], rng: np.random.Generator) -> Pairs:
    weights = np.array(shares)
    return sources[rng.choice(len(sources), p=weights / weights.sum())]


def _start(idf: Floats, known: Floats, settings: Settings) -> Tensor:
    """Put rows where the teacher has them, a little off, and longer for rarer tokens.

    The unknown token is and stays zero: a zero row shortens the mean and leaves its direction
    alone, so unknown characters cannot disturb a vector that is normalised afterwards.
    """
    noise = settings.noise * torch.randn(len(idf), settings.dimensions)
    rows = (settings.start * torch.from_numpy(known) + noise) * torch.from_numpy(idf)[:, None]
    rows[UNKNOWN_ID] = 0
    return rows


def _loss(table: Tensor, source: Pairs, settings: Settings, rng: np.random.Generator) -> Tensor:
    """Contrast one batch of a source, with all dimensions and with the first few of them.

    Learning nested prefixes is Matryoshka representation learning: Kusupati et al. (2022),
    arXiv:2205.13147.
    """
    rows = _batch(source, settings.batch, rng)
    left, right = (_means(table, side, rows, settings, rng) for side in (source.left, source.right))
    twins = _twins(source, rows)
    whole = contrast(left, right, twins, settings.scale)
    prefix = settings.prefix
    return (whole + contrast(left[:, :prefix], right[:, :prefix], twins, settings.scale)) / 2


def _lesson(
    table: Tensor, source: Pairs, targets: Floats, settings: Settings, rng: np.random.Generator
) -> Tensor:
    """Contrast both sides of a batch of a parallel source with what the teacher says of it."""
    rows = _batch(source, settings.lesson, rng)
    twins, wanted = _twins(source, rows), torch.from_numpy(targets[rows])
    losses = [
        contrast(_means(table, side, rows, settings, rng), wanted, twins, settings.scale)
        for side in (source.left, source.right)
    ]
    return (losses[0] + losses[1]) / 2


def _batch(source: Pairs, most: int, rng: np.random.Generator) -> Ids:
    count = len(source.left)
    return rng.choice(count, min(most, count), replace=False)


def _means(
    table: Tensor, side: Texts, rows: Ids, settings: Settings, rng: np.random.Generator
) -> Tensor:
    """Return the vectors of texts, less the dropped tokens, shape (rows, dimensions)."""
    ids, offsets = side.draw(rows, settings.dropout, rng)
    return functional.embedding_bag(ids, table, offsets, mode="mean", padding_idx=UNKNOWN_ID)


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
