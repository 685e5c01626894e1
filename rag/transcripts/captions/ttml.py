"""TTML and DFXP: timed paragraphs of XML, with the people who speak in its head.

Read with defusedxml's SAX parser, which expands no entities and knows the line: pysubs2 drops
`ttm:agent`, and gives up at a time in frames.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.handler import ContentHandler, feature_namespaces
from xml.sax.xmlreader import AttributesNSImpl

from rag.errors import UsageError
from rag.transcripts.captions.build import Notes, caption, ordered
from rag.transcripts.cues import Cue, Recording

_CHUNK = 1 << 16
_DECLARATION = re.compile(r"\ufeff?(?:\s*<\?xml[^<>]*\?>)?")
_CLOCK = re.compile(r"(\d{1,6}):(\d{1,2}):(\d{1,2})(?:(\.\d{1,9})|:(\d{1,6})(?:\.(\d{1,6}))?)?")
_OFFSET = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_LANG = "http://www.w3.org/XML/1998/namespace"
_TIMED = frozenset({"body", "div", "p", "span"})

_Name = tuple[str | None, str]


def read(pieces: Iterable[str], place: str) -> Recording:
    """Read a TTML file up to its end, or up to where it stops being XML.

    Raises:
        UsageError: when it is no TTML at all.
    """
    from xml.sax import SAXException

    from defusedxml import DefusedXmlException
    from defusedxml.sax import make_parser

    notes = Notes(place)
    parser = make_parser()
    handler = _Handler(notes, lambda: parser.getLineNumber() or 1)
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    try:
        for piece in _undeclared(pieces):
            for start in range(0, len(piece), _CHUNK):
                parser.feed(piece[start : start + _CHUNK])
        parser.close()
    except DefusedXmlException as error:
        raise UsageError(f"{place}: XML that defines entities", "remove its DOCTYPE") from error
    except (SAXException, _NotTimedText) as error:
        if not handler.cues:
            what = str(error).removeprefix("<unknown>:")
            raise UsageError(f"{place}: not TTML ({what})", "only subtitles are read") from error
        notes.add(parser.getLineNumber() or 1, "not XML any more; read up to here")
    return Recording(
        ordered(handler.cues, notes),
        title=handler.title,
        language=handler.language,
        warnings=notes.all(),
    )


def _undeclared(pieces: Iterable[str]) -> Iterator[str]:
    """Blank out what stands before the root: its encoding is no longer that of the text."""
    for number, piece in enumerate(pieces):
        match = None if number else _DECLARATION.match(piece)
        if match is None:
            yield piece
        else:
            yield re.sub(r"[^\n]", " ", match[0])
            yield piece[match.end() :]


class _NotTimedText(Exception):
    """The root element is not `tt`."""


@dataclass(slots=True)
class _Frame:
    """An open element: when it begins and ends, and who speaks in it."""

    tag: str
    begin: float
    end: float | None
    agent: str
    timed: bool = False


@dataclass(slots=True)
class _Rates:
    frame: float = 30.0
    sub: float = 1.0
    tick: float = 1.0


@dataclass(slots=True)
class _Text:
    """The words of one paragraph so far, line by line, each with its file line."""

    lines: list[tuple[int, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    line: int = 0

    def add(self, words: str, line: int) -> None:
        if not self.line and words.strip():
            self.line = line + len(words[: len(words) - len(words.lstrip())].split("\n")) - 1
        self.words.append(words)

    def end_line(self) -> None:
        if self.line:
            self.lines.append((self.line, "".join(self.words)))
        self.words, self.line = [], 0


class _Handler(ContentHandler):
    """Collects the cues."""

    def __init__(self, notes: Notes, line: Callable[[], int]) -> None:
        super().__init__()
        self.cues: list[Cue] = []
        self.title = ""
        self.language = ""
        self._notes = notes
        self._line = line
        self._rates = _Rates()
        self._names: dict[str, str] = {}
        self._open: list[_Frame] = []
        self._text = _Text()
        self._agent = ""
        self._inside = 0  # open paragraphs

    def startElementNS(  # noqa: N802
        self, name: _Name, _qname: str | None, attrs: AttributesNSImpl
    ) -> None:
        """Open an element: note its times and its speaker."""
        tag = name[1]
        given: dict[str, str] = {key[1]: value for key, value in dict(attrs).items()}
        if not self._open:
            self._root(tag, given, dict(attrs).get((_LANG, "lang"), ""))
        above = self._open[-1] if self._open else _Frame("", 0.0, None, "")
        frame = _Frame(tag, above.begin, above.end, above.agent)
        if tag in _TIMED:
            self._time(frame, above, given)
            frame.agent = given.get("agent", above.agent)
        elif tag == "agent":
            self._agent = given.get("id", "")
        elif tag == "br":
            self._text.end_line()
        if tag == "p" or (tag == "span" and self._inside and self._changes(frame, above)):
            self._flush(above)
        self._inside += tag == "p"
        self._open.append(frame)

    def endElementNS(self, _name: _Name, _qname: str | None) -> None:  # noqa: N802
        """Close an element: a paragraph, or a span with a time or voice of its own, is said."""
        frame = self._open.pop()
        above = self._open[-1] if self._open else frame
        if frame.tag == "p" or (
            frame.tag == "span" and self._inside and self._changes(frame, above)
        ):
            self._flush(frame)
        self._inside -= frame.tag == "p"

    def characters(self, content: str) -> None:
        """Take words of a paragraph, a title or a name."""
        if self._inside:
            # The parser hands words on when they are over, and is at their last line then.
            self._text.add(content, self._line() - content.count("\n"))
            return
        tag = self._open[-1].tag if self._open else ""
        if tag == "title":
            self.title = f"{self.title}{content}".strip()
        elif tag == "name" and self._agent and content.strip():
            self._names.setdefault(self._agent, content.strip())

    @staticmethod
    def _changes(frame: _Frame, above: _Frame) -> bool:
        return frame.agent != above.agent or (frame.timed and not above.timed)

    def _root(self, tag: str, given: dict[str, str], language: str) -> None:
        if tag != "tt":
            raise _NotTimedText(f"<{tag[:40]}>")
        self.language = language
        rates = self._rates
        rates.frame = _number(given.get("frameRate"), 30.0)
        rates.sub = _number(given.get("subFrameRate"), 1.0)
        usual = rates.frame * rates.sub if "frameRate" in given else 1.0
        rates.tick = _number(given.get("tickRate"), usual)
        top, _, bottom = given.get("frameRateMultiplier", "").replace(":", " ").partition(" ")
        rates.frame *= _number(top, 1.0) / _number(bottom, 1.0)

    def _time(self, frame: _Frame, above: _Frame, given: dict[str, str]) -> None:
        """Times of an element count from the beginning of the one around it."""
        values = {key: self._seconds(given[key]) for key in ("begin", "end", "dur") if key in given}
        begin, end, length = (values.get(key) for key in ("begin", "end", "dur"))
        frame.timed = above.timed if above.tag == "p" else False
        if begin is not None:
            frame.begin, frame.timed = above.begin + begin, True
        if length is not None:
            frame.end = frame.begin + length
        if end is not None:
            frame.end = above.begin + end
        if frame.end is not None and frame.end < frame.begin:
            frame.end = frame.begin

    def _seconds(self, text: str) -> float | None:
        rates, text = self._rates, text.strip()
        if match := _CLOCK.fullmatch(text):
            hours, minutes, seconds, fraction, frames, sub = match.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(fraction or 0)
            return whole + (int(frames or 0) + int(sub or 0) / rates.sub) / rates.frame
        if match := _OFFSET.fullmatch(text):
            count, unit = float(match[1]), match[2]
            rate = {"f": 1 / rates.frame, "t": 1 / rates.tick}.get(unit)
            return count * (_UNITS[unit] if rate is None else rate)
        self._notes.add(self._line(), f"a damaged time: {text[:40]}")
        return None

    def _flush(self, frame: _Frame) -> None:
        self._text.end_line()
        lines, self._text = self._text.lines, _Text()
        said: list[tuple[int, str]] = [(number, _escaped(words)) for number, words in lines]
        agent: Any = frame.agent.split()[:1]
        name = self._names.get(agent[0], agent[0]) if agent else ""
        end = frame.end if frame.end is not None else frame.begin
        self.cues += caption(frame.begin, end, said, name)


def _escaped(words: str) -> str:
    """Words of XML are text already: what looks like a tag in them is none."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace("{", "&#123;")


def _number(text: str | None, usual: float) -> float:
    try:
        value = float(text) if text else usual
    except ValueError:
        return usual
    return value if 0 < value < 1e9 else usual
