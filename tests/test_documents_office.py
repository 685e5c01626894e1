"""Word and OpenDocument texts and e-books: who says what, as read with all changes accepted."""

from __future__ import annotations

from pathlib import Path

import pytest
from papers import W, docx, epub, odt, packed, para, run, table

from rag.errors import UsageError
from rag.transcripts import parse
from rag.transcripts.documents import read
from rag.transcripts.kinds import Kind
from rag.types import Transcript


def talk(data: bytes, name: str) -> Transcript:
    return parse(data, Path(name), {})


def said(data: bytes, name: str) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in talk(data, name).turns]


RIVER = [
    ("Host", "Why the river?"),
    ("Nora Pyle", "The rent is low."),
    ("Host", "And in winter?"),
    ("Nora Pyle", "We mend nets."),
]
FLUSS = [
    ("主持人", "为什么搬来？"),
    ("陈若", "租金便宜。"),
    ("主持人", "冬天呢？"),
    ("陈若", "补网。"),
]


@pytest.mark.parametrize("turns", [RIVER, FLUSS])
@pytest.mark.parametrize("form", ["bold", "plain", "own paragraph", "table", "full width"])
def test_word_documents_in_all_the_ways_people_write_interviews(
    turns: list[tuple[str, str]], form: str
) -> None:
    body = {
        "bold": [para(run(f"{who}: ", bold=True), run(what)) for who, what in turns],
        "plain": [para(f"{who}: {what}") for who, what in turns],
        "full width": [para(run(f"{who}：", bold=True), run(what)) for who, what in turns],
        "own paragraph": [
            part for who, what in turns for part in (para(run(who, bold=True)), para(what))
        ],
        "table": [table(*turns)],
    }[form]
    assert said(docx(*body), "talk.docx") == turns


def test_lines_of_a_word_document_are_its_paragraphs_with_text() -> None:
    body = [para("A talk", style="1"), para(""), *(para(f"{who}: {what}") for who, what in RIVER)]
    found = talk(docx(*body), "talk.docx")
    assert found.title == "A talk"
    assert [turn.line for turn in found.turns] == [2, 3, 4, 5]


def test_inserted_words_are_kept_deleted_ones_and_comments_are_not() -> None:
    kept = f'<w:ins w:id="1">{run("never ")}</w:ins>'
    gone = '<w:del w:id="2"><w:r><w:delText>always </w:delText></w:r></w:del>'
    moved = f'<w:moveFrom w:id="3">{run("elsewhere ")}</w:moveFrom>'
    body = [
        para("Host: Why?"),
        para(
            run("Nora Pyle: I "), kept, gone, moved, run("went."), '<w:commentReference w:id="0"/>'
        ),
        para("Host: Really?"),
        para("Nora Pyle: Yes."),
    ]
    comments = f'<w:comments {W}><w:comment w:id="0">{para("check this")}</w:comment></w:comments>'
    assert said(docx(*body, comments=comments), "talk.docx")[1] == ("Nora Pyle", "I never went.")


def test_a_text_box_is_read_once_and_hidden_text_not() -> None:
    box = f"<w:txbxContent>{para('Nora Pyle: In a box.')}</w:txbxContent>"
    both = (
        f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent>"
    )
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
    body = [para("Host: Where?"), f"<w:p><w:r>{both}</w:r></w:p>", para(run("Host: So."), hidden)]
    assert said(docx(*body), "talk.docx") == [
        ("Host", "Where?"), ("Nora Pyle", "In a box."), ("Host", "So."),
    ]  # fmt: skip


def test_footnotes_are_nobodys_speech_and_stand_at_the_end() -> None:
    notes = (
        f'<w:footnotes {W}><w:footnote w:id="2">{para("The lower one.")}</w:footnote></w:footnotes>'
    )
    body = [para(f"{who}: {what}") for who, what in RIVER]
    found = talk(docx(*body, footnotes=notes), "talk.docx")
    assert [(turn.speaker, turn.text) for turn in found.turns] == RIVER
    assert [(section.title, section.text) for section in found.sections] == [
        ("Notes", "The lower one.")
    ]


