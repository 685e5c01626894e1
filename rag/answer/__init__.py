"""Question and hits to an answer: quoted from the speakers, or in a model's words and checked.

What a language model needs stands in `rag.answer.generate`, which nobody without one imports.
"""

from rag.answer.extract import NOT_FOUND, extract, refusal
from rag.answer.reply import Reply

__all__ = ["NOT_FOUND", "Reply", "extract", "refusal"]
