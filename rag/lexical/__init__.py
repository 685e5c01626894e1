"""The lexical leg: BM25 over terms that we make ourselves, in a tantivy index.

Latin words stay whole, runs of Han characters become single characters and overlapping pairs; no
dictionary is needed. Pairs of characters beat dictionary words as units of Chinese retrieval
(J.-Y. Nie, J. Gao, J. Zhang, M. Zhou, "On the use of words and n-grams for Chinese information
retrieval", IRAL 2000), which `bench/` confirms on our sets.
"""

from rag.lexical.reading import Counts, Lexical, Match
from rag.lexical.words import MOST_TERMS, question_terms, terms
from rag.lexical.writing import Entry, build, update

__all__ = [
    "MOST_TERMS",
    "Counts",
    "Entry",
    "Lexical",
    "Match",
    "build",
    "question_terms",
    "terms",
    "update",
]
