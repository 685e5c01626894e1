"""Claims that nothing bears out, and those that something does."""

from __future__ import annotations

import pytest
from test_answer_check import turns

from rag import embedder
from rag.answer import NOT_FOUND
from rag.answer.support import unsupported
from rag.types import Encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return embedder.load("builtin")


@pytest.mark.parametrize(
    "text",
    [
        "茶馆每天早上五点就开门了 [tea:2]。",
        "最便宜的是花茶，八块钱一壶，能坐一上午 [tea:4]。",
        "The tea house opens at five every morning [tea:2].",
        "Restoring a violin takes 11 weeks [violin:2].",
        "Marta 从来不在夜里工作，也不着急 [violin:2]。",
        "具体如下：",
        "还有别的问题吗？",
        "好的。",
        "王秀兰说：「火星上有一家茶馆」（✗ 记录里没有）[tea:2]。",
        NOT_FOUND["zh"],
        NOT_FOUND["en"],
        "",
    ],
)
def test_what_the_turns_say_is_supported(text: str, encoder: Encoder) -> None:
    assert unsupported(text, turns(), encoder) == []


@pytest.mark.parametrize(
    "text",
    [
        "火星上的探测器最近发现了甲烷气体的踪迹。",
        "The central bank raised interest rates to fight inflation.",
        "国际足联宣布下一届世界杯将扩大到更多的球队参加。",
    ],
)
def test_what_is_like_nothing_they_say_is_flagged(text: str, encoder: Encoder) -> None:
    assert unsupported(f"茶馆五点开门 [tea:2]。\n{text}", turns(), encoder) == [text]


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("最便宜的花茶八块钱一壶，一年卖 350000 壶 [tea:4]。", True),
        ("最便宜的花茶 8 块钱一壶 [tea:4]。", False),
        ("The restoration of one violin takes 1,100 weeks [violin:2].", True),
    ],
)
def test_a_number_that_nobody_mentioned_is_flagged(
    text: str, flagged: bool, encoder: Encoder
) -> None:
    assert bool(unsupported(text, turns(), encoder)) is flagged


@pytest.mark.parametrize("number", ["120", "1998", "1005", "3000"])
def test_a_number_spoken_in_words_is_the_same_number(number: str, encoder: Encoder) -> None:
    spelt = {"120": "一百二十", "1998": "一九九八", "1005": "一千零五", "3000": "三千"}[number]
    said = turns([("tea", "王秀兰", f"最贵的龙井一壶要{spelt}，一个月也卖不出几壶。")])
    claim = f"最贵的龙井一壶要 {number} [tea:1]。"
    assert unsupported(claim, said, encoder) == []


def test_a_doubtful_answer_is_doubted_in_all_that_it_claims(encoder: Encoder) -> None:
    text = "茶馆每天早上五点就开门了。好的。"
    assert unsupported(text, turns(), encoder, doubtful=True) == ["茶馆每天早上五点就开门了。"]
