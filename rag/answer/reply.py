"""An answer on its way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from rag.errors import ModelFailed
from rag.types import Answer

STOPPED = "stopped"
"""Why an answer is incomplete that nobody wanted to hear out."""


class Reply:
    """Iterate over it once for the pieces of the text; then `answer` is the whole.

    When the model fails, the iteration raises ModelFailed, and `answer` is what came before that,
    marked incomplete, or None when nothing came.
    """

    def __init__(self, pieces: Iterator[str], result: Callable[[str], Answer | None]) -> None:
        """`result` makes the answer of what has come; its argument says why that is not all."""
        self.answer: Answer | None = None
        self._result = result
        self._running = self._run(pieces)

    def __iter__(self) -> Iterator[str]:
        return self._running

    def stop(self) -> Answer | None:
        """Hear no more of it; return what has come, marked incomplete unless it was all."""
        self._running.close()
        if self.answer is None:
            self.answer = self._result(STOPPED)
        return self.answer

    def whole(self) -> Answer:
        """Wait for all of it.

        Raises:
            ModelFailed: when the model does not give a whole reply.
        """
        for _ in self._running:
            pass
        assert self.answer is not None  # `_run` came to its end
        return self.answer

    def _run(self, pieces: Iterator[str]) -> Generator[str, None, None]:
        try:
            yield from pieces
        except ModelFailed as error:
            self.answer = self._result(str(error))
            raise
        except (KeyboardInterrupt, GeneratorExit):
            self.answer = self._result(STOPPED)
            raise
        self.answer = self._result("")
