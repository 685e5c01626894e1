"""Question to hits: both legs, one score, and the chance that an answer is there at all.

A question is made ready (`query`, with the speakers it `names`), searched for with both legs whose
scores are fused (`search`, `across` languages), rid of repetitions (`copies`) and linked to where a
reader can check (`links`). `confidence` is the chance that one of the hits answers it.
"""

from rag.retrieve.confidence import confidence
from rag.retrieve.links import link
from rag.retrieve.names import Spellings, matching, mentioned, spellings
from rag.retrieve.query import LONGEST_QUESTION, STEPS_BACK, Query, leaning, prepare
from rag.retrieve.search import POOL, Filters, search

__all__ = [
    "LONGEST_QUESTION",
    "POOL",
    "STEPS_BACK",
    "Filters",
    "Query",
    "Spellings",
    "confidence",
    "leaning",
    "link",
    "matching",
    "mentioned",
    "prepare",
    "search",
    "spellings",
]
