"""Pages, office files, e-books and PDF, read as the Markdown-like lines of a document."""

from __future__ import annotations

from rag.errors import UsageError
from rag.transcripts.cues import Document
from rag.transcripts.kinds import Kind


def read(data: bytes, kind: Kind, place: str) -> Document:
    """Read a document; `place` is its name in messages.

    The numbers of the lines are file lines of HTML, and else those of the paragraphs with text,
    counted from 1 through the file.

    Raises:
        UsageError: when there is no text in it, or it is damaged, encrypted or too large.
    """
    if kind == Kind.HTML:
        from rag.transcripts.documents.html import read as reader
    elif kind == Kind.DOCX:
        from rag.transcripts.documents.docx import read as reader
    elif kind == Kind.ODT:
        from rag.transcripts.documents.odt import read as reader
    elif kind == Kind.EPUB:
        from rag.transcripts.documents.epub import read as reader
    elif kind == Kind.PDF:
        from rag.transcripts.documents.pdf import read as reader
    else:
        raise ValueError(f"{kind} is no document")
    found = reader(data, place)
    if not any(found.lines):
        raise UsageError(f"{place}: no text in it", "remove it or fill it")
    return found
