"""One conversation written in every format that can be read: the seeds, and files to measure with.

The words are ours. Each writer takes what was said and returns the bytes of a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from functools import cache
from html import escape

import papers

from fuzz import recognised
from fuzz.talk import Line, Writer, clock, conversations


def _srt(lines: Sequence[Line]) -> str:
    return "".join(
        f"{number}\n{clock(line.start)} --> {clock(line.end)}\n{line.speaker}: {line.text}\n\n"
        for number, line in enumerate(lines, start=1)
    )


def _srt_unnamed(lines: Sequence[Line]) -> str:
    return "".join(
        f"{number}\r\n{clock(line.start)} --> {clock(line.end)}\r\n- {line.text[:9]}"
        f"\r\n{line.text[9:]}\r\n\r\n"
        for number, line in enumerate(lines, start=1)
    )


def _vtt(lines: Sequence[Line]) -> str:
    cues = (
        f"{clock(line.start, '.')} --> {clock(line.end, '.')} align:start\n"
        f"<v {line.speaker}>{escape(line.text)} <i>so</i></v>\n\n"
        for line in lines
    )
    return "WEBVTT - A talk\nLanguage: en\n\nNOTE by hand\n\n" + "".join(cues)


def _vtt_rolling(lines: Sequence[Line]) -> str:
    written, last = ["WEBVTT\nKind: captions\n\n"], " "
    for line in lines:
        words = line.text.split()
        timed = "".join(
            f"<{clock(line.start + 0.1 * at, '.')}><c> {word}</c>"
            for at, word in enumerate(words[1:], start=1)
        )
        begin, end = clock(line.start, "."), clock(line.end, ".")
        written.append(f"{begin} --> {end} align:start position:0%\n{last}\n{words[0]}{timed}\n\n")
        written.append(f"{end} --> {clock(line.end + 0.01, '.')}\n{line.text}\n \n\n")
        last = line.text
    return "".join(written)


def _sbv(lines: Sequence[Line]) -> str:
    return "".join(
        f"{clock(line.start, '.')[1:]},{clock(line.end, '.')[1:]}\n{line.text}\n\n"
        for line in lines
    )


def _ass(lines: Sequence[Line]) -> str:
    head = (
        "[Script Info]\nTitle: A talk\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: D,Arial\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"
    )
    return head + "".join(
        f"\nDialogue: 0,{clock(line.start, '.')[1:-1]},{clock(line.end, '.')[1:-1]},D,"
        f"{line.speaker},0,0,0,,{{\\i1}}{line.text}{{\\i0}}\\N{{\\p1}}m 0 0{{\\p0}}so"
        for line in lines
    )


def _ttml(lines: Sequence[Line]) -> str:
    names = list(dict.fromkeys(line.speaker for line in lines))
    agents = "".join(
        f'<ttm:agent xml:id="a{at}"><ttm:name type="full">{name}</ttm:name></ttm:agent>'
        for at, name in enumerate(names)
    )
    cues = "".join(
        f'\n<p begin="{clock(line.start, ".")}" end="{line.end:.2f}s"'
        f' ttm:agent="a{names.index(line.speaker)}">{escape(line.text)}<br/><span>so</span></p>'
        for line in lines
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml"'
        ' xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xml:lang="en"><head><metadata>'
        f"<ttm:title>A talk</ttm:title>{agents}</metadata></head><body><div>{cues}\n</div></body>"
        "</tt>"
    )


def _table(lines: Sequence[Line], comma: str) -> str:
    out = io.StringIO()
    rows = csv.writer(out, delimiter=comma, lineterminator="\n")
    rows.writerow(("start", "end", "speaker", "text"))
    rows.writerows((line.start, line.end, line.speaker, line.text) for line in lines)
    return out.getvalue()


def _csv(lines: Sequence[Line]) -> str:
    return _table(lines, ",")


def _tsv(lines: Sequence[Line]) -> str:
    return _table(lines, "\t")


def _markdown(lines: Sequence[Line]) -> str:
    said = "\n\n".join(f"**{line.speaker}:** {line.text}" for line in lines)
    return f"---\ntitle: A talk\ndate: 2024-05-06\n---\n\n# A talk\n\n{said}\n"


def _headings(lines: Sequence[Line]) -> str:
    said = "\n\n".join(f"### {line.speaker}\n\n{line.text}\n- *one*\n> two" for line in lines)
    return f"# A talk\n\n{said}\n"


def _text(lines: Sequence[Line]) -> str:
    first = lines[0].speaker
    return "".join(f"{'Q' if line.speaker == first else 'A'}: {line.text}\n\n" for line in lines)


def _stamped(lines: Sequence[Line]) -> str:
    return "".join(f"[{clock(line.start)[:8]}] {line.speaker}：{line.text}\n" for line in lines)


def _enclosed(lines: Sequence[Line]) -> str:
    return "".join(f"【{line.speaker}】{line.text}\n\n" for line in lines)


def _otter(lines: Sequence[Line]) -> str:
    return "".join(f"{line.speaker}  {clock(line.start)[3:8]}\n{line.text}\n\n" for line in lines)


def _prose(lines: Sequence[Line]) -> str:
    return "A talk\n\n" + "".join(f"{line.text} {line.text}\n\n" for line in lines)


def _html(lines: Sequence[Line]) -> str:
    body = "".join(
        f'<p class="turn"><b class="speaker">{line.speaker}:</b> {escape(line.text)}<br>so</p>\n'
        for line in lines
    )
    cells = "".join(
        f"<tr><td>{line.speaker}</td><td>{escape(line.text)}</td></tr>" for line in lines[:3]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A talk | Site</title>'
        "<script>var a = '<p>no</p>';</script></head><body><nav><ul><li><a href='/'>Home</a></li>"
        f"</ul></nav><article><h1>A talk</h1>\n{body}<table>{cells}</table><pre>a\nb</pre>"
        "</article><footer>bye</footer></body></html>"
    )


def _docx(lines: Sequence[Line]) -> bytes:
    said = [
        papers.para(papers.run(f"{line.speaker}: ", bold=True), papers.run(line.text))
        for line in lines
    ]
    rows = papers.table(*((line.speaker, line.text) for line in lines[:3]))
    return papers.docx(papers.para("A talk", style="1"), *said, rows)


def _odt(lines: Sequence[Line]) -> bytes:
    said = [f"<text:p>{line.speaker}: {escape(line.text)}<text:tab/>so</text:p>" for line in lines]
    return papers.odt('<text:h text:outline-level="1">A talk</text:h>', *said)


def _epub(lines: Sequence[Line]) -> bytes:
    chapters = [
        "".join(
            f"<p><b>{line.speaker}:</b> {escape(line.text)}</p>" for line in lines[at : at + 99]
        )
        for at in range(0, len(lines), 99)
    ]
    return papers.epub(*chapters)


def _pdf(lines: Sequence[Line]) -> bytes:
    said = [f"{line.speaker}: {line.text}" for line in lines]
    return papers.pdf([said[at : at + 40] for at in range(0, len(said), 40)], "A talk")


def _zip(lines: Sequence[Line]) -> bytes:
    return papers.packed({"talk/one.srt": _srt(lines)})


def _encoded(write: Callable[[Sequence[Line]], str], encoding: str = "utf-8") -> Writer:
    return lambda lines: write(lines).encode(encoding, "replace")


WRITERS: dict[str, tuple[str, Writer]] = {
    "srt": ("talk.srt", _encoded(_srt)),
    "srt-unnamed": ("talk.srt", _encoded(_srt_unnamed)),
    "srt-utf16": ("talk.srt", _encoded(_srt, "utf-16")),
    "srt-gb18030": ("talk.srt", _encoded(_srt, "gb18030")),
    "vtt": ("talk.vtt", _encoded(_vtt)),
    "vtt-rolling": ("talk.vtt", _encoded(_vtt_rolling)),
    "sbv": ("talk.sbv", _encoded(_sbv)),
    "ass": ("talk.ass", _encoded(_ass)),
    "ttml": ("talk.ttml", _encoded(_ttml)),
    "whisper": ("talk.json", _encoded(recognised.whisper)),
    "whisperx": ("talk.json", _encoded(recognised.whisperx)),
    "whisper.cpp": ("talk.json", _encoded(recognised.whisper_cpp)),
    "podcast": ("talk.json", _encoded(recognised.podcast)),
    "youtube": ("talk.json3", _encoded(recognised.youtube)),
    "youtube-list": ("talk.json", _encoded(recognised.youtube_list)),
    "aws": ("talk.json", _encoded(recognised.aws)),
    "deepgram": ("talk.json", _encoded(recognised.deepgram)),
    "assemblyai": ("talk.json", _encoded(recognised.assemblyai)),
    "meeting": ("talk.json", _encoded(recognised.meeting)),
    "csv": ("talk.csv", _encoded(_csv)),
    "tsv": ("talk.tsv", _encoded(_tsv)),
    "markdown": ("talk.md", _encoded(_markdown)),
    "headings": ("talk.md", _encoded(_headings)),
    "text": ("talk.txt", _encoded(_text)),
    "stamped": ("talk.txt", _encoded(_stamped)),
    "enclosed": ("talk.txt", _encoded(_enclosed)),
    "otter": ("talk.txt", _encoded(_otter)),
    "prose": ("talk.txt", _encoded(_prose)),
    "html": ("talk.html", _encoded(_html)),
    "docx": ("talk.docx", _docx),
    "odt": ("talk.odt", _odt),
    "epub": ("talk.epub", _epub),
    "pdf": ("talk.pdf", _pdf),
    "zip": ("talk.zip", _zip),
}
"""The name of a file and what writes it, by format."""


@cache
def seeds(name: str) -> tuple[str, list[bytes]]:
    """The name of a small file of a format, and its contents in English, Chinese and both."""
    file, write = WRITERS[name]
    return file, [write(lines) for lines in conversations()]
