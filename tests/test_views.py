"""Views: what values look like outside."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import views
from rag.errors import safe
from rag.store import Report, Speaker
from rag.types import Address, Answer, Citation, Hit, Passage, Section, Span, Transcript, Turn

SPAN = Span(2, 0, "Ann", "It is\nblue.", 0, (3, 4), start=3725.5)
HIT = Hit(Passage("talk", (SPAN,), 4), 1.23456, 0.5, 0.75, "https://example.org/v?t=3725")
TALK = Transcript(
    "talk", "talk.txt", "A talk", "", "", "en",
    turns=(Turn(1, "Ann", "A", "Blue?", 3, (3,), 3725.5, 3726.0),),
    sections=(Section(1, "Summary", "All is\nblue.", 1, (1, 2)),),
)  # fmt: skip


@given(st.text())
def test_json_keeps_every_character_and_steers_no_terminal(text: str) -> None:
    written = views.to_json({"text": text})
    assert json.loads(written)["text"] == text
    assert safe(written) == written
    assert "\n" not in written


@given(st.text())
def test_safe_text_keeps_all_that_is_written(text: str) -> None:
    kept = safe(text)
    assert [char for char in text if char.isalnum()] == [char for char in kept if char.isalnum()]
    assert not {"\x1b", "\x9b", "\r", "\x07", "\u202e"} & set(kept)
    assert safe(kept) == kept
    assert safe("中文\tand\nlines") == "中文\tand\nlines"


def test_json_of_what_has_no_form_is_an_error() -> None:
    assert views.to_json(Address("x", 1, 2)) == '"x:1-2"'
    with pytest.raises(TypeError, match="set has no JSON form"):
        views.to_json({1, 2})


def test_a_hit_and_a_citation_have_their_places() -> None:
    shown = views.hit(HIT)
    assert (shown["address"], shown["speakers"], shown["score"]) == ("talk:2", ["Ann"], 1.2346)
    assert (shown["line"], shown["end_line"], shown["start"]) == (3, 4, 3725.5)
    prose = Citation(Address("essay", 1, 1, section=True), "", "Words.", True, 5, 6)
    assert views.citation(prose)["speaker"] is None
    assert views.citation(prose)["address"] == "essay:s1"


def test_an_answer_without_a_model_says_so() -> None:
    reply = Answer("Q?", "A.", (), (HIT,), refused=False, confidence=0.98765)
    shown = views.answer(reply)
    assert (shown["model"], shown["usage"], shown["confidence"]) == (None, {}, 0.9877)
    assert shown["hits"] == [views.hit(HIT)]


def test_hits_as_text_name_place_speaker_and_words() -> None:
    assert views.hits([HIT], verbose=False) == (
        "1. [talk:2] 1.235 1:02:05  https://example.org/v?t=3725\n   Ann: It is blue."
    )
    assert "(dense 0.500, lexical 0.750)" in views.hits([HIT], verbose=True)
    assert views.hits([], verbose=False) == "no passage found"


def test_a_transcript_as_text_shows_lines_and_times() -> None:
    assert views.turns(TALK) == (
        "[talk:s1] line 1 Summary\n  All is blue.\n[talk:1] line 3 1:02:05 Ann\n  Blue?"
    )
    shown = views.transcript(TALK)
    assert (shown["date"], shown["source"]) == (None, None)


def test_speakers_are_added_up_over_transcripts() -> None:
    rows = [
        Speaker("Ann", "a", 2, 30, 6, 61.0),
        Speaker("Bob", "a", 9, 99, 19),
        Speaker("", "a", 1, 9, 1),
        Speaker("Ann", "b", 1, 80, 17, 30.0),
    ]
    shares = views.speakers(rows)
    assert [(share.speaker, share.turns, share.characters) for share in shares] == [
        ("Ann", 3, 110),
        ("Bob", 9, 99),
        (None, 1, 9),
    ]
    assert views.table(shares) == (
        "turns\twords\tminutes\tspeaker\ttranscripts\n"
        "3\t23\t1.5\tAnn\ta, b\n9\t19\t\tBob\ta\n1\t1\t\t(speaker not named)\ta"
    )
    odd = views.table([views.Share("A\tn\nn\x1b", 1, 2, ("a",))])
    assert odd.split("\n")[1:] == ["1\t0\t\tA n n\ta"]


def test_a_report_says_what_was_done() -> None:
    report = Report(2, 12, 6, 1, 5, 0, changed=True, read=1, unchanged=1)
    assert views.report(report, "default") == (
        "default: 2 transcripts, 12 turns, 6 passages (1 embedded, 5 reused);"
        " 1 files read, 1 unchanged"
    )
    gone = Report(2, 12, 6, 1, 5, 3, changed=True, dropped=4)
    assert views.report(gone, "x").endswith("5 reused, 4 removed); 3 files gone")
    same = Report(2, 12, 6, 0, 6, 0, changed=False)
    assert views.report(same, "x") == "x: up to date, 2 transcripts, 6 passages"
