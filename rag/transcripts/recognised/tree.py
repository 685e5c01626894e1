"""JSON with the file line of each object.

The decoder is the standard library's, in C. It says nothing of positions, but it finishes objects
in the order of their closing braces: one scan for braces outside strings gives each of them its
place, at a tenth of the price of a decoder written in Python.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import count

from rag.errors import UsageError
from rag.transcripts.encoding import printable

Item = dict[str, object]
"""A JSON object."""

_ORDINAL = "\0ordinal"  # set last, so that a key of this name in a file is overwritten
_BETWEEN = re.compile(r"[\s,]*")
_BRACE = re.compile(r'[^{}"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^{}"]*+)*+([{}])', re.DOTALL)
_MOST_MISSED = 20
_PREFIX = 24  # characters of a text that are enough to find it inside its object
# What recognisers write down for each word and nobody reads here.
_UNREAD = frozenset(
    "avg_logprob compression_ratio no_speech_prob temperature seek probability confidence score"
    " acAsrConf start_char end_char".split()
)
_NUMBERS = frozenset("tokens token_ids embedding embeddings peaks samples waveform".split())


class Tree:
    """The values of a JSON file: one, or several one after the other as in JSON lines."""

    def __init__(self, text: str, place: str) -> None:
        """Decode `text`.

        Raises:
            UsageError: when it is not JSON, naming `place` and the line.
        """
        self._text = text
        self._ordinals = count()
        self._starts = array("q")
        self._ends = array("q")
        self._cursor, self._line = 0, 1
        self._numbered = "\n" in text.strip()
        self.values = self._decode(place)
        if self._numbered:
            self._find_braces()

    def line(self, item: Item, text: str = "") -> int:
        """Return the file line of `text` in an object, or of the object where it is not found."""
        ordinal = item.get(_ORDINAL)
        if not self._numbered or not isinstance(ordinal, int):
            return 1
        start, end = self._starts[ordinal], self._ends[ordinal]
        for ascii_only in (False, True):
            written = json.dumps(text[:_PREFIX], ensure_ascii=ascii_only)[:-1]
            if text and (found := self._text.find(written, start, end)) >= 0:
                return self._line_at(found)
        return self._line_at(start)

    def lines(self, item: Item, texts: Sequence[str]) -> list[int]:
        """Return the file lines of texts that follow one another somewhere inside an object.

        Of a text that is not found, the line of the one before; after many such the search ends.
        """
        ordinal = item.get(_ORDINAL)
        if not self._numbered or not isinstance(ordinal, int):
            return [1] * len(texts)
        found: list[int] = []
        start, end = self._starts[ordinal], self._ends[ordinal]
        here, missed = self._line_at(start), 0
        for text in texts:
            for ascii_only in (False, True) if missed < _MOST_MISSED else ():
                at = self._text.find(
                    json.dumps(text[:_PREFIX], ensure_ascii=ascii_only)[:-1], start, end
                )
                if at >= 0:
                    here, start = self._line_at(at), at + 1
                    break
            else:
                missed += 1
            found.append(here)
        return found

    def _line_at(self, offset: int) -> int:
        """Count from where the last question was: readers go through a file in its order."""
        if offset >= self._cursor:
            self._line += self._text.count("\n", self._cursor, offset)
        else:
            self._line -= self._text.count("\n", offset, self._cursor)
        self._cursor = offset
        return self._line

    def _decode(self, place: str) -> list[object]:
        hook = self._numbered_object if self._numbered else _smaller_object
        decoder = json.JSONDecoder(object_pairs_hook=hook)
        values: list[object] = []
        text = self._text
        offset = 1 if text.startswith("\ufeff") else 0
        try:
            while (offset := _skipped(text, offset)) < len(text):
                value, offset = decoder.raw_decode(text, offset)
                values.append(value)
        except RecursionError as error:
            raise UsageError(f"{place}: JSON nested too deeply", "is it a transcript?") from error
        except json.JSONDecodeError as error:
            raise UsageError(
                f"{place}:{error.lineno}: not JSON: {error.msg}", "export the transcript again"
            ) from error
        except ValueError as error:  # a number of thousands of digits
            raise UsageError(f"{place}: not JSON: {error}", "is it a transcript?") from error
        return values

    def _numbered_object(self, pairs: list[tuple[str, object]]) -> Item:
        item = _smaller_object(pairs)
        item[_ORDINAL] = next(self._ordinals)
        return item

    def _find_braces(self) -> None:
        opened: list[int] = []
        for match in _BRACE.finditer(self._text):
            if match[1] == "{":
                opened.append(match.end() - 1)
            elif opened:
                self._starts.append(opened.pop())
                self._ends.append(match.end())


def _skipped(text: str, offset: int) -> int:
    match = _BETWEEN.match(text, offset)
    return match.end() if match else offset


def _smaller_object(pairs: list[tuple[str, object]]) -> Item:
    """An object without what is never read: in recognisers' files that is most of the memory."""
    return {
        key: value
        for key, value in pairs
        if key not in _UNREAD and not (key in _NUMBERS and _is_list_of_numbers(value))
    }


def _is_list_of_numbers(value: object) -> bool:
    return isinstance(value, list) and value[:1] != [] and isinstance(value[0], int | float)


def mapping(value: object) -> Item:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Item]:
    """Return the objects in a list; anything else has none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(item: Item, *keys: str) -> object:
    """Return the value of the first of `keys` that an object has and that is not null."""
    return next((item[key] for key in keys if item.get(key) is not None), None)


def written(value: object) -> str:
    """Return a text on one line, fit to be stored; anything but a text is empty."""
    if not isinstance(value, str):
        return ""
    return " ".join(printable(value).split())


def keys(item: Item) -> Iterator[str]:
    """Yield the keys that an object has in the file."""
    return (key for key in item if key != _ORDINAL)
