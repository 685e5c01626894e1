"""Files to transcripts: who said what, in which line of which file.

`read` takes one file, `find` lists the files under some paths. The reader is chosen by content;
a file in which nobody speaks is prose in sections, never an error.

Names are resolved on first use: a question needs a few words about labels, and none of the readers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.lazy import lazily

if TYPE_CHECKING:
    from rag.transcripts.finding import find, unpacked
    from rag.transcripts.reading import described, identifier, load, parse, read

_HOMES = {
    **dict.fromkeys(("find", "unpacked"), "finding"),
    **dict.fromkeys(("described", "identifier", "load", "parse", "read"), "reading"),
}

__all__ = ["described", "find", "identifier", "load", "parse", "read", "unpacked"]

__getattr__ = lazily(__name__, _HOMES)
