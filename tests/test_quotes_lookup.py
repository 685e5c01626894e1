"""Quotations looked up in a whole index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from fakes import build

from rag.lexical import Lexical
from rag.quotes.lookup import look_up
from rag.store.index import Store
from rag.types import Address, QuoteCheck

SENTENCES = [
    f"In the year {1900 + n} the mill by the river made {n * 7} barrels of {kind} flour."
    for n, kind in enumerate(["fine", "coarse", "dark", "white", "brown", "mixed"] * 20)
]
LONG = f"""\
Host: Tell me all about it, from the beginning?

Miller: {" ".join(SENTENCES)}

Host: In the year 1900 nobody was there. Right.

Miller: Right.
"""


@pytest.fixture
def store(built: Path) -> Store:
    return Store.open(built)


@pytest.fixture
def long(folder: Path, corpus: Path) -> Store:
    (corpus / "mill.txt").write_text(LONG, encoding="utf-8")
    build(folder, corpus)
    return Store.open(folder)


def test_a_quotation_comes_back_with_all_that_is_needed_to_check_it(store: Store) -> None:
    quotation = "第一批客人是下夜班的司機"
    assert look_up(store, quotation) == QuoteCheck(
        quotation,
        "exact",
        Address("tea", 2, 2),
        "王秀兰",
        "第一批客人是下夜班的司机",
        "",
        9,
        9,
        None,
        f"https://example.org/tea#:~:text={quote('第一批客人是下夜班的司机')}",
    )


def test_lines_are_those_of_the_file(store: Store) -> None:
    found = look_up(store, "and most of it is waiting for varnish to dry")
    assert (found.address, found.line, found.end_line) == (Address("violin", 2, 2), 3, 3)
    assert found.link.endswith("violin.txt#L3")


def test_what_differs_is_near(store: Store) -> None:
    found = look_up(store, "A restoration takes about twelve weeks")
    assert (found.verdict, found.speaker) == ("near", "Marta Lindqvist")
    assert found.difference == "A restoration takes about [-eleven-]{+twelve+} weeks"
    assert found.text == "A restoration takes about eleven weeks"


@pytest.mark.parametrize(
    "quotation", ["", "……", "🎻", "zygomorphic quaternions everywhere", "1999"]
)
def test_what_nobody_said_is_absent_and_nowhere(store: Store, quotation: str) -> None:
    assert look_up(store, quotation) == QuoteCheck(quotation, "absent")


def test_only_the_words_of_the_speakers_asked_for_are_theirs(store: Store) -> None:
    quotation = "最便宜的茶多少钱一壶"
    assert look_up(store, quotation, ["主持人"]).verdict == "exact"
    other = look_up(store, quotation, ["王秀兰"])
    assert (other.verdict, other.speaker, other.text) == ("absent", "主持人", quotation)
    assert (other.address, other.difference) == (Address("tea", 3, 3), "")
    both = look_up(store, quotation, ["王秀兰", "主持人"])
    assert (both.verdict, both.speaker) == ("exact", "主持人")


def test_near_is_looked_for_among_their_words_only(store: Store) -> None:
    changed = "A restoration takes about twelve weeks"
    assert look_up(store, changed, ["Host"]).verdict == "absent"
    assert look_up(store, changed, ["Marta Lindqvist"]).verdict == "near"


def test_transcripts_restrict_the_search(store: Store) -> None:
    quotation = "The bridge is always maple"
    assert look_up(store, quotation, transcripts=["violin"]).verdict == "exact"
    assert look_up(store, quotation, transcripts=["tea"]) == QuoteCheck(quotation, "absent")
    elsewhere = look_up(store, quotation, ["王秀兰"], ["tea"])
    assert elsewhere == QuoteCheck(quotation, "absent")


def test_a_quotation_may_run_from_one_part_of_a_long_turn_into_the_next(long: Store) -> None:
    passages = long.catalog.passages(long.catalog.ids_where((), ("mill",)))
    parted = [p for p in passages if any(span.part > 1 for span in p.spans)]
    assert len(parted) > 2
    whole = " ".join(SENTENCES)
    for passage in parted:
        cut = passage.spans[0].offset
        for before, behind in ((90, 90), (20, 150), (150, 20), (1500, 1500)):
            start, end = whole.rfind(" ", 0, max(1, cut - before)) + 1, cut + behind
            quotation = whole[start : whole.rfind(" ", 0, end)]
            found = look_up(long, quotation)
            assert (found.verdict, found.address) == ("exact", Address("mill", 2, 2)), quotation
            assert found.text == quotation.rstrip(".")


def test_an_ellipsis_may_skip_whole_parts(long: Store) -> None:
    quotation = f"{SENTENCES[1]} … {SENTENCES[-2]}"
    found = look_up(long, quotation)
    assert (found.verdict, found.address) == ("exact", Address("mill", 2, 2))
    assert look_up(long, f"{SENTENCES[-2]} … {SENTENCES[1]}").verdict != "exact"


def test_two_turns_are_never_one_quotation(long: Store) -> None:
    assert look_up(long, f"{SENTENCES[-1]} In the year 1900 nobody was there.").verdict != "exact"


def test_the_first_of_several_places_is_returned(long: Store) -> None:
    assert look_up(long, "right").address == Address("mill", 3, 3)
    assert look_up(long, "right", ["Miller"]).address == Address("mill", 4, 4)


def test_a_number_alone_is_found_however_it_is_written(folder: Path, corpus: Path) -> None:
    (corpus / "sums.txt").write_text("Ann: It cost 1,200,000.\n\nBen: And 3.5 now.\n" * 3)
    build(folder, corpus)
    opened = Store.open(folder)
    assert look_up(opened, "1200000").speaker == "Ann"
    assert look_up(opened, "1,200,000").speaker == "Ann"
    assert look_up(opened, "3.5").speaker == "Ben"
    assert look_up(opened, "35").verdict == "absent"


def test_prose_is_found_where_nobody_says_it(folder: Path, corpus: Path) -> None:
    (corpus / "essay.md").write_text("# On tea\n\nTea is older than coffee,\nand calmer.\n")
    build(folder, corpus)
    opened = Store.open(folder)
    found = look_up(opened, "older than coffee, and calmer")
    assert (found.verdict, str(found.address), found.speaker) == ("exact", "essay:s1", "")
    assert (found.line, found.end_line) == (3, 4)
    other = look_up(opened, "older than coffee", ["Host"])
    assert (other.verdict, str(other.address)) == ("absent", "essay:s1")
    (corpus / "talk.txt").write_text("Ann: Tea is older than coffee.\n\nBen: Is it?\n\n" * 3)
    build(folder, corpus)
    assert look_up(Store.open(folder), "Tea is older than coffee").speaker == "Ann"


def test_every_sentence_of_the_index_is_found_where_it_stands(long: Store) -> None:
    for sentence in SENTENCES[::7]:
        found = look_up(long, sentence)
        assert replace(found, quote="").text == sentence.rstrip(".")
        assert found.verdict == "exact"


def test_all_passages_with_all_terms_are_listed(store: Store, built: Path) -> None:
    lexical: Lexical = store.lexical
    assert lexical.containing([["restoration"], ["varnish", "nowhere"]]) != []
    assert lexical.containing([["restoration"], ["nowhere"]]) == []
    everything = lexical.containing([])
    assert everything == sorted(everything)
    assert len(everything) == store.manifest.passages
    only = lexical.containing([], [("transcript", "tea")])
    assert only == store.catalog.ids_where((), ("tea",))
