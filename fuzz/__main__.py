"""`python -m fuzz [FORMAT …]`: read damaged files of every format until something breaks.

A case is told by its format, the seed and its number, so that it can be had again. What breaks is
kept as a file, once for every kind of fault, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from fuzz.cases import Batch, Tally, prepare, run
from fuzz.writers import WRITERS

_BATCH = 200


def main() -> int:
    """Run the cases, print a table, and return the exit code."""
    options = _options()
    names = options.formats or list(WRITERS)
    tallies = {name: Tally() for name in names}
    end = time.monotonic() + options.seconds if options.seconds else None
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.jobs, prepare) as pool:
        # Round by round, since a pool takes all that it is given at once.
        for first in range(options.first, options.first + options.cases, _BATCH):
            if end is not None and time.monotonic() > end:
                break
            size = min(_BATCH, options.first + options.cases - first)
            batches = [Batch(name, options.seed, first, size, options.found) for name in names]
            for name, tally in pool.imap_unordered(run, batches):
                for fault in tally.faults.keys() - tallies[name].faults.keys():
                    print(f"{name}: {fault}", file=sys.stderr, flush=True)
                tallies[name].add(tally)
    _show(tallies)
    return int(any(tally.faults for tally in tallies.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    known = ", ".join(WRITERS)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {known}; default: all")
    parser.add_argument("--cases", type=int, default=2000, help="for each format")
    parser.add_argument("--seconds", type=float, help="stop then, however many cases are left")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--found", type=Path, default=Path("fuzz/found"), help="folder for faults")
    options = parser.parse_args()
    if unknown := [name for name in options.formats if name not in WRITERS]:
        parser.error(f"no format is called {unknown[0]!r}: there are {known}")
    return options


def _show(tallies: dict[str, Tally]) -> None:
    print("| Format | Cases | Read | Refused | Mean ms | Slowest s | Faults |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    whole = Tally()
    for name, tally in (*tallies.items(), ("all", whole)):
        mean = 1000 * tally.seconds / max(1, tally.cases)
        faults = sum(tally.faults.values())
        print(
            f"| {name} | {tally.cases:,} | {tally.read:,} | {tally.cases - tally.read - faults:,}"
            f" | {mean:.2f} | {tally.slowest:.2f} | {faults:,} |"
        )
        if tally is not whole:
            whole.add(tally)


if __name__ == "__main__":
    sys.exit(main())
