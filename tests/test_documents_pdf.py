"""PDF: lines of pages become paragraphs again, without what repeats at the edges of the pages."""

from __future__ import annotations

import logging
import re
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papers import pdf

from rag.errors import UsageError
from rag.transcripts import parse
from rag.transcripts.documents import read
from rag.transcripts.kinds import Kind


def said(data: bytes) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in parse(data, Path("talk.pdf"), {}).turns]


def test_lines_of_one_reply_are_put_together() -> None:
    page = [
        "Host: Why did you come to live by the river of all places here?",
        "Nora: The rent is low, and there is more fish than any family can eat in a win-",
        "ter, and nobody asks you for anything, which is worth more than you would be-",
        "lieve if you came from the coast.",
        "Host: And now?",
        "Nora: We stay.",
    ]
    assert said(pdf([page])) == [
        ("Host", "Why did you come to live by the river of all places here?"),
        (
            "Nora",
            "The rent is low, and there is more fish than any family can eat in a winter, and"
            " nobody asks you for anything, which is worth more than you would believe if you"
            " came from the coast.",
        ),
        ("Host", "And now?"),
        ("Nora", "We stay."),
    ]


def test_chinese_lines_are_joined_without_blanks() -> None:
    page = [
        "主持人：你们当初为什么要搬到这条河边上来住呢，能不能讲一讲",
        "那时候的情形？",
        "陈若：因为租金便宜，鱼也多，孩子们可以在水边长大，这在城里是",
        "想都不敢想的事情。",
        "主持人：谢谢。",
        "陈若：不客气。",
    ]
    assert said(pdf([page])) == [
        ("主持人", "你们当初为什么要搬到这条河边上来住呢，能不能讲一讲那时候的情形？"),
        ("陈若", "因为租金便宜，鱼也多，孩子们可以在水边长大，这在城里是想都不敢想的事情。"),
        ("主持人", "谢谢。"),
        ("陈若", "不客气。"),
    ]


def test_headers_footers_and_page_numbers_are_left_out() -> None:
    pages = [
        ["Small Radio, May 2025", f"Host: Question number {n}?", f"Nora: Answer {n}.", f"Page {n}"]
        for n in range(1, 5)
    ]
    assert said(pdf(pages)) == [
        turn
        for n in range(1, 5)
        for turn in [("Host", f"Question number {n}?"), ("Nora", f"Answer {n}.")]
    ]


def test_a_reply_goes_on_behind_the_edge_of_a_page() -> None:
    long = "Nora: They stayed, and most of them still mend nets in the long winters up there"
    pages = [
        ["River talks", "Host: And the others?", long, "1"],
        ["River talks", "because nobody ever told them to stop.", "Host: Good.", "2"],
    ]
    assert said(pdf(pages))[1] == (
        "Nora",
        "They stayed, and most of them still mend nets in the long winters up there"
        " because nobody ever told them to stop.",
    )


def test_a_label_that_opens_every_page_stays() -> None:
    pages = [
        ["Host: So?", f"Nora: Well, {word}.", "Host: Go on."] for word in ("one", "two", "six")
    ]
    assert said(pdf(pages)).count(("Host", "So?")) == 3


def test_lines_are_numbers_of_paragraphs() -> None:
    found = read(pdf([["Host: Why?", "Nora: Because."], ["Host: Oh."]]), Kind.PDF, "x.pdf")
    assert found.numbers == (1, 2, 3)


def test_the_title_comes_from_the_file_unless_it_is_a_file_name() -> None:
    page = [["Host: Why?", "Nora: Because."]]
    assert read(pdf(page, "River talks"), Kind.PDF, "x").values == {"title": "River talks"}
    assert read(pdf(page, "talk_v2.docx"), Kind.PDF, "x").values == {}


def test_images_alone_say_that_text_must_be_recognised_first() -> None:
    with pytest.raises(UsageError, match=r"no text in it, only images.*ocrmypdf"):
        read(pdf([[], []]), Kind.PDF, "scan.pdf")


def test_an_encrypted_file_says_so() -> None:
    data = pdf([["Host: Why?"]]).replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R/ID[<00><00>]/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O<"
        + b"00" * 32 + b">/U<" + b"11" * 32 + b">>>",
    )  # fmt: skip
    with pytest.raises(UsageError, match="encrypted"):
        read(data, Kind.PDF, "x.pdf")


def test_pages_that_are_their_own_parents_end() -> None:
    data = pdf([["Host: Why?"]]).replace(b"/Kids[6 0 R]", b"/Kids[2 0 R]")
    with pytest.raises(UsageError):
        read(data, Kind.PDF, "x.pdf")


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damage_is_an_error_and_not_a_crash(data: st.DataObject) -> None:
    whole = bytearray(pdf([["Host: Why?", "Nora: Because."], ["Host: Oh."]]))
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(5, len(whole)))
    try:
        read(bytes(whole[:cut]), Kind.PDF, "x.pdf")
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_what_pypdf_says_of_a_damaged_file_is_a_warning_and_not_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    data = pdf([["Host: Why?", "Nora: Because."]])
    packed = re.search(rb"stream\n(.*?)\nendstream", data, re.DOTALL)
    assert packed is not None
    broken = zlib.compress(zlib.decompress(packed[1]).replace(b"<0001> <0", b"<0001> <", 1))
    found = read(data.replace(packed[1], broken), Kind.PDF, "x.pdf")
    assert any("x.pdf: damaged in places (" in warning for warning in found.warnings)
    harmless = data.replace(b"startxref\n", b"startxref\n9")
    assert read(harmless, Kind.PDF, "x.pdf").warnings == ()
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("pypdf").handlers == []


def test_halves_of_characters_are_put_together_or_replaced() -> None:
    data = pdf([["Host: Why?", "Nora: Because."]])
    packed = re.search(rb"stream\n(.*?)\nendstream", data, re.DOTALL)
    assert packed is not None
    for code, shown in ((b"<df09", "\ufffd"), (b"<d83dde00", "😀"), (b"<d83dde00d83d", "😀\ufffd")):
        # The first letter of the font is the H of Host.
        cmap = re.sub(
            rb"(<0001> )<[0-9a-fA-F]+", rb"\1" + code, zlib.decompress(packed[1]), count=1
        )
        found = parse(data.replace(packed[1], zlib.compress(cmap)), Path("talk.pdf"), {})
        texts = [
            *(turn.label + turn.text for turn in found.turns),
            *(s.text for s in found.sections),
        ]
        assert shown in "".join(texts)
        "".join(texts).encode()


def test_an_error_of_the_library_says_nothing_to_the_terminal() -> None:
    data = pdf([["Host: Why?"]]).replace(b"/FlateDecode", b"/Flate\x1bcode")
    with pytest.raises(UsageError) as raised:
        read(data, Kind.PDF, "x.pdf")
    assert "Flate" in str(raised.value)
    assert "\x1b" not in str(raised.value)