def test_a_meeting_export_with_times_beside_the_names() -> None:
    body = [
        para("Weekly meeting", style="1"),
        para("5 May 2025, 10:00"),
        para(run("Ann Lee", bold=True), run("   0:03\nGood morning everyone.")),
        para(run("Bob Ray", bold=True), run("   1:10\nMorning. Shall we begin?")),
        para(run("Ann Lee", bold=True), run("   1:01:15\nYes.")),
    ]
    turns = talk(docx(*body), "meeting.docx").turns
    assert [(turn.speaker, turn.start, turn.text) for turn in turns] == [
        ("Ann Lee", 3, "Good morning everyone."),
        ("Bob Ray", 70, "Morning. Shall we begin?"),
        ("Ann Lee", 3675, "Yes."),
    ]


def test_an_older_meeting_export_of_captions_in_paragraphs() -> None:
    body = [
        para("0:0:3.450 --> 0:0:6.120\nAnn Lee\nGood morning."),
        para("0:0:8.0 --> 0:0:9.500\nBob Ray\nMorning."),
        para("0:1:8.0 --> 0:1:9.500\nAnn Lee\nShall we?"),
    ]
    turns = talk(docx(*body), "meeting.docx").turns
    assert [(turn.speaker, turn.start, turn.text) for turn in turns] == [
        ("Ann Lee", 3, "Good morning."), ("Bob Ray", 8, "Morning."), ("Ann Lee", 68, "Shall we?"),
    ]  # fmt: skip


def test_a_table_with_a_head_and_times() -> None:
    rows = [
        ("时间", "发言人", "内容"),
        ("00:00:05", "周岚", "开始吧。"),
        ("00:01:00", "高远", "好。"),
    ]
    turns = talk(docx(table(*rows)), "会议.docx").turns
    assert [(turn.speaker, turn.start, turn.text) for turn in turns] == [
        ("周岚", 5, "开始吧。"), ("高远", 60, "好。"),
    ]  # fmt: skip


def test_a_table_of_figures_is_not_an_interview() -> None:
    rows = [("Year", "Boats", "Fish"), ("2001", "12", "4000"), ("2002", "9", "3100")]
    found = talk(docx(para("Catches of the river town."), table(*rows)), "catches.docx")
    assert found.turns == ()
    assert "2002 | 9 | 3100" in found.sections[-1].text


def test_lists_inside_a_reply_stay_in_it() -> None:
    body = [
        para("Host: What do you need?"),
        para("Nora Pyle: Three things."),
        para("Nets", style="a5"),
        para("Patience", properties='<w:numPr><w:numId w:val="1"/></w:numPr>'),
        para("Host: And?"),
    ]
    assert said(docx(*body), "talk.docx")[1] == ("Nora Pyle", "Three things.\nNets\nPatience")


BOLD = '<style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style>'


@pytest.mark.parametrize("turns", [RIVER, FLUSS])
@pytest.mark.parametrize("form", ["bold", "plain", "table"])
def test_opendocument_texts(turns: list[tuple[str, str]], form: str) -> None:
    bold = '<text:span text:style-name="T1">{}:</text:span> {}'
    body = {
        "bold": [f"<text:p>{bold.format(*turn)}</text:p>" for turn in turns],
        "plain": [f"<text:p>{who}: {what}</text:p>" for who, what in turns],
        "table": [
            "<table:table>"
            + "".join(
                "<table:table-row>"
                + "".join(
                    f"<table:table-cell><text:p>{t}</text:p></table:table-cell>" for t in turn
                )
                + "</table:table-row>"
                for turn in turns
            )
            + "</table:table>"
        ],
    }[form]
    heading = '<text:h text:outline-level="1">The town</text:h>'
    found = talk(odt(heading, *body, styles=BOLD), "talk.odt")
    assert [(turn.speaker, turn.text) for turn in found.turns] == turns
    assert found.title == "The town"


@pytest.mark.parametrize("level", ["", "0", "-1", "1.5", "x", "9" * 5000, "t" * 30 + "1"])
def test_a_heading_of_no_level_is_a_heading(level: str) -> None:
    body = [
        f'<text:h text:outline-level="{level}">The town</text:h>',
        "<text:p>Host: Why?</text:p>",
    ]
    found = talk(odt(*body, "<text:p>Host: Oh.</text:p>"), "talk.odt")
    assert (found.title, len(found.turns)) == ("The town", 2)


