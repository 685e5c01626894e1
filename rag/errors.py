"""Every error that a user can meet, and the exit code that each one means.

    RagError                 message + hint
    ├── UsageError      2    a flag, a setting or an input that cannot be used
    ├── NotReady        3    no index, a stale or damaged one, a missing encoder
    └── ModelFailed     4    the language model: no key, refused, broke off, not reached

Exit code 0 means answered; 1 means refused, or a check that failed.
"""

from __future__ import annotations

import re

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Characters that steer a terminal, turn the writing direction, or hide what they say."""


def safe(text: str) -> str:
    """Return text that only says something: without the characters that steer a terminal."""
    return STEERING.sub("", text)


class RagError(Exception):
    """An error to be shown as one line: what was found and where, then what to do about it."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(RagError):
    """The request cannot be carried out as it was made."""

    exit_code = 2


class NotReady(RagError):
    """Something that must be there first is missing, stale or damaged."""

    exit_code = 3


class ModelFailed(RagError):
    """The language model did not give a usable reply.

    `kind` names the cause, one of `KINDS`; the callers treat some of them differently.
    """

    exit_code = 4
    KINDS = (
        "key", "model", "context", "rate", "server", "timeout", "unreachable", "broken", "empty",
        "length", "filtered", "request",
    )  # fmt: skip

    def __init__(self, message: str, hint: str = "", kind: str = "request") -> None:
        super().__init__(message, hint)
        self.kind = kind
