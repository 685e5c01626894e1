"""Ways to damage a file: bytes, pieces, words of its format, and parts inside of an archive."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

import papers

TOKENS: dict[str, tuple[str, ...]] = {
    "any": (
        "\n", "\n\n", "\r", "\r\n", "\0", "\ufeff", "\u2028", "\x0b", "\x0c", "\x85", "\u200b", " ",
        "\t", ":", "：", "?", "。", ".", '"', "'", "[", "]", "(", ")", "【", "】", "-", "1", "0",
        "-1", "9999999999", "[Music]", "♪", "Ann: ", "Q: ", "A：", "00:00:01", "\U0001f600",
        "e\u0301", "\u202e", "\x1b[31m", "陈若", "（笑声）", "\ufffd", "\ud7ff", "İ", "ﬃ", "\x1f",
        "\x7f",
    ),
    "caption": (
        "-->", "--> ", "00:00:01,000 --> 00:00:02,000\n", "99:59:59.999 --> 00:00:00.000\n",
        "00:01.000 --> 00:02.000\n", "0:00:01.000,0:00:02.000\n", "<v A>", "</v>", "<v.loud A B>",
        "<c>", "<i>", "</i>", "<00:00:01.000>", "<ruby>a<rt>b</rt></ruby>", "- ", ">> ", "&lt;",
        "&#0;", "&#x110000;", "&nbsp;", "&amp;amp;", "{\\an8}", "NOTE\n", "STYLE\n", "WEBVTT\n",
        "\\N", "\\h", "{\\p1}", "{\\p0}", "Dialogue: 0,0:00:01.00,0:00:02.00,D,A,0,0,0,,b\n",
        "Format: Text, Start, End\n", "[Events]\n", "[Script Info]\n", "X-TIMESTAMP-MAP=LOCAL:0\n",
    ),
    "xml": (
        "<p>", "</p>", "<p begin='1s'>", "<p begin='-1s' end='99999999999999h'>", "<br/>", "<span>",
        "</span>", "<span begin='1s'>", "<div>", "</div>", "<!--", "-->", "<![CDATA[", "]]>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "&amp;", "&#0;", "&#xd800;", "&lt;", "<b>", "</b>",
        "<table>", "<tr>", "<td>", "</td>", "<pre>", "</pre>", "<script>", "</script>", "<h1>",
        "<w:p>", "</w:p>", "<w:r>", "<w:t>", "</w:t>", "<w:tbl>", "<w:tr>", "<w:tc>", "<w:br/>",
        "<text:p>", "</text:p>", "<text:h>", "<text:line-break/>", " begin='1t'", " end='3f'",
        "<?xml version='1.0' encoding='utf-16'?>", "ttp:frameRate='0'", "<li>", "<cite>", "<time>",
        " class='speaker'", " style='display:none'", " text:outline-level='x'", "</body>", "<tt>",
        " w:val='false'", "<sup><a href='#n'>1</a></sup>", " data-speaker='Ann'",
    ),
    "json": (
        "{", "}", "[", "]", ",", ":", '"', "null", "true", "NaN", "Infinity", "-Infinity", "1e999",
        "-1", "1e-9", '"\\ud800"', '"\\u0000"', '"\\n"', '""', "[]", "{}", '"text":', '"start":',
        '"end":', '"words":', '"speaker":', '"segments":', '"results":', '"items":', '"events":',
        '"segs":', '"utf8":', '"alternatives":', '"PT1.5S"', '"00:00:01,5"', '"1.5s"', '"type":',
        "99999999999999999999", '"paragraphs":', '"sentences":', '"timestamp":', "[1,2]", "\\",
    ),
    "table": (
        "\t", ",", ";", '"', '""', "start", "end", "text", "speaker", "start,end,text\n", "NaN",
        "inf", "1e999", "-1", '"a\nb"', "0,1,hi\n", "0\t1\thi\n", "00:00:01", "\n\n",
    ),
    "prose": (
        "**", "**Ann:** ", "*", "_", "`", "```\n", "# ", "## Ann\n", "> ", "- ", "1. ", "---\n",
        "title: x\n", "speakers: [a, b]\n", "{:toc}", "<summary>", "</details>", "![a](b)", "](",
        "Ann  0:03\n", "[00:01:02] ", "(00:03)", "Q1: ", "问：", "答：", "【Ann】", "Speaker 1: ",
        "From Ann to Everyone:", "\\", "| a | b |\n|---|---|\n", "~~", "[^1]: ", "***\n", "* * *\n",
    ),
    "pdf": (
        " obj\n", "endobj", "stream\n", "endstream", "<<", ">>", "/Type", "/Kids[2 0 R]", " 0 R",
        "/Length 999999", "/Filter/FlateDecode", "/Parent", "xref\n", "trailer", "startxref\n0",
        "%%EOF", "/Prev 9", "/ObjStm", "/Count -1", "(a)", "<41>", "BT", "ET", " Tj", " TJ", " Tf",
        "/Root 1 0 R", "/Encrypt 1 0 R", "[", "]", "true", "null", "-1", "1e9", "/ToUnicode",
    ),
}  # fmt: skip
_KINDS = {
    "caption": ("srt", "vtt", "sbv", "ass", "zip"),
    "xml": ("ttml", "html", "docx", "odt", "epub"),
    "json": (
        "whisper", "podcast", "youtube", "aws", "deepgram", "assemblyai", "meeting",
    ),
    "table": ("csv", "tsv"),
    "prose": ("markdown", "headings", "text", "stamped", "enclosed", "otter", "prose"),
    "pdf": ("pdf",),
}  # fmt: skip
_STREAM = re.compile(rb"stream\n(.*?)\nendstream", re.DOTALL)
_CHANGES = ("word", "cut", "byte", "bit", "end", "repeat", "splice", "swap")
_WEIGHTS = (30, 15, 10, 8, 7, 15, 7, 8)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, -0.0, 1e308, 10**30, float("nan"), float("inf"), "", " ", "1",
    "1.5", "-1", "NaN", "inf", "1e999", "00:00:01,500", "PT1.5S", "1.5s", "\ud800", "\0", "\n",
    "a\nb", "\u2028", "Ann: hi", "陈若", "[Music]", "x" * 3000, [], {}, [[]], [{}], [None],
    {"a": 1}, [1, 2], ["a", "b"], {"text": "a"}, {"start": 1}, "punctuation", "\x1b[0m",
    "<b>a</b>", "\ufeff",
)  # fmt: skip
_KEYS = tuple(
    "text words word start end speaker segments results items alternatives content transcript name"
    " paragraphs sentences utterances events segs utf8 tStartMs transcription offsets timestamps"
    " startTime duration type context speaker_labels timestamp id monologues elements body".split()
)
_MOST = 20_000  # bytes that a case may grow to


@cache
def tokens(name: str) -> list[bytes]:
    """The words of a format, by its name in `writers`."""
    kind = next(kind for kind, names in _KINDS.items() if name.startswith(names))
    chosen = (*TOKENS["any"], *TOKENS[kind], *(TOKENS["prose"] if kind == "caption" else ()))
    encoding = {"srt-utf16": "utf-16-le", "srt-gb18030": "gb18030"}.get(name, "utf-8")
    return [token.encode(encoding, "replace") for token in chosen]


def damaged(data: bytes, words: Sequence[bytes], others: Sequence[bytes], random: Random) -> bytes:
    """Return a file with some damage; of an archive or a PDF, mostly inside of what is packed."""
    if data.startswith(b"PK") and random.random() < 0.75:
        return _repacked(data, words, others, random)
    if data.startswith((b"{", b"[")) and random.random() < 0.7:
        return _grown(data, random)
    if data.startswith(b"%PDF") and random.random() < 0.5:
        return _redrawn(data, words, random)
    return _mutated(data, words, others, random)


def _mutated(data: bytes, words: Sequence[bytes], others: Sequence[bytes], random: Random) -> bytes:
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5, 8, 16))):
        data = _step(data, words, others, random)[:_MOST]
    return data


def _step(data: bytes, words: Sequence[bytes], others: Sequence[bytes], random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    begin = random.randrange(len(data) + 1)
    piece = data[begin : begin + random.choice((1, 3, 10, 40, 200))]
    other = random.choice(others)
    change = random.choices(_CHANGES, _WEIGHTS)[0]
    if change == "word":
        return data[:at] + random.choice(words) * random.choice((1, 1, 1, 2, 9)) + data[at:]
    if change == "repeat":
        return data[:at] + piece * random.choice((1, 1, 2, 30)) + data[at:]
    if change == "swap":
        return _swapped(data, random)
    return {
        "cut": data[:at] + data[at + random.choice((1, 1, 2, 3, 8, 30, 200)) :],
        "byte": data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
        "bit": data[:at] + _flipped(data[at : at + 1], random) + data[at + 1 :],
        "end": data[:at],
        "splice": data[:at] + other[random.randrange(len(other)) :],
    }[change]


def _flipped(data: bytes, random: Random) -> bytes:
    return bytes(byte ^ 1 << random.randrange(8) for byte in data)


def _grown(data: bytes, random: Random) -> bytes:
    """Change values of JSON, so that what comes out is still JSON."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return data
    for _ in range(random.choice((1, 1, 2, 4, 9))):
        places = list(_places(tree))
        if not places:
            break
        holder, key = random.choice(places)
        change = random.random()
        if change < 0.5:
            holder[key] = deepcopy(random.choice(_VALUES))
        elif change < 0.65:
            del holder[key]
        elif change < 0.8:
            other, name = random.choice(places)
            holder[key] = json.loads(json.dumps(other[name]))
        elif isinstance(holder, dict):
            holder[random.choice(_KEYS)] = holder.pop(key)
        else:
            holder.insert(key, json.loads(json.dumps(holder[key])))
    ascii_only = random.random() < 0.3
    return json.dumps(tree, ensure_ascii=ascii_only, indent=random.choice((None, 1))).encode(
        "utf-8", "replace"
    )[: 3 * _MOST]


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
    """The values of a tree, each as what holds it and its place in there."""
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            pairs = list(holder.items() if isinstance(holder, dict) else enumerate(holder))
            yield from ((holder, key) for key, _ in pairs)
            waiting += [value for _, value in pairs]


def _swapped(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    one, two = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


def _repacked(
    data: bytes, words: Sequence[bytes], others: Sequence[bytes], random: Random
) -> bytes:
    parts = _parts(data)
    name = random.choice(list(parts))
    choice = random.random()
    if choice < 0.9:
        same = [inside[name] for other in others if name in (inside := _parts(other))]
        parts[name] = _mutated(parts[name], words, same or [data], random)
    elif choice < 0.95:
        del parts[name]
    else:
        parts[random.choice(("../x.srt", "a/b.zip", "content.xml", "mimetype"))] = parts[name]
    return papers.packed(parts)


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _redrawn(data: bytes, words: Sequence[bytes], random: Random) -> bytes:
    """Damage one packed stream of a PDF, which else would only be broken as a packed stream."""
    matches = list(_STREAM.finditer(data))
    match = random.choice(matches)
    inside = zlib.decompress(match[1])
    packed = zlib.compress(_mutated(inside, words, [inside], random))
    return data[: match.start(1)] + packed + data[match.end(1) :]
