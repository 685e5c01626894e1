"""Subtitle files of every kind: which words, by whom, at which second, in which file line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.transcripts import captions, parse
from rag.transcripts.cues import Cue, Recording
from rag.transcripts.encoding import cut
from rag.transcripts.kinds import Kind, recognise

SRT = """1
00:00:01,000 --> 00:00:02,500
The bridge was built
in one winter.

2
00:00:02,500 --> 00:00:04,000 X1:100 X2:200
{\\an8}<i>Nobody</i> believed it &amp; nobody paid.
"""


def cues(text: str, kind: Kind) -> list[tuple[float | None, float | None, str, int, str]]:
    return [(cue.start, cue.end, cue.text, cue.line, cue.speaker) for cue in read(text, kind).cues]


def read(text: str, kind: Kind) -> Recording:
    return captions.read([text], kind, "talk")


def test_each_line_of_a_caption_has_its_times_and_its_file_line() -> None:
    assert cues(SRT, Kind.SRT) == [
        (1.0, 2.5, "The bridge was built", 3, ""),
        (1.0, 2.5, "in one winter.", 4, ""),
        (2.5, 4.0, "Nobody believed it & nobody paid.", 8, ""),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        SRT.replace("\n", "\r\n"),
        SRT.replace("\n", "\r"),
        "\ufeff" + SRT,
        SRT.replace(",", "."),
        SRT.replace("-->", "->"),
        SRT.replace("00:00:0", "00:0"),
        SRT.rstrip(),
        SRT.replace("\n1\n", "\n").replace("\n2\n", "\n"),
    ],
)
def test_srt_in_its_variants_reads_the_same(changed: str) -> None:
    found = cues(changed, Kind.SRT)
    assert [(start, text) for start, _, text, _, _ in found][::2] == [
        (1.0, "The bridge was built"),
        (2.5, "Nobody believed it & nobody paid."),
    ]


def test_a_missing_blank_line_does_not_put_the_number_into_the_text() -> None:
    text = "1\n00:01,000 --> 00:02,000\none\n2\n00:02,000 --> 00:03,000\ntwo\n"
    assert [cue.text for cue in read(text, Kind.SRT).cues] == ["one", "two"]


def test_text_that_is_a_number_is_text() -> None:
    text = "1\n00:01,000 --> 00:02,000\n1967\n\n2\n00:02,000 --> 00:03,000\n12\n"
    assert [cue.text for cue in read(text, Kind.SRT).cues] == ["1967", "12"]


def test_a_blank_line_within_a_caption_loses_nothing() -> None:
    text = "1\n00:01,000 --> 00:02,000\nabove\n\nbelow\n\n2\n00:02,000 --> 00:03,000\nnext\n"
    recording = read(text, Kind.SRT)
    assert [(cue.start, cue.text, cue.line) for cue in recording.cues] == [
        (1.0, "above", 3),
        (1.0, "below", 5),
        (2.0, "next", 9),
    ]
    assert recording.warnings == ("talk:5: text without a time; kept with the caption before",)


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("00:00:07,000 --> 00:00:1d,890", 7.0, 7.0),
        ("00:00:07,x00 --> 00:00:09,000", 7.0, 9.0),
        ("00:x0:07,000 --> 00:00:09,000", 5.0, 9.0),
        ("00:00:09,000 --> 00:00:08,000", 9.0, 9.0),
    ],
)
def test_a_damaged_time_is_named_and_costs_no_words(line: str, start: float, end: float) -> None:
    text = f"1\n00:00:01,000 --> 00:00:05,000\none\n\n2\n{line}\ntwo\n"
    recording = read(text, Kind.SRT)
    assert [cue.text for cue in recording.cues] == ["one", "two"]
    assert (recording.cues[1].start, recording.cues[1].end) == (start, end)
    assert recording.warnings[0].startswith("talk:6: ")


def test_only_the_first_of_many_warnings_are_kept() -> None:
    block = "00:00:07,000 --> 00:00:1d,890\nwords\n\n"
    warnings = read(block * 30, Kind.SRT).warnings
    assert len(warnings) == 6
    assert "more lines like these" in warnings[-1]


def test_captions_out_of_order_are_sorted_with_a_warning() -> None:
    text = "00:05,000 --> 00:06,000\nlate\n\n00:01,000 --> 00:02,000\nearly\n"
    recording = read(text, Kind.SRT)
    assert [(cue.text, cue.line) for cue in recording.cues] == [("early", 5), ("late", 2)]
    assert recording.warnings == ("talk:5: not in order of time; sorted",)


def test_two_files_in_one_keep_their_order_with_a_warning() -> None:
    part = "".join(f"{n:02}:00.000 --> {n:02}:02.000\n{{}} {n}.\n\n" for n in range(5))
    text = part.replace("{}", "First") + part.replace("{}", "Second")
    recording = read(text, Kind.SRT)
    assert [cue.text for cue in recording.cues] == [
        f"{name} {n}." for name in ("First", "Second") for n in range(5)
    ]
    assert recording.warnings == (
        "talk:17: the times begin again; both parts kept one after the other",
    )


def test_one_caption_with_a_wrong_time_is_no_second_file() -> None:
    text = "".join(
        f"{n:02}:00.000 --> {n:02}:02.000\nWords {n}.\n\n" for n in (4, 5, 1, 6, 7, 8, 9)
    )
    recording = read(text, Kind.SRT)
    assert [cue.text for cue in recording.cues][:2] == ["Words 1.", "Words 4."]
    assert recording.warnings == ("talk:8: not in order of time; sorted",)


VTT = """WEBVTT - A talk about nets
Kind: captions
Language: en-GB
X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000

