"""What stands between brackets in a reply: citation keys, as models write them, and words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rag.errors import UsageError
from rag.types import Address

_SPLIT = re.compile(r"\s*[,，;；、]\s*|(?<=\d)\s*(?:\band\b|和|与|及|&)\s*(?=\S)")
_KEY = re.compile(r"(?P<id>.+?)\s*[:：]\s*(?P<turns>s?[\d０-９][\d０-９.\s\-–—−~s]*)")
_FURTHER = re.compile(r"s?\d{1,9}(?:\.\d+)?(?:-s?\d{1,9}(?:\.\d+)?)?")
_NUMBERS = re.compile(r"\^?\d{1,4}(?:\s*[-–]\s*\^?\d{1,4})?")
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?:\.\d+)?")
_AROUND = " \t`*_#^"
_LABEL = re.compile(r"[:：\s]")  # ends what stands before a key: 出处：, see, Source:
_DASHES = re.compile(r"\s*[-–—−~]\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what stands in brackets; `address` is set where it is a well-formed key.

    `labelled` tells that there are words before the key: see, Source:, 出处：.
    """

    text: str
    is_key: bool
    address: Address | None = None

    @property
    def labelled(self) -> bool:
        """Whether there are words beside the key."""
        if self.address is None:
            return not self.is_key
        begins = self.text.strip(_AROUND).startswith(self.address.transcript)
        return not begins and not self.text.strip()[0].isdigit()


def parts(inner: str, known: Collection[str], rounded: bool = False) -> list[Part]:
    """Return the parts of what stands in brackets, none where there is no key among them.

    What names a transcript that is `known` is a key in every form, and whatever stands beside it
    are words. Else all has to look like keys; in `rounded` brackets nothing else does.
    """
    found = list(_parts(inner, known))
    if any(part.address and part.address.transcript in known for part in found):
        return found
    return found if not rounded and all(part.is_key for part in found) else []


def _parts(inner: str, known: Collection[str]) -> Iterator[Part]:
    whole = _parsed(inner)  # a name may have a comma in it
    if whole and whole.transcript in known:
        yield Part(inner, True, whole)
        return
    transcript = ""
    for text in _SPLIT.split(inner.strip()):
        address = _address(text, known)
        bare = _DASHES.sub("-", text.strip())
        if address is None and transcript and _FURTHER.fullmatch(bare):
            address = _parsed(f"{transcript}:{bare}")
        if address is None:
            yield Part(text, _NUMBERS.fullmatch(text) is not None)
            continue
        transcript = address.transcript
        yield Part(text, transcript in known or not _CLOCK.fullmatch(text), address)


def _address(text: str, known: Collection[str]) -> Address | None:
    match = _KEY.fullmatch(text.strip(_AROUND))
    if match is None:
        return _parsed(text)
    turns = "".join(str(int(c)) if c.isdigit() else c for c in match["turns"].strip())
    turns, transcript = _DASHES.sub("-", turns), match["id"].strip()
    while transcript not in known and (label := _LABEL.search(transcript)):
        transcript = transcript[label.end() :]
    if transcript not in known:
        transcript = match["id"].strip()
    return _parsed(f"{transcript}:{turns}")


def _parsed(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except UsageError:
        return None
