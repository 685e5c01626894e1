"""What a reply quotes, attributes and cites, held against what the model was given."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st

from rag.answer.check import Checker
from rag.answer.pack import Given
from rag.quotes import Source
from rag.types import Address, Passage, Span

SAID = [
    ("tea", "主持人", "茶馆每天几点开门？"),
    (
        "tea",
        "王秀兰",
        "我们每天早上五点开门，因为第一批客人是下夜班的司机。冬天冷，开门就只好等到六点。",
    ),
    ("tea", "主持人", "最便宜的茶多少钱一壶？"),
    ("tea", "王秀兰", "最便宜的花茶八块钱一壶，可以坐一上午，我们不收续水的钱。"),
    ("violin", "Host", "How long does the restoration of one violin take?"),
    (
        "violin",
        "Marta Lindqvist",
        "It takes about 11 weeks. I don't hurry, and I never work at night.",
    ),
]
NAMES = ("主持人", "王秀兰", "Host", "Marta Lindqvist")
QUESTION = "茶馆几点开门，最便宜的“花茶套餐”多少钱？"


def turns(said: Sequence[tuple[str, str, str]] = SAID) -> list[Given]:
    result, numbers = [], dict[str, int]()
    for transcript, speaker, text in said:
        number = numbers[transcript] = numbers.get(transcript, 0) + 1
        span = Span(number, 0, speaker, text, 0, (number,))
        source = Source(Address(transcript, number, number), speaker, text)
        result.append(Given(source, (span,), Passage(transcript, (span,), 10)))
    return result


def check(reply: str, spoken: str = "zh") -> tuple[str, list[tuple[str, str]]]:
    """The reply as it is shown, and the kinds and words of what was found wrong."""
    checker = Checker(turns(), NAMES, QUESTION, spoken)
    shown = checker.feed(reply) + checker.finish()
    return shown, [(item.kind, item.text) for item in checker.found.findings]


@pytest.mark.parametrize(
    "reply",
    [
        "王秀兰说：「我们每天早上五点开门」[tea:2]。",
        "王秀兰说：“我们每天早上五点开门” [tea:2]",
        "我們的茶館「每天早上五點開門」[tea:2]。",
        "「每天早上五点开门，……开门就只好等到六点」[tea:2]",
        "主持人问「最便宜的茶多少钱一壶？」[tea:3]，王秀兰答「八块钱一壶」[tea:4]。",
        "王秀兰对主持人说：「我们每天早上五点开门」[tea:2]。",
        "主持人问王秀兰：「最便宜的茶多少钱一壶？」[tea:3]",
        "**王秀兰**：\n- 「每天早上五点开门」[tea:2]\n- 「可以坐一上午」[tea:4]\n",
        '"It takes about 11 weeks," said Marta Lindqvist [violin:2].',
        "Marta: “it takes about 11 weeks” [violin:1-2].",
        "> It takes about 11 weeks. —— Marta Lindqvist [violin:2]\n",
        "所谓「套餐」其实没有。",
        "你问的「花茶套餐」没有提到。",
        "《老茶馆》里说得很清楚 [tea:2]。",
        "五点开门 [tea:2][tea:4]，六点也开 【tea:2】。",
        "几点 [笑] 开门 [00:12:30]？[链接](http://x.y)",
    ],
)
def test_what_is_right_is_left_as_it_is(reply: str) -> None:
    shown, findings = check(reply)
    assert findings == []
    assert shown == reply.replace("【", "[").replace("】", "]")


@pytest.mark.parametrize(
    ("reply", "shown", "found"),
    [
        (
            "王秀兰说：「我们每天早上四点开门」[tea:2]。",
            "王秀兰说：「我们每天早上四点开门」（✗ 与原话不符）[tea:2]。",
            ("near", "我们每天早上四点开门"),
        ),
        (
            "王秀兰说：「我们收续水的钱」[tea:4]。",
            "王秀兰说：「我们收续水的钱」（✗ 与原话不符）[tea:4]。",
            ("near", "我们收续水的钱"),
        ),
        (
            "王秀兰说：「明年要在海边开一家分店」[tea:2]。",
            "王秀兰说：「明年要在海边开一家分店」（✗ 记录里没有）[tea:2]。",
            ("absent", "明年要在海边开一家分店"),
        ),
        (
            "主持人说：「我们每天早上五点开门」[tea:2]。",
            "主持人说：「我们每天早上五点开门」（✗ 说这话的是王秀兰）[tea:2]。",
            ("speaker", "我们每天早上五点开门"),
        ),
        (
            "「我们每天早上五点开门」[tea:1]。",
            "「我们每天早上五点开门」（✗ 说这话的是王秀兰）[tea:1]。",
            ("speaker", "我们每天早上五点开门"),
        ),
        (
            "王秀兰说：「我们每天早上五点开门」[tea:4]。",
            "王秀兰说：「我们每天早上五点开门」（✗ 出处是 tea:2）[tea:4]。",
            ("place", "我们每天早上五点开门"),
        ),
        (
            "「开门就只好等到六点。最便宜的茶多少钱一壶？」",
            None,
            ("absent", "开门就只好等到六点。最便宜的茶多少钱一壶？"),
        ),
        ("他们五点开门[tea:7]。", "他们五点开门。", ("key", "tea:7")),
        ("他们五点开门 [tea:2, tea:7]。", "他们五点开门 [tea:2]。", ("key", "tea:7")),
        ("他们五点开门 [tea:2-7]。", "他们五点开门。", ("key", "tea:2-7")),
        ("他们五点开门 [coffee:1]。", "他们五点开门。", ("key", "coffee:1")),
        ("他们五点开门 [1]。", "他们五点开门。", ("key", "1")),
        ("他们五点开门 [tea:1-999999999]。", "他们五点开门。", ("key", "tea:1-999999999")),
    ],
)
def test_what_is_wrong_is_marked_where_it_stands(
    reply: str, shown: str | None, found: tuple[str, str]
) -> None:
    result, findings = check(reply)
    assert findings == [found]
    assert shown is None or result == shown


@pytest.mark.parametrize(
    ("reply", "mark"),
    [
        ('The host said "I never work at night" [violin:2].', " (✗ said by Marta Lindqvist)"),
        ('Marta Lindqvist said "I always work at night" [violin:2].', " (✗ not word for word)"),
        ('"I never work at night," said the Host.', " (✗ said by Marta Lindqvist)"),
        ('Marta said "we have a cat in the workshop" [violin:2].', " (✗ not in the transcript)"),
        ('Marta said "I never work at night" [violin:9].', " (✗ it stands at violin:2)"),
    ],
)
def test_marks_are_in_the_language_of_the_question(reply: str, mark: str) -> None:
    shown, _ = check(reply, spoken="en")
    if "violin:9" in reply:
        assert "violin:9" not in shown  # the key is gone, and the words are where they are
    else:
        assert mark in shown


def test_a_dropped_negation_is_shown_as_what_it_is() -> None:
    checker = Checker(turns(), NAMES, QUESTION, "zh")
    checker.feed("她说「我们收续水的钱」[tea:4]。")
    checker.finish()
    (finding,) = checker.found.findings
    assert finding.difference == "我们[-不-]收续水的钱"
    assert (finding.speaker, str(finding.address)) == ("王秀兰", "tea:4")


def test_a_claim_with_a_key_is_remembered_with_its_turn() -> None:
    checker = Checker(turns(), NAMES, QUESTION, "zh")
    checker.feed("茶馆每天五点开门 [tea:2]。花茶最便宜。[tea:4]")
    checker.finish()
    assert [(item.claim, item.where.key) for item in checker.found.cited] == [
        ("茶馆每天五点开门", "tea:2"),
        ("花茶最便宜", "tea:4"),
    ]


def test_parts_of_a_long_turn_are_one_for_a_quotation_and_for_a_key() -> None:
    text = "第一部分说到这里。第二部分从这里开始。"
    first = Span(3, 1, "王秀兰", "第一部分说到这里。", 0, (1,))
    second = Span(3, 2, "王秀兰", "第二部分从这里开始。", 9, (1,))
    source = Source(Address("tea", 3, 3, 1, 2), "王秀兰", text)
    whole = Given(source, (first, second), Passage("tea", (first, second), 10))
    for key in ("tea:3", "tea:3.1", "tea:3.2", "tea:3.1-3.2"):
        checker = Checker([whole], NAMES, "?", "zh")
        checker.feed(f"她说「到这里。第二部分」[{key}]。")
        checker.finish()
        assert checker.found.findings == []


@sampled(st.text(alphabet="我们不五点开门「」[]tea:29，。说 \n“”", max_size=80), st.integers(1, 7))
def test_a_reply_is_checked_alike_however_it_streams(reply: str, size: int) -> None:
    whole, found = check(reply)
    checker = Checker(turns(), NAMES, QUESTION, "zh")
    pieces = [checker.feed(reply[n : n + size]) for n in range(0, len(reply), size)]
    assert "".join(pieces) + checker.finish() == whole
    assert [(item.kind, item.text) for item in checker.found.findings] == found


def test_escape_sequences_of_a_model_never_get_through() -> None:
    shown, _ = check("五点\x1b]52;c;aGk=\x07开门\u202e [tea:2]")
    assert shown == "五点]52;c;aGk=开门 [tea:2]"
