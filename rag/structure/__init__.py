"""Questions about structure: who spoke most, how many questions, which transcripts, first and last.

They are answered by counting and listing in the catalog, exactly and with addresses, and never by a
model or by similarity. `recognise` tells them from questions on the matter; when in doubt, a
question is one on the matter.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from rag.retrieve import Filters
from rag.types import Answer

if TYPE_CHECKING:
    from rag.store.contract import Store

__all__ = ["reply"]


def reply(
    question: str,
    store: Store,
    names: Collection[str],
    filters: Filters,
    earlier: Sequence[str] = (),
) -> Answer | None:
    """Answer a question about structure, or return None for any other.

    `names` are all speakers of the index, or `retrieve.Spellings` of them; `earlier` holds the
    questions before it, oldest first, for one that says he or she.
    """
    # Imported late: nearly all questions stop at the next line.
    from rag.structure.recognise import possible, recognise

    started = time.perf_counter()
    if not possible(question):
        return None
    from rag.structure.answering import answer
    from rag.structure.scene import known

    asked = recognise(question, known(store, names, filters.transcripts), earlier)
    return None if asked is None else answer(question, asked, store, filters, started)
