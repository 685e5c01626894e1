"""Where quotations, keys and sentences of a reply begin and end, however it is cut into pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answer.pieces import pieces
from rag.answer.scan import MARKS, Scanner


def units(chunks: Sequence[str]) -> list[tuple[str, str]]:
    """The units of a reply that comes in chunks, plain text joined."""
    scanner, found = Scanner(), list[tuple[str, str]]()
    for number, chunk in enumerate([*chunks, ""]):
        for kind, raw in scanner.feed(chunk, final=number == len(chunks)):
            assert raw
            text = raw
            if kind == "text" and found and found[-1][0] == "text":
                text = found.pop()[1] + text
            found.append((kind, text))
    return found


def passages(text: str) -> list[str]:
    return [raw for kind, raw in units([text]) if kind == "quote"]


def quotations(text: str) -> list[str]:
    return [piece.inner for raw in passages(text) for piece in pieces(raw) if piece.kind == "quote"]


REPLIES = st.text(alphabet="ab我们说不。，:：!？ \n.'\"“”‘’「」『』[]【】>-—1x", max_size=120)


@given(REPLIES, st.lists(st.integers(0, 120), max_size=12))
def test_how_a_reply_is_cut_into_pieces_changes_nothing(reply: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(reply)) for cut in cuts), len(reply)]
    chunks = [reply[a:b] for a, b in pairwise(places)]
    assert units(chunks) == units([reply])


@given(REPLIES)
def test_no_character_is_lost(reply: str) -> None:
    assert "".join(text for _, text in units([reply])) == reply
    for raw in passages(reply):
        assert "".join(piece.raw for piece in pieces(raw)) == raw


@pytest.mark.parametrize("opening", [mark for mark in MARKS if mark != "'"])
def test_every_kind_of_quotation_mark_is_known(opening: str) -> None:
    assert quotations(f"他说：{opening}五点开门{MARKS[opening]}[tea:2]。") == ["五点开门"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's late, don't go.", []),
        ("the '90s weren't 'bad years' at all", ["90s weren", "bad years"][1:]),
        ("He said 'it is late'.", ["it is late"]),
        ('a 5" pipe and a 6" one', []),
        ('他说"五点开门"，真的', ["五点开门"]),
        ("“He said ‘yes’ to me” [x:1]", ["He said ‘yes’ to me"]),
        ("“don’t go” and ‘don’t go’", ["don’t go", "don’t go"]),
        ("「他说「好」了」", ["他说「好」了"]),
        ("「没有关上的引号，一直到最后", []),
        ('"not closed\nin its line"', []),
        ("「跨过\n一行」", ["跨过\n一行"]),
        ("「隔了\n\n一段」", []),
        ("> We open at five. [tea:2]\n", ["We open at five."]),
        ("> 我们五点开门。—— 王秀兰 [tea:2]", ["我们五点开门。"]),
        ("> 王秀兰：「五点开门」[tea:2]", ["五点开门"]),
        ("a > b", []),
    ],
)
def test_quotations_are_found(text: str, expected: list[str]) -> None:
    assert quotations(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他说「五点」[tea:2]。第二句。", ["「五点」[tea:2]。"]),
        ("「五点。」[tea:2]第二句。", ["「五点。」[tea:2]"]),
        ('"At five," said Marta [x:2]. Then more.', ['"At five," said Marta [x:2].']),
        ('"At five." [x:2] Then more.', ['"At five." [x:2]']),
        ("「五点」。[tea:2] 第二句。", ["「五点」。[tea:2]"]),
        ("「五点」\n第二行", ["「五点」"]),
        ("「一」和「二」[x:1]。三", ["「一」和「二」[x:1]。"]),
    ],
)
def test_a_passage_goes_on_to_the_end_of_the_sentence_and_its_keys(
    text: str, expected: list[str]
) -> None:
    assert passages(text) == expected


def test_plain_text_is_not_held_back() -> None:
    assert list(Scanner().feed("We open at")) == [("text", "We open at")]
    assert list(Scanner().feed("「我们五点")) == []
    assert list(Scanner().feed("[tea:")) == []


def test_white_space_before_a_key_belongs_to_it() -> None:
    assert units(["open at five [tea:9] now"]) == [
        ("text", "open at five"),
        ("bracket", " [tea:9]"),
        ("text", " now"),
    ]
