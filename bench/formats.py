"""Formats: how fast each kind of file is read, and how much memory large ones take."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random

from bench.measure import Run, heading, note, progress, python, run, table
from fuzz.talk import Line
from fuzz.writers import WRITERS, seeds

ALL = tuple(WRITERS)
"""Every format."""
SPEED = 2
"""Megabytes of the file that is read for speed."""
SIZES = (20, 200)
"""Megabytes of the files that are read for memory."""
LARGE = (
    "srt", "vtt-rolling", "ass", "ttml", "whisper", "csv", "stamped", "html", "docx", "pdf", "zip",
)  # fmt: skip
"""The formats whose large files are read: one of every reader."""

_WORDS = (
    "we talk about rivers bridges lamps winter fish wood boats nets and how people build them today"
    " in small towns where nobody ever asks why the water is so low".split()
)
_TURN = 3  # sentences


def measure(names: Sequence[str], speed: int, sizes: Sequence[int]) -> None:
    """Print speed and memory by format."""
    heading("Reading each format")
    note(f"Megabytes of file a second of CPU, for a file of {speed} MB; time of imports left out.")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            progress(f"formats: {name}")
            rows.append((name, *_speed(name, speed, Path(folder))))
        table(("Format", "MB", "MB of text", "Turns", "MB/s"), rows)
        if not sizes:
            return
        heading("Memory of large files")
        note("Peak of a process that does nothing else, in MB; or why the file is not read.")
        large = [name for name in LARGE if name in names]
        rows = [(name, *_peaks(name, sizes, Path(folder))) for name in large]
        table(("Format", *(f"{size} MB" for size in sizes)), rows)


def _speed(name: str, size: int, folder: Path) -> tuple[str, ...]:
    path, size = _written(name, size, folder)
    found = json.loads(_job("read", path).output)
    return (
        f"{size / 1e6:.1f}",
        f"{found['text'] / 1e6:.1f}",
        f"{found['turns']:,}",
        f"{size / 1e6 / found['seconds']:.2f}",
    )


def _peaks(name: str, sizes: Sequence[int], folder: Path) -> Iterator[str]:
    for size in sizes:
        progress(f"formats: {name}, {size} MB")
        path, _ = _written(name, size, folder)
        found = json.loads(_job("read", path).output)
        path.unlink()
        refused = found["refused"].replace(str(path), path.name)
        yield refused or f"{found['peak']:,.0f} ({found['seconds']:.0f} s)"


def _written(name: str, size: int, folder: Path) -> tuple[Path, int]:
    """Write a file of a format in a process of its own, since that takes more than reading it."""
    done = _job("write", name, size, folder)
    path = Path(done.output.strip())
    return path, path.stat().st_size


def _job(name: str, *arguments: str | int | Path) -> Run:
    given = ", ".join(repr(str(item) if isinstance(item, Path) else item) for item in arguments)
    return run(python("-c", f"from bench import formats; formats.{name}({given})"))


def write(name: str, size: int, folder: str) -> None:
    """Write a file of about so many megabytes; print where it is."""
    file, writer = WRITERS[name]
    few = len(writer(list(islice(_lines(), 200))))
    more = len(writer(list(islice(_lines(), 1200))))
    count = 200 + max(0, int((size * 1_000_000 - few) / ((more - few) / 1000)))
    path = Path(folder) / f"{size}-{file}"
    path.write_bytes(writer(list(islice(_lines(), count))))
    print(path)


def _lines() -> Iterator[Line]:
    """Sentences of two people, the same ones every time."""
    random = Random(1)
    at = 0
    while True:
        text = " ".join(random.choices(_WORDS, k=13)).capitalize() + "."
        name = ("Nora Pyle", "Jon Abel")[at // _TURN % 2]
        yield Line(3.0 * at, 3.0 * at + 2.5, name, text)
        at += 1


def read(place: str) -> None:
    """Read a file and print what it took."""
    from rag import transcripts
    from rag.errors import UsageError

    path = Path(place)
    _read_small(path)
    started, turns, text, refused = time.process_time(), 0, 0, ""
    try:
        transcript = transcripts.read(path, {})
        turns = len(transcript.turns)
        text = sum(len(turn.text.encode()) for turn in transcript.turns)
        text += sum(len(section.text.encode()) for section in transcript.sections)
    except UsageError as error:
        refused = str(error)
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    taken = time.process_time() - started
    found = {"seconds": taken, "turns": turns, "text": text, "refused": refused, "peak": peak}
    print(json.dumps(found))


def _read_small(path: Path) -> None:
    """Import what reads this format."""
    from rag.transcripts import parse

    name = next(name for name, (file, _) in WRITERS.items() if path.name.endswith(file))
    parse(seeds(name)[1][0], Path(WRITERS[name][0]), {})


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.formats", description=__doc__)
    known = ", ".join(WRITERS)
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {known}; default: all")
    parser.add_argument("--speed", type=int, default=SPEED, help="MB of the files read for speed")
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="MB, for memory")
    options = parser.parse_args()
    if unknown := [name for name in options.formats if name not in WRITERS]:
        parser.error(f"no format is called {unknown[0]!r}: there are {known}")
    measure(options.formats or ALL, options.speed, options.sizes)


if __name__ == "__main__":
    main()
