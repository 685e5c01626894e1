from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text import fold, is_han, language, one_line, sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＩ", "ai"),
        ("漢語", "汉语"),
        ("訪談與對話", "访谈与对话"),
        ("ﬁne", "FINE"),
        ("１２３％", "123%"),
        ("ｶﾀｶﾅ", "カタカナ"),
    ],
)
def test_width_case_and_script_do_not_distinguish_words(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_folding_keeps_words_apart_that_differ() -> None:
    assert fold("汉语") != fold("汉字")
    assert fold("resume") != fold("résumé")


@settings(deadline=None)
@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_folding_agrees_with_opencc_on_nearly_all_characters() -> None:
    opencc = pytest.importorskip("opencc", reason="opencc is a training extra")
    convert = opencc.OpenCC("t2s").convert
    block = [chr(code) for code in range(0x4E00, 0xA000) if unicodedata.name(chr(code), "")]
    differ = [char for char in block if fold(char) != fold(convert(char))]
    assert len(differ) < len(block) * 0.01, "".join(differ[:50])


@pytest.mark.parametrize("char", ["汉", "㐀", "豈", "𠀀"])
def test_ideographs_of_every_block_are_han(char: str) -> None:
    assert is_han(char)


@pytest.mark.parametrize("char", ["a", "か", "한", "。", "１", "é"])
def test_other_scripts_and_marks_are_not_han(char: str) -> None:
    assert not is_han(char)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我们先修桥。", "zh"),
        ("我們先修橋。", "zh"),
        ("We mend the bridge first.", "en"),
        ("我们用 Python 写爬虫", "zh"),
        ("The word 茶 means tea in several languages", "en"),
        ("私たちは橋を直します", "en"),
        ("12:30 — 3.5 %", ""),
        ("", ""),
    ],
)
def test_language_follows_the_greater_share_of_words(text: str, expected: str) -> None:
    assert language(text) == expected


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from('汉字。，！？.!? \n…"”」)aZ3;；\u3000I-')))
def test_sentences_are_in_order_and_hold_every_visible_character(text: str) -> None:
    spans = sentences(text)
    end = 0
    for start, stop in spans:
        assert text[end:start].strip() == ""
        assert start < stop
        assert text[start:stop] == text[start:stop].strip()
        end = stop
    assert text[end:].strip() == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("桥修好了。船还没有！为什么？", ["桥修好了。", "船还没有！", "为什么？"]),
        ("他问：“去吗？”我说不去。", ["他问：“去吗？”", "我说不去。"]),
        ("「好。」她点头。", ["「好。」", "她点头。"]),
        ("真的？！太好了。", ["真的？！", "太好了。"]),
        ("先买票；再上船。", ["先买票；", "再上船。"]),
        ("我想……也许吧。", ["我想……也许吧。"]),
        ("也许吧……", ["也许吧……"]),
    ],
)
def test_chinese_sentences_end_at_full_width_marks_with_their_quotes(
    text: str, expected: list[str]
) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We left!", ["It rained.", "We left!"]),
        ("It costs 3.5 euros. Cheap.", ["It costs 3.5 euros.", "Cheap."]),
        ("See example.com for it. Then call.", ["See example.com for it.", "Then call."]),
        ("Dr. Moss met Mr. Lee. They spoke.", ["Dr. Moss met Mr. Lee.", "They spoke."]),
        ("Some fruit, e.g. pears. And nuts.", ["Some fruit, e.g. pears.", "And nuts."]),
        (
            "The U.S. team won at 3 p.m. in June. Good.",
            ["The U.S. team won at 3 p.m. in June.", "Good."],
        ),
        ('She said "no." He left.', ['She said "no."', "He left."]),
        ("Well... I think so.", ["Well...", "I think so."]),
        ("Well... maybe later.", ["Well... maybe later."]),
        ("He stopped (why?) and went on.", ["He stopped (why?)", "and went on."]),
    ],
)
def test_english_sentences_end_at_marks_before_a_space_but_not_in_numbers_or_abbreviations(
    text: str, expected: list[str]
) -> None:
    assert cut(text) == expected


def test_list_items_and_headings_are_sentences_of_their_own() -> None:
    text = "What we need\nthree boats\nsix nets\nand patience\n渔船三条\n渔网六张"
    assert cut(text) == text.split("\n")


def test_wrapped_english_prose_is_joined_across_line_breaks() -> None:
    text = (
        "The first winter was so cold that the nets froze to the planks of the\n"
        "pier, and we spent most of January melting them loose with kettles that\n"
        "Marta brought from the inn. After that we hung them indoors."
    )
    assert cut(text) == [
        text[: text.index(" After")],
        "After that we hung them indoors.",
    ]


def test_wrapped_chinese_prose_is_joined_across_line_breaks() -> None:
    first = "头一个冬天特别冷渔网全都冻在码头的木板上我们整个一月都在用水壶把它们一点一\n"
    second = "点化开后来就改在屋里晾网了村里的老人说他们年轻的时候也是这样过来的只是没有\n"
    assert cut(f"{first}{second}水壶。第二年好多了。") == [
        f"{first}{second}水壶。",
        "第二年好多了。",
    ]


def test_a_name_at_the_beginning_of_a_wrapped_line_does_not_begin_a_sentence() -> None:
    text = (
        "In the end it was the harbour master who lent us the money, because old\n"
        "Marta had asked him to, and because he liked the colour of our boats and\n"
        "Pieter knew his brother."
    )
    assert cut(text) == [text]


def test_a_paragraph_that_stops_without_a_mark_does_not_swallow_the_next_one() -> None:
    short = "Our plan for the winter"
    text = (
        f"{short}\nwe mend the nets first. " + "Then we paint the boats and oil the engines. " * 5
    )
    assert cut(text)[:2] == [short, "we mend the nets first."]


def test_long_list_items_of_different_length_stay_apart() -> None:
    items = [
        "Paint the three old boats before the first frost of the winter comes",
        "Teach the two apprentices how to mend nets",
        "Buy rope",
    ]
    assert cut("\n".join(items)) == items


def test_a_long_run_of_dots_is_cut_in_linear_time() -> None:
    text = "Well" + "." * 200_000 + " and on"
    assert sentences(text) == [(0, len(text))]
    assert len(sentences("嗯" + "…" * 200_000 + "好。")) == 1


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("Un café\nétroit", "Un café étroit"),
        ("好吧。\nOkay", "好吧。Okay"),
        ("我们用 \n\n  Python 写", "我们用 Python 写"),
        ("他说\n这不行", "他说这不行"),
        ("well —\nno", "well — no"),
        ("\nalone\n", "alone"),
        ("as it is", "as it is"),
    ],
)
def test_lines_are_joined_as_their_script_joins_them(lines: str, shown: str) -> None:
    assert one_line(lines) == shown