STYLE
::cue(v) { color: red }

REGION
id:bottom

NOTE
Nobody says this.

intro
00:01.000 --> 00:02.000 align:start position:10%
<v.loud Ann Lee>Good <00:01.500><c.red>morning</c></v>

01:00:02.000 --> 01:00:03.000
<v Bob>Hello &lt;all&gt;,
and welcome
<v Ann Lee>Thanks.

NOTE and this neither

2
01:00:04.000 --> 01:00:05.000
a < b is <b>true</b>
"""


def test_webvtt_gives_voices_and_leaves_notes_and_styles_out() -> None:
    recording = read(VTT, Kind.VTT)
    assert (recording.title, recording.language) == ("A talk about nets", "en-GB")
    assert recording.warnings == ()
    assert [(c.start, c.text, c.line, c.speaker) for c in recording.cues] == [
        (1.0, "Good morning", 17, "Ann Lee"),
        (3602.0, "Hello <all>,", 20, "Bob"),
        (3602.0, "and welcome", 21, "Bob"),
        (3602.0, "Thanks.", 22, "Ann Lee"),
        (3604.0, "a < b is true", 28, ""),
    ]


def test_webvtt_without_its_header_is_read_with_a_warning() -> None:
    recording = read("00:01.000 --> 00:02.000\nwords\n", Kind.VTT)
    assert [cue.text for cue in recording.cues] == ["words"]
    assert recording.warnings == ("talk:1: no WEBVTT above it",)


def test_ruby_is_not_said_twice() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<ruby>橋<rt>はし</rt></ruby>を渡る\n"
    assert read(text, Kind.VTT).cues[0].text == "橋を渡る"


def test_what_stands_around_a_tag_is_no_entity() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nAn&#<i></i>x110000; &am{\\i1}p;&amp;lt;<b>o</b>\n"
    assert read(text, Kind.VTT).cues[0].text == "An&#x110000; &amp;&lt;o"


def test_sbv_is_read_with_its_lines() -> None:
    text = "0:00:01.000,0:00:02.500\nfirst\nline\n\n0:00:02.x50,0:00:04.000\nsecond\n"
    recording = read(text, Kind.SBV)
    assert [(c.start, c.end, c.text, c.line) for c in recording.cues] == [
        (1.0, 2.5, "first", 2),
        (1.0, 2.5, "line", 3),
        (2.0, 4.0, "second", 6),
    ]
    assert recording.warnings[0].startswith("talk:5: a damaged time")


ASS = """[Script Info]
Title: Two boats
; a remark

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Actor, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not said
Dialogue: 0,0:00:03.00,0:00:04.50,Default,Bob,0,0,0,,Later, with commas.
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann Lee,0,0,0,,{\\i1}First{\\i0} line\\Nand\\hsecond
Dialogue: 0,0:00:05.00,0:00:06.00,Sign,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}Sign
Dialogue: 0,0:00:07.00
"""


def test_ass_gives_actors_and_leaves_comments_and_drawings_out() -> None:
    recording = read(ASS, Kind.ASS)
    assert recording.title == "Two boats"
    assert [(c.start, c.end, c.text, c.line, c.speaker) for c in recording.cues][:4] == [
        (1.0, 2.5, "First line", 13, "Ann Lee"),
        (1.0, 2.5, "and second", 13, "Ann Lee"),
        (3.0, 4.5, "Later, with commas.", 12, "Bob"),
        (5.0, 6.0, "Sign", 14, ""),
    ]
    assert any(warning.startswith("talk:15: ") for warning in recording.warnings)


TTML = """<?xml version="1.0" encoding="UTF-16"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xml:lang="en"
    ttp:frameRate="25" ttp:tickRate="10000000">
