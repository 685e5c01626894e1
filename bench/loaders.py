"""`python -m bench.loaders FOLDER`: what the usual loaders keep of speakers, times and lines.

Each peer reads every file of a folder with the loader that its documentation proposes, in the
environment that `python -m bench peers` made; small packages that a loader wants beside it are
installed into a folder of their own. A field is kept when a program can ask for it: a name that
merely stands somewhere in the text is counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT, heading, note, progress, table
from bench.peers.compare import default_cache
from rag.errors import UsageError
from rag.transcripts import read
from rag.types import Transcript

FILES = Path("../shared/formats")
"""Where files of many formats stand; not in this repository."""
EXTRAS = {
    "llamaindex": (),
    "langchain": ("pysrt==1.1.2", "chardet==7.7.0", "jq==1.13.0", "beautifulsoup4==4.15.0"),
    "haystack": ("markdown-it-py==4.3.0", "mdurl==0.1.2", "mdit-plain==1.0.1", "jq==1.13.0"),
    "txtai": ("beautifulsoup4==4.15.0", "soupsieve==4.1.2"),
}
"""What the loaders need and the environments lack; without what those need in turn."""

_TITLES = {
    "llamaindex": "LlamaIndex SimpleDirectoryReader",
    "langchain": "LangChain loader by suffix",
    "haystack": "Haystack converter by suffix",
    "txtai": "txtai Textractor",
}
_SPEAKER = frozenset("speaker speakers voice participant role".split())
_TIME = frozenset("start end start_time end_time start_seconds timestamp time duration".split())
_LINE = frozenset("line lines line_number row".split())
_MARKUP = re.compile(r"\d\d?:\d\d[.,]\d{3}\s*-->|\d:\d\d:\d\d\.\d{3},\d:|\"(?:start|end)\":\s*\d")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is left of one file."""

    read: bool
    speaker: bool = False
    time: bool = False
    line: bool = False
    named: bool = False  # a name stands in the text, at least
    markup: bool = False  # times and braces stand among the words


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.loaders", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FILES)
    parser.add_argument("--cache", type=Path, help="folder of `bench peers`")
    options = parser.parse_args()
    measure(options.folder, options.cache)


def measure(folder: Path, cache: Path | None) -> None:
    """Print what each loader keeps of the files of a folder.

    `cache` is the folder in which `bench peers` made the environments of the peers, by default the
    one where it does so.
    """
    cache = cache.resolve() if cache else default_cache()
    files = sorted(path for path in folder.iterdir() if path.name != "SOURCES.tsv")
    ours = {path: _transcript(path) for path in files}
    rows = [("rag", *_row([_of_ours(item) for item in ours.values()]))]
    for name, title in _TITLES.items():
        progress(f"loaders: {name}")
        kept = _of_peer(name, files, ours, cache)
        rows.append((title, *_row(kept)))
    spoken = sum(item.speaker for item in map(_of_ours, ours.values()))
    timed = sum(item.time for item in map(_of_ours, ours.values()))
    heading("Loaders")
    note(f"{len(files)} files, of which {spoken} name speakers and {timed} have times.")
    table(
        ("Loader", "Files with text", "Speaker as a field", "Names in the text", "Time as a field",
         "Line as a field", "Time codes among the words"),
        rows,
    )  # fmt: skip


def _transcript(path: Path) -> Transcript | None:
    try:
        return read(path, {})
    except UsageError:
        return None


def _of_ours(item: Transcript | None) -> _Kept:
    if item is None:
        return _Kept(False)
    text = "\n".join([*(turn.text for turn in item.turns), *(part.text for part in item.sections)])
    named = any(turn.speaker for turn in item.turns)
    timed = any(turn.start is not None for turn in item.turns)
    return _Kept(True, named, timed, True, named, _MARKUP.search(text) is not None)


def _of_peer(
    name: str, files: Sequence[Path], ours: dict[Path, Transcript | None], cache: Path
) -> list[_Kept]:
    python = cache / name / "bin" / "python"
    extras = cache / "loaders" / name
    if EXTRAS[name] and not extras.is_dir():
        install = (str(python), "-m", "pip", "install", "-q", "--no-deps", "--target", str(extras))
        subprocess.run([*install, *EXTRAS[name]], check=True)
    worker = ROOT / "bench" / "loaders_worker.py"
    done = subprocess.run(
        [str(python), str(worker), name, *(str(path.resolve()) for path in files)],
        env={**os.environ, "PYTHONPATH": str(extras)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = [json.loads(part.split("\n")[0]) for part in done.stdout.split("\0")[1:]]
    kept = []
    for path, answer in zip(files, answers, strict=True):
        if answer["error"]:
            progress(f"loaders: {name}: {path.name}: {answer['error']}")
        kept.append(_judged(answer["text"], set(answer["keys"]), ours[path]))
    return kept


def _judged(text: str, keys: set[str], ours: Transcript | None) -> _Kept:
    if not text.strip():
        return _Kept(False)
    names = {turn.label for turn in ours.turns if turn.label} if ours else set()
    return _Kept(
        True,
        bool(keys & _SPEAKER),
        bool(keys & _TIME),
        bool(keys & _LINE),
        any(name in text for name in names),
        _MARKUP.search(text) is not None,
    )


def _row(kept: Iterable[_Kept]) -> tuple[str, ...]:
    listed = list(kept)
    return tuple(
        str(sum(getattr(item, name) for item in listed))
        for name in ("read", "speaker", "named", "time", "line", "markup")
    )


if __name__ == "__main__":
    main()