def test_opendocument_leaves_out_what_was_deleted_and_annotated() -> None:
    tracked = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>Host: Gone.</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
    )
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A footnote."
        "</text:p></text:note-body></text:note>"
    )
    body = [
        tracked,
        "<text:p>Host: Why<office:annotation><text:p>remark</text:p></office:annotation> so?"
        "</text:p>",
        f"<text:p>Nora Pyle: Because{note} of<text:s text:c='2'/>rent.</text:p>",
        "<text:p>Host: I see.<text:line-break/>Thanks.</text:p>",
    ]
    found = talk(odt(*body), "talk.odt")
    assert [(turn.speaker, turn.text) for turn in found.turns] == [
        ("Host", "Why so?"), ("Nora Pyle", "Because of rent."), ("Host", "I see.\nThanks."),
    ]  # fmt: skip
    assert found.sections[-1].text == "A footnote."


def test_an_e_book_is_read_in_the_order_of_its_spine() -> None:
    found = talk(
        epub(
            "<h1>One</h1><p><b>Host:</b> Why&mdash;here?</p><p><b>Nora:</b> Rent.</p>",
            "<h1>Two</h1><p><b>Host:</b> Still?</p><p><b>Nora:</b> Yes<sup><a epub:type='noteref'"
            " href='#n'>1</a></sup>.</p><aside epub:type='footnote'><p>Till May.</p></aside>"
            "<p><b>Host:</b> Good.</p>",
            title="River talks",
        ),
        "book.epub",
    )
    assert (found.title, found.date) == ("River talks", "2021-03-04")
    assert [(turn.speaker, turn.topic, turn.text) for turn in found.turns][:4] == [
        ("Host", "One", "Why—here?"), ("Nora", "One", "Rent."),
        ("Host", "Two", "Still?"), ("Nora", "Two", "Yes."),
    ]  # fmt: skip
    assert "Contents" not in " ".join(section.text for section in found.sections)
    lines = [turn.line for turn in found.turns]
    assert lines == sorted(set(lines))


def test_a_protected_e_book_says_so() -> None:
    locked = (
        '<encryption><EncryptedData><CipherData><CipherReference URI="OEBPS/text/c1.xhtml"/>'
        "</CipherData></EncryptedData></encryption>"
    )
    with pytest.raises(UsageError, match="protected"):
        talk(epub("<p>x</p>", parts={"META-INF/encryption.xml": locked}), "book.epub")


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.DOCX, docx(para("x"), head=LAUGHS)),
        (Kind.ODT, odt("<text:p>x</text:p>", head=LAUGHS)),
        (Kind.EPUB, epub(f"<?xml version='1.0'?>{LAUGHS}<html><body><p>&b;</p></body></html>")),
    ],
)
def test_declared_entities_are_refused(kind: Kind, data: bytes) -> None:
    with pytest.raises(UsageError, match="entities"):
        read(data, kind, "x")


def test_parts_that_unpack_to_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.transcripts.documents import packages

    monkeypatch.setattr(packages, "LARGEST_PART", 100_000)
    with pytest.raises(UsageError, match="unpacks to more than"):
        read(docx(*[para("Host: " + "a" * 1000)] * 200), Kind.DOCX, "x.docx")


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    deep = "<w:ins>" * 5000 + run("x") + "</w:ins>" * 5000
    with pytest.raises(UsageError):
        read(docx(para("a", deep)), Kind.DOCX, "x.docx")


@pytest.mark.parametrize("kind", [Kind.DOCX, Kind.ODT, Kind.EPUB])
def test_an_archive_of_something_else_is_an_error(kind: Kind) -> None:
    for data in (packed({"a.txt": "x"}), b"PK\x03\x04 broken", b""):
        with pytest.raises(UsageError):
            read(data, kind, "x")


def test_documents_without_text_say_so() -> None:
    for kind, data in ((Kind.DOCX, docx(para(""))), (Kind.ODT, odt()), (Kind.EPUB, epub("<p/>"))):
        with pytest.raises(UsageError, match="no text in it"):
            read(data, kind, "x")
