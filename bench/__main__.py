"""`python -m bench [NAME …]`: print the tables of the benchmarks named, else of all."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.measure import ROOT

NAMES = ("startup", "scale", "overhead", "retrieval", "tokens", "quotes")
"""In the order in which they run: what measures memory comes before what fills this process."""

BY_NAME = ("growth", "tiers", "formats", "peers", "loaders", "survive")
"""Only run when they are named: one installs other people's packages, the others take long."""


def main() -> None:
    """Run benchmarks and print their tables as Markdown."""
    options = _options()
    wanted = options.names or NAMES
    # Each is imported only when its turn has come, see `bench.measure.run`.
    if "startup" in wanted:
        from bench import startup

        startup.measure(options.runs)
    if "scale" in wanted:
        from bench import scale

        scale.measure(tuple(options.turns or scale.TURNS))
    if "overhead" in wanted:
        from bench import overhead

        overhead.measure(options.runs, options.answers)
    _by_name(options)
    if "retrieval" in wanted:
        from bench import retrieval

        retrieval.measure(options.data)
    if "tokens" in wanted:
        from bench import tokens

        tokens.measure(options.data, options.encoding)
    if "quotes" in wanted:
        from bench import quotes

        quotes.measure(options.transcripts)


def _by_name(options: argparse.Namespace) -> None:
    if "growth" in options.names:
        from bench import growth

        growth.measure(options.turns or growth.TURNS, options.plot)
    if "tiers" in options.names:
        from bench import tiers

        tiers.measure(options.data, tuple(options.turns or tiers.SIZES))
    if "survive" in options.names:
        from bench import survive

        survive.measure(options.kills)
    if "formats" in options.names:
        from bench import formats

        formats.measure(formats.ALL, formats.SPEED, formats.SIZES)
    if "loaders" in options.names:
        from bench import loaders

        loaders.measure(options.transcripts or loaders.FILES, options.cache)
    if "peers" in options.names:
        from bench.peers import compare

        turns = options.turns[0] if options.turns else compare.TURNS
        source = options.source.resolve()
        compare.compare(options.cache, options.systems, turns, options.rounds, source)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = ", ".join((*NAMES, *BY_NAME))
    but = f"default: all but {', '.join(BY_NAME)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {known}; {but}")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/eval"),
        help="folder of test collections in BEIR form",
    )
    parser.add_argument("--runs", type=int, default=15, help="processes a command, cold")
    parser.add_argument("--kills", type=int, default=200, help="kills of survive")
    parser.add_argument("--answers", type=int, default=50, help="warm answers of overhead")
    parser.add_argument(
        "--turns", type=int, nargs="+", help="sizes of scale, growth, tiers; of peers"
    )
    parser.add_argument("--plot", type=Path, help="SVG file for growth, which takes matplotlib")
    parser.add_argument("--encoding", default="o200k_base", help="tiktoken encoding of tokens")
    parser.add_argument(
        "--transcripts",
        type=Path,
        help="folder of more transcripts for quotes; of those for loaders",
    )
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of peers")
    parser.add_argument("--systems", nargs="+", default=(), help="of peers; default: all")
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="checkout that peers are compared with"
    )
    parser.add_argument("--cache", type=Path, help="folder of the environments of peers")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in (*NAMES, *BY_NAME)]:
        parser.error(f"no benchmark is called {unknown[0]!r}: there are {known}")
    return options


if __name__ == "__main__":
    main()