<head><metadata><ttm:title>Nets</ttm:title>
<ttm:agent xml:id="a1" type="person"><ttm:name type="full">Ann Lee</ttm:name></ttm:agent>
</metadata></head>
<body><div>
<p begin="00:00:01:05" end="2.5s" ttm:agent="a1">We mend <span>the nets</span><br/>
  at night &amp; in rain.</p>
<p begin="30000000t" dur="1500ms"><span ttm:agent="a1">Why?</span> <span>Because.</span></p>
<p><span begin="00:00:05.000" end="00:00:06.000">one</span>
<span begin="00:00:06.000" end="00:00:07.000">two</span></p>
</div><div begin="10s"><p begin="100f" end="8s">inside &lt;i&gt;</p></div></body></tt>
"""


def test_ttml_gives_agents_and_every_way_to_write_a_time() -> None:
    recording = read(TTML, Kind.TTML)
    assert (recording.title, recording.language, recording.warnings) == ("Nets", "en", ())
    assert [(c.start, c.end, c.text, c.line, c.speaker) for c in recording.cues] == [
        (1.2, 2.5, "We mend the nets", 9, "Ann Lee"),
        (1.2, 2.5, "at night & in rain.", 10, "Ann Lee"),
        (3.0, 4.5, "Why?", 11, "Ann Lee"),
        (3.0, 4.5, "Because.", 11, ""),
        (5.0, 6.0, "one", 12, ""),
        (6.0, 7.0, "two", 13, ""),
        (14.0, 18.0, "inside <i>", 14, ""),
    ]


def test_ttml_that_breaks_off_is_read_up_to_there() -> None:
    recording = read(TTML[: TTML.index("Because")], Kind.TTML)
    assert [cue.text for cue in recording.cues][:3] == [
        "We mend the nets",
        "at night & in rain.",
        "Why?",
    ]
    assert "not XML any more" in recording.warnings[-1]


def test_xml_that_defines_entities_is_refused() -> None:
    bomb = '<!DOCTYPE tt [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><tt><body><p>&b;</p></body></tt>'
    with pytest.raises(UsageError, match="defines entities"):
        read(bomb, Kind.TTML)


def test_other_xml_is_no_subtitle_file() -> None:
    with pytest.raises(UsageError, match=r"not TTML \(<rss>\)"):
        read('<?xml version="1.0"?><rss><item/></rss>', Kind.TTML)


@pytest.mark.parametrize("kind", [Kind.SRT, Kind.VTT, Kind.SBV, Kind.ASS])
def test_a_file_without_captions_is_an_error_that_names_it(kind: Kind) -> None:
    with pytest.raises(UsageError, match="talk: no captions in it"):
        read("1\n", kind)


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (SRT, "talk.srt", Kind.SRT),
        (SRT, "talk.txt", Kind.SRT),
        ("\n\n \n" + SRT, "talk.md", Kind.SRT),
        ("Downloaded from nowhere\n\n" + SRT * 3, "talk", Kind.SRT),
        (SRT.replace(",", "."), "talk.vtt", Kind.VTT),
        (VTT, "talk.srt", Kind.VTT),
        (ASS, "talk.txt", Kind.ASS),
        (TTML, "talk.txt", Kind.TTML),
        ("0:00:01.000,0:00:02.500\nfirst\n", "talk.srt", Kind.SBV),
        ('{"segments": []}', "talk.txt", Kind.JSON),
        ("[]", "talk.json", Kind.JSON),
        ("[Ann]: hello\n[Bob]: hi\n", "talk.txt", Kind.TEXT),
        ("[00:01] Ann: hello\n", "talk.md", Kind.TEXT),
        ("00:00:01,000 --> 00:00:02,000 Ann: hello\n", "talk.txt", Kind.TEXT),
        ("# Captions\n\nAn SRT has lines like\n\n    00:01,000 --> 00:02,000\n", "x.md", Kind.TEXT),
        ("<!DOCTYPE html>\n<html><body>x</body></html>", "talk.txt", Kind.HTML),
        ("start,end,text\n0,1,x\n", "talk.txt", Kind.TABLE),
        ("%PDF-1.7\n", "talk.txt", Kind.PDF),
        ("plain words\n", "talk.txt", Kind.TEXT),
        ("Ann: a transcript with the wrong suffix.\nBob: yes.\n" * 9, "talk.srt", Kind.TEXT),
        ("1\n00:00:01,0x --> 00:00:02,5\n" + "many words\n" * 30, "talk.srt", Kind.SRT),
        ("", "talk.srt", Kind.SRT),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_the_kind_is_told_by_what_is_in_the_file(
    content: str, name: str, kind: Kind, encoding: str
) -> None:
    if content.startswith("%PDF") and encoding != "utf-8":
        pytest.skip("a PDF begins with these bytes")
    assert recognise(content.encode(encoding), Path(name)) == kind


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "gb18030"])
def test_captions_in_other_encodings_are_read(encoding: str) -> None:
    first = "1\n00:00:01,000 --> 00:00:02,000\n我们在说的是这条河。\n\n"
    text = first + "2\n00:00:02,000 --> 00:00:03,000\n好的。\n"
    turns = parse(text.encode(encoding), Path("talk.srt"), {}).turns
    assert turns[0].text == "我们在说的是这条河。\n好的。"
    assert turns[0].lines == (3, 7)


def test_a_cue_keeps_what_the_value_says() -> None:
    assert read("00:01,000 --> 00:02,000\nx\n", Kind.SRT).cues == [Cue(1.0, 2.0, "x", 2)]


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_in_pieces_is_read_as_the_whole(
    size: int, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.transcripts.encoding._PIECE", size)
    files = {
        Kind.SRT: "1\n00:01,000 --> 00:02,000\none\ntwo\n\n2\n00:02,000 --> 00:03,000\n3",
        Kind.VTT: "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>one\ntwo\n\n",
        Kind.TTML: TTML,
    }
    for kind, text in files.items():
        written = text.replace("\n", end)
        pieces = cut(written)
        assert "".join(pieces) == written
        assert all(piece.endswith("\n") for piece in pieces[:-1])
        assert captions.read(pieces, kind, "talk") == read(written, kind)
