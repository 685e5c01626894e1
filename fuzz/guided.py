"""`python -m fuzz.guided FORMAT [OPTION …]`: the same cases, led by what they reach in the code.

Needs atheris, which is installed by itself (`pip install atheris`; Linux and macOS, Python 3.11 to
3.13). Options are those of libFuzzer, such as `-max_total_time=60`; what breaks is kept in the
working folder as `crash-…`.
"""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path
from random import Random

from fuzz.mutate import damaged, tokens
from fuzz.writers import WRITERS, seeds

_DOCUMENTS = ("html", "docx", "odt", "epub", "pdf")


def main(arguments: list[str]) -> None:
    """Run libFuzzer on the reader of a format until its options say that it is enough.

    Raises:
        SystemExit: when no such format is known, or atheris is not there.
    """
    name = arguments[0] if arguments else ""
    if name not in WRITERS:
        raise SystemExit(f"name a format: {', '.join(WRITERS)}")
    try:
        import atheris  # type: ignore[import-untyped, unused-ignore]
    except ImportError as error:
        raise SystemExit("atheris is not there: pip install atheris") from error
    with atheris.instrument_imports(include=["rag"]):
        from fuzz.check import check

        # These are imported when they are needed, and would come too late.
        for module in ("recognised", "archives", *(f"documents.{kind}" for kind in _DOCUMENTS)):
            import_module(f"rag.transcripts.{module}")
    file, contents = seeds(name)

    def change(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, most))
        return damaged(data or contents[0], tokens(name), contents, random)[:most]

    def one(data: bytes) -> None:
        check(data, file)

    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(contents):
            (Path(folder) / str(number)).write_bytes(content)
        options = ["-max_len=8192", "-timeout=20", *arguments[1:], folder]
        atheris.Setup([sys.argv[0], *options], one, custom_mutator=change)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
