"""Cases by number, run one after the other; what breaks is kept as a file."""

from __future__ import annotations

import re
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzz.check import Broken, check
from fuzz.mutate import damaged, tokens
from fuzz.writers import seeds

_HANG = 20.0  # CPU seconds


class _Hang(BaseException):
    """A case does not end; nobody may catch this by the way."""


@dataclass(slots=True)
class Tally:
    """What became of the cases of one format."""

    cases: int = 0
    read: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count in the cases of a batch."""
        self.cases += other.cases
        self.read += other.read
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.faults.update(other.faults)


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases to be run: numbers from `first` on of one format."""

    name: str
    seed: int
    first: int
    size: int
    found: Path


def prepare() -> None:
    """Make a process that runs cases end those that hang."""
    signal.signal(signal.SIGPROF, _interrupt)


def _interrupt(_signal: int, _frame: object) -> None:
    raise _Hang


def run(batch: Batch) -> tuple[str, Tally]:
    """Run some cases; return the format and what became of them."""
    tally = Tally()
    for number in range(batch.first, batch.first + batch.size):
        name, data = case(batch.name, batch.seed, number)
        tally.cases += 1
        signal.setitimer(signal.ITIMER_PROF, _HANG)
        try:
            outcome = check(data, name)
        except (Broken, _Hang) as error:
            _keep(batch, number, data, str(error) or "does not end", tally)
            continue
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        tally.read += outcome.read
        tally.seconds += outcome.seconds
        tally.slowest = max(tally.slowest, outcome.seconds)
    return batch.name, tally


def case(name: str, seed: int, number: int) -> tuple[str, bytes]:
    """Return one damaged file: its name and its bytes."""
    random = Random(f"{seed}:{name}:{number}")
    file, contents = seeds(name)
    return file, damaged(random.choice(contents), tokens(name), contents, random)


def _keep(batch: Batch, number: int, data: bytes, what: str, tally: Tally) -> None:
    """Write down a case that breaks, the first of its kind in a batch."""
    kind = re.sub(r"\d+|'.*?'|\".*?\"", "…", what)[:70]
    if not tally.faults[kind]:
        batch.found.mkdir(parents=True, exist_ok=True)
        (batch.found / f"{batch.name}-{batch.seed}-{number}").write_bytes(data)
        (batch.found / f"{batch.name}-{batch.seed}-{number}.txt").write_text(what)
    tally.faults[kind] += 1
