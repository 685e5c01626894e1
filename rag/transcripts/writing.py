"""Transcripts to files: Markdown, SRT, WebVTT and JSON, each as its reader here reads it back.

Markdown keeps prose and whole seconds, SRT and WebVTT milliseconds and speech alone. JSON is that
of Podcasting 2.0 with fields of our own, and the only one that keeps everything.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath

from rag.errors import UsageError
from rag.text import clock, unnamed
from rag.types import Section, Transcript, Turn

FORMAT = "rag transcript 1"
"""What a JSON file of ours says it is, in its first lines."""

_SHOWN = 3.0  # seconds of a last caption whose end is not known
_SPECIAL = re.compile(r"[\\`*_\[\]<>{}~#|]")
_IN_NAME = re.compile(r"[\\`\[\]<>{}~#|]|(?<![^\W_])_|_(?![^\W_])")
_LEADING = re.compile(r"^([-+•=]+|\d+[.)])(?=\s|$)")
_LABEL = re.compile(r"^([^:：]{1,90})(：|:(?!\d|//))")


def write(item: Transcript, to: str) -> str:
    """Return a transcript as the text of a file of one of `FORMATS`.

    Raises:
        UsageError: for captions of speech that has no times.
    """
    return FORMATS[to](item)


def markdown(item: Transcript) -> str:
    """Write front matter, prose under its headings, and `**Name** [0:01:02]: words`."""
    # Declared, a label is one however rarely it stands there.
    nobody = unnamed(item.language).strip("()（）")
    speakers = dict.fromkeys(turn.speaker or nobody for turn in item.turns)
    values = {"title": _title(item), "date": item.date, "source": item.source}
    lines = ["---", *(f"{key}: {_quoted(value)}" for key, value in values.items() if value)]
    lines += ["speakers:", *(f"  - {_quoted(name)}" for name in speakers)] if speakers else []
    blocks = ["\n".join([*lines, "---"])] if len(lines) > 1 else []
    topic = ""
    parts: list[Section | Turn] = [*item.sections, *item.turns]
    for part in sorted(parts, key=lambda part: part.line):
        if isinstance(part, Section):
            blocks += [f"## {_escaped(part.title)}"] if part.title else []
            blocks.append("\n".join(map(_escaped, part.text.split("\n"))))
            topic = ""
            continue
        if part.topic != topic:
            blocks += [f"## {_escaped(part.topic)}"] if part.topic else []
            topic = part.topic
        blocks.append(_labelled(part, item.language))
    return "\n\n".join(blocks) + "\n"


def _labelled(turn: Turn, spoken: str) -> str:
    """One turn: every line with a time of its own begins with it."""
    name = turn.speaker or unnamed(spoken)
    rows: list[str] = []
    before = turn.times[0] if turn.times else turn.start
    stamp = "" if before is None else f" [{clock(before)}]"
    for text, second in zip_longest(turn.text.split("\n"), turn.times):
        if not rows:
            rows.append(
                f"**{_IN_NAME.sub(_escape, name.replace('*', ''))}**{stamp}: {_escaped(text)}"
            )
        else:
            rows.append(f"{'' if second is None else f'[{clock(second)}] '}{_escaped(text)}")
    return "\n".join(rows)


def _title(item: Transcript) -> str:
    """The title, unless it is only the name of the file."""
    return "" if item.title == PurePath(item.path).stem else item.title


def _escaped(text: str) -> str:
    """Escape what Markdown, or the reader of dialogue, would make something of."""
    text = _SPECIAL.sub(_escape, " ".join(text.split()))
    # `- ` and `12. ` begin lists, and their mark is escaped: `\- `, `12\. `.
    text = _LEADING.sub(lambda match: f"{match[1][:-1]}\\{match[1][-1]}", text)
    return _LABEL.sub(r"\1\\\2", text, count=1)


def _escape(match: re.Match[str]) -> str:
    return f"\\{match[0]}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass(frozen=True, slots=True)
class _Caption:
    start: float
    end: float
    text: str
    speaker: str
    opens: bool


def _captions(item: Transcript, to: str) -> list[_Caption]:
    """One caption for every line that has a time, else for a whole turn."""
    for turn in item.turns:
        if turn.start is None and not turn.times:
            place = f"{item.id}:{turn.number} has no time"
            raise UsageError(place, f"{to} needs one for all that is said; write --to md or json")
    if not item.turns:
        raise UsageError(f"{item.path}: nobody speaks in it", "write --to md or json")
    lines = [line for turn in item.turns for line in _timed(turn)]
    captions: list[tuple[Turn, _Caption]] = []
    for (turn, text, start, end), following in zip_longest(lines, lines[1:]):
        stop = end if end is not None else following[2] if following else start + _SHOWN
        first = start == (turn.times[0] if turn.times else turn.start) and _opens(captions, turn)
        captions.append((turn, _Caption(start, max(stop, start), text, turn.speaker, first)))
    return [caption for _, caption in captions]


def _opens(captions: list[tuple[Turn, _Caption]], turn: Turn) -> bool:
    return not captions or captions[-1][0] is not turn


def _timed(turn: Turn) -> Iterator[tuple[Turn, str, float, float | None]]:
    if not turn.times:
        assert turn.start is not None  # looked at before
        yield turn, turn.text, turn.start, turn.end
        return
    for text, second, following in zip_longest(turn.text.split("\n"), turn.times, turn.times[1:]):
        yield turn, text, second, turn.end if following is None else following


def srt(item: Transcript) -> str:
    """Write SubRip captions; the first of a turn begins with `Name: `, or `>> ` without a name."""
    blocks = []
    named = any(turn.speaker for turn in item.turns)
    for number, caption in enumerate(_captions(item, "srt"), start=1):
        label = ""
        if caption.opens:
            label = f"{caption.speaker}: " if caption.speaker else ">> " if named else ""
        times = f"{_stamp(caption.start, ',')} --> {_stamp(caption.end, ',')}"
        blocks.append(f"{number}\n{times}\n{label}{caption.text}")
    return "\n\n".join(blocks) + "\n"


def vtt(item: Transcript) -> str:
    """Write WebVTT captions with `<v Name>`, and what else is known in a note above."""
    title = _plain(_title(item))
    head = f"WEBVTT - {title}" if title else "WEBVTT"
    blocks = [f"{head}\nLanguage: {item.language}" if item.language else head]
    said = {"title": title, "date": item.date, "source": item.source}
    notes = [f"{key}: {_plain(value)}" for key, value in said.items() if value]
    blocks += ["\n".join(["NOTE", *notes])] if notes else []
    named = any(turn.speaker for turn in item.turns)
    for caption in _captions(item, "vtt"):
        name = html.escape(caption.speaker, quote=False)
        opens = ">> " if named and caption.opens and not name else ""
        voice = f"<v {name}>" if name else html.escape(opens, quote=False)
        times = f"{_stamp(caption.start, '.')} --> {_stamp(caption.end, '.')}"
        rows = [f"{voice}{html.escape(text, quote=False)}" for text in caption.text.split("\n")]
        blocks.append("\n".join([times, *rows]))
    return "\n\n".join(blocks) + "\n"


def _plain(text: str) -> str:
    """One line that ends no header or note of WebVTT."""
    return " ".join(text.replace("-->", "→").split())


def _stamp(second: float, point: str) -> str:
    """Write hh:mm:ss and milliseconds."""
    whole, rest = divmod(round(second * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{rest:03}"


def podcast(item: Transcript) -> str:
    """Write the JSON of Podcasting 2.0, a segment a line, with turns and prose beside."""
    said: Mapping[str, object] = {
        "version": "1.0.0",
        "format": FORMAT,
        "title": _title(item),
        "date": item.date,
        "source": item.source,
        "language": item.language,
    }
    head = [f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in said.items()]
    segments = [row for turn in item.turns for row in _segments(turn)]
    sections = [
        {"title": section.title, "body": section.text, "before": _next_turn(item, section)}
        for section in item.sections
    ]
    return "{{\n{}\n}}\n".format(
        ",\n".join([*head, _listed("segments", segments), _listed("sections", sections)])
    )


def _listed(key: str, rows: list[dict[str, object]]) -> str:
    written = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f'"{key}": [\n{written}\n]' if rows else f'"{key}": []'


def _next_turn(item: Transcript, section: Section) -> int:
    """The number of the first turn behind a section; one more than there are when none is."""
    later = (turn.number for turn in item.turns if turn.line > section.line)
    return next(later, len(item.turns) + 1)


def _segments(turn: Turn) -> Iterator[dict[str, object]]:
    """The lines of a turn; the first also says what holds for all of it."""
    for number, text in enumerate(turn.text.split("\n")):
        row: dict[str, object] = {"speaker": turn.speaker, "turn": turn.number}
        if number == 0:
            whole = {"label": turn.label, "topic": turn.topic, "start": turn.start, "end": turn.end}
            row |= {key: value for key, value in whole.items() if value not in (None, "")}
        if turn.times:
            row["startTime"] = turn.times[number]
            after = turn.times[number + 1 : number + 2]
            end = after[0] if after else turn.end
            row |= {} if end is None else {"endTime": end}
        elif turn.start is not None:
            row |= {"startTime": turn.start} | ({} if turn.end is None else {"endTime": turn.end})
        yield {**row, "timed": bool(turn.times), "body": text}


FORMATS: Mapping[str, Callable[[Transcript], str]] = {
    "md": markdown,
    "srt": srt,
    "vtt": vtt,
    "json": podcast,
}
