"""Make the built-in embedder: `python -m training.train ../shared/train --out rag/data/builtin`."""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from training.data import BadData, Source, read_sources
from training.export import save
from training.model import Settings, fit, inverse_document_frequency, tokenise
from training.teacher import lessons
from training.tokenizer import train_tokenizer

HAN_PIECES = 22_000
OTHER_PIECES = 24_000

SAMPLE_CHARS = 2_500_000
"""The tokenizer learns from about this many characters of each source."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit status: 0, or 2 for data that cannot be read."""
    standard = Settings()
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with pairs/*.jsonl and parallel/*.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--steps", type=_positive, default=standard.steps, help="optimiser steps")
    parser.add_argument("--seed", type=int, default=standard.seed, help="seed of all randomness")
    parser.add_argument("--kept", type=Path, help="file that keeps what the teacher says")
    chosen = parser.parse_args(arguments)
    try:
        sources = read_sources(chosen.data)
        run(sources, chosen.out, Settings(steps=chosen.steps, seed=chosen.seed), chosen.kept)
    except BadData as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def run(sources: list[Source], out: Path, settings: Settings, kept: Path | None = None) -> None:
    """Learn tokenizer and table from the sources and write the folder, telling how it goes."""
    started = time.monotonic()

    def tell(message: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {message}", flush=True)

    def progress(step: int, loss: float) -> None:
        if step % 100 == 0:
            tell(f"step {step}: loss {loss:.3f}")

    tell(f"{sum(len(source.left) for source in sources)} pairs of {len(sources)} sources")
    tokenizer = train_tokenizer(
        sample(sources, settings.seed), HAN_PIECES, OTHER_PIECES, settings.seed
    )
    vocabulary = tokenizer.get_vocab()
    pieces = sorted(vocabulary, key=lambda piece: vocabulary[piece])
    tell(f"{len(pieces)} pieces")
    pairs = [tokenise(source, tokenizer) for source in sources]
    tell(f"{sum(len(pair.left.ids) + len(pair.right.ids) for pair in pairs)} tokens")
    idf = inverse_document_frequency(pairs, len(pieces))
    taught = lessons(sources, pieces, settings.dimensions, kept)
    tell(f"the teacher knows {len(taught.targets)} parallel sources")
    save(out, tokenizer, fit(pairs, pieces, idf, taught, settings, progress))
    tell(f"written to {out}")


def sample(sources: list[Source], seed: int) -> list[str]:
    """Draw texts from every source, both sides, until `SAMPLE_CHARS` characters are reached."""
    rng = random.Random(seed)
    texts: list[str] = []
    for source in sources:
        room = SAMPLE_CHARS
        for row in rng.sample(range(len(source.left)), len(source.left)):
            if room <= 0:
                break
            texts += [source.left[row], source.right[row]]
            room -= len(source.left[row]) + len(source.right[row])
    return texts


if __name__ == "__main__":
    sys.exit(main())
