"""Tags, entities and override codes of captions, taken off so that what was said remains.

Only tags that captions know are taken for tags: `a < b > c` stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_TAG = (
    r"</?(?:b|br|c|em|font|i|lang|p|ruby|rt|s|span|strong|u|v)(?:[.\s][^<>]*)?/?>"
    r"|<(?:\d{1,4}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?>"
)
_RUBY = r"<rt(?:\.[^<>]*)?>[^<]*(?:</rt>|$)"
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+(?P<name>[^<>]+)>|</v>", re.IGNORECASE)
_OVERRIDE = r"\{\\[^{}]*\}|\{[ybiucfs]:[^{}]*\}"
_ENTITY = r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});"
# All at once: what stands around a tag is no entity when the tag is gone.
_MARKUP = re.compile(f"{_RUBY}|{_TAG}|{_OVERRIDE}|(?P<entity>{_ENTITY})", re.IGNORECASE)
_BEGINS = re.compile("[<{&]")
# Marks of direction and breaks that cannot be seen, and would part words that are the same.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"\s+")


def spoken(line: str, voice: str = "") -> Iterator[tuple[str, str]]:
    """Yield the parts of a line with the voice that speaks each, at least one.

    The voice of the last part is that in which the next line of the caption goes on.
    """
    if "<" not in line:
        yield voice, plain(line)
        return
    start = 0
    for match in _VOICE.finditer(line):
        if before := plain(line[start : match.start()]):
            yield voice, before
        voice = plain(match["name"]) if match["name"] else ""
        start = match.end()
    yield voice, plain(line[start:])


def plain(line: str) -> str:
    """Return a line without tags, override codes and entities, white space made even."""
    if _BEGINS.search(line):
        line = _MARKUP.sub(lambda match: unescape(match["entity"] or ""), line)
    if not line.isascii():
        line = _INVISIBLE.sub("", line)
    return _BLANKS.sub(" ", line).strip()
