"""What an index keeps of a file that was read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: `beside` hashes what stands beside it, `about` what that says of it.

    A file that turned out to be no transcript has a `note` that says why, and is let alone until
    it changes.
    """

    path: str
    size: int
    mtime: int
    sha256: str
    beside: str
    about: str
    note: str = ""
