"""Addresses are one thing everywhere: they are read as they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.types import Address, Passage, Span

TRANSCRIPTS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12
)


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    first = draw(st.integers(1, 5000))
    last = draw(st.integers(first, first + 50))
    first_part = draw(st.integers(0, 9))
    last_part = first_part if first == last else draw(st.integers(0, 9))
    section = draw(st.booleans())
    return Address(draw(TRANSCRIPTS), first, last, first_part, last_part, section)


@given(addresses())
def test_an_address_is_read_as_it_is_written(address: Address) -> None:
    assert Address.parse(str(address)) == address
    assert address.covers(address)


@given(addresses(), st.integers(1, 9), st.integers(1, 9))
def test_parts_of_one_turn_are_kept_apart(address: Address, first: int, last: int) -> None:
    parts = Address(address.transcript, 7, 7, min(first, last), max(first, last))
    assert Address.parse(str(parts)) == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("altman-ai-ascent-2025:57-58", Address("altman-ai-ascent-2025", 57, 58)),
        ("altman-ai-ascent-2025:57.2", Address("altman-ai-ascent-2025", 57, 57, 2, 2)),
        ("altman-ai-ascent-2025:s3", Address("altman-ai-ascent-2025", 3, 3, section=True)),
        (" 茶馆:1 ", Address("茶馆", 1, 1)),
        ("10:30:2", Address("10:30", 2, 2)),
        ("[draft] talk:3", Address("[draft] talk", 3, 3)),
    ],
)
def test_the_forms_of_the_design(text: str, expected: Address) -> None:
    assert Address.parse(text) == expected
    assert str(expected) == text.strip()


@given(addresses())
def test_an_address_can_be_pasted_with_the_brackets_of_an_answer(address: Address) -> None:
    assert Address.parse(f"[{address}]") == address


@pytest.mark.parametrize(
    "text", ["", "x", ":1", "x:", "x:0", "x:5-3", "x:1-", "x:a", "x:1.2.3", "x:-1"]
)
def test_what_is_no_address_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        Address.parse(text)
    assert repr(text) in raised.value.message
    assert raised.value.hint


def test_covering_is_sharing_a_turn() -> None:
    at = Address.parse
    assert at("x:3-5").covers(at("x:5-9"))
    assert not at("x:3-5").covers(at("x:6"))
    assert not at("x:3").covers(at("x:s3"))
    assert not at("x:3").covers(at("y:3"))
    assert at("x:3.1").covers(at("x:3.2"))


def test_a_passage_knows_its_address_and_speakers() -> None:
    spans = (
        Span(4, 2, "Ann", "first", 0, (10,)),
        Span(5, 0, "Bob", "second", 0, (11,)),
        Span(6, 0, "Ann", "third", 0, (12,)),
    )
    passage = Passage("x", spans, 9, context="why?")
    assert str(passage.address) == "x:4.2-6"
    assert passage.speakers == ("Ann", "Bob")
    assert passage.searchable == "why?\nfirst\nsecond\nthird"
