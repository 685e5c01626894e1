"""Quotations: what counts as the same words, what never does, and whose words they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from rag.quotes import Match, Source, check, find, nearest
from rag.quotes.words import Places, spans, squash
from rag.text import HAN, fold
from rag.types import Address

TURNS = (
    ("主持人", "你们卖不卖票？周末年轻人来得多吗？"),
    (
        "王秀兰",
        "我们不卖票，今年也不会涨价。对不起，是不是我们说错了？差不多一年，花了二十五万块。",
    ),
    (
        "Marta",
        "We did not really agree to that. I don't sell 1,000 violins… well, 3.5% of it, at -5°.",
    ),
    (
        "Host",
        "We are not ready.\nThe state-of-the-art model costs $310,000, and nothing\nwas said.",
    ),
    (
        "王秀兰",
        "不，我们卖票。他把东西卖不了，特别好吃；要不我们走吧，不得不走。3万人来过，9:30开门。",
    ),
)
SOURCES = [
    Source(Address("talk", number, number), speaker, text)
    for number, (speaker, text) in enumerate(TURNS, start=1)
]


def checked(quotation: str) -> Match:
    match = check(quotation, SOURCES)
    if match.source is not None:
        assert match.source.text[match.start : match.end] == match.text
    return match


@pytest.mark.parametrize(
    ("quotation", "turn"),
    [
        ("我们不卖票，今年也不会涨价", 2),
        ("我們不賣票今年也不會漲價", 2),  # script and punctuation
        ("我们 不卖票；今年\n也不会涨价！", 2),  # spacing, line wraps
        ("对不起", 2),
        ("差不多一年", 2),
        ("我们说错了", 2),  # 是不是 asks
        ("We DID not really agree to that", 3),
        ("Ｗｅ ｄｉｄ ｎｏｔ really agree", 3),  # width
        ("I don’t sell 1000 violins", 3),  # curly apostrophe, thousands
        ("well, 3.5 % of it", 3),
        ("at -5", 3),
        ("The state of the art model costs $ 310000", 4),
        ("and nothing was said", 4),
        ("We did not … well, 3.5%", 3),
        ("We did not [...] well", 3),
        ("We did not. . .I don't sell", 3),
        ("我们不卖票……二十五万块", 2),
        ("我们不卖票（…）差不多一年", 2),
        ("不……我们卖票", 5),  # 不 is an answer of its own there
        ("我们走吧", 5),  # 要不 only suggests
        ("走。3万人来过", 5),  # 不得不 is no negation
        ("特别好吃", 5),
        ("好吃", 5),
        ("9:30开门", 5),
    ],
)
def test_the_same_words_are_exact(quotation: str, turn: int) -> None:
    match = checked(quotation)
    assert (match.verdict, match.difference, match.similarity) == ("exact", "", 1.0)
    assert match.source == SOURCES[turn - 1]


@pytest.mark.parametrize(
    ("quotation", "said", "difference"),
    [
        # A negation dropped, added, or cut off.
        ("We did really agree to that", 3, "We did [-not-] really agree to that"),
        ("今年也会涨价", 2, "今年也[-不-]会涨价"),
        ("你们不卖不卖票", 1, "你们{+不+}卖不卖票"),
        ("agree to that", 3, "[-not really-] agree to that"),
        ("sell 1,000 violins", 3, "[-don't-] sell 1,000 violins"),
        ("会涨价", 2, "[-不-]会涨价"),
        ("涨价", 2, "[-不会-]涨价"),
        ("我们……会涨价", 2, "我们…[-不-]会涨价"),
        ("他把东西卖", 5, "他把东西卖[-不了-]"),
        ("We are", 4, "We are [-not-]"),
        ("We did … I don't sell", 3, "We did [-not-]… I don't sell"),
        ("was said", 4, "[-nothing-] was said"),
        # A number altered or cut.
        ("花了三十五万块", 2, "花了[-二-]{+三+}十五万块"),
        ("五万块", 2, "[-二十-]五万块"),
        ("model costs $31,000", 4, "model costs $[-310,000-]{+31,000+}"),
        ("well, 35% of it", 3, "well, [-3.5%-]{+35%+} of it"),
        ("I don't sell 1,000 pianos", 3, "I don't sell 1,000 [-violins-]{+pianos+}"),
    ],
)
def test_other_words_are_near_and_shown(quotation: str, said: int, difference: str) -> None:
    match = checked(quotation)
    assert match.verdict == "near"
    assert match.source == SOURCES[said - 1]
    assert match.difference == difference
    assert find(quotation, SOURCES) == []


@pytest.mark.parametrize(
    "quotation",
    [
        "", " ", "！！！", "…", "😀", "「」", "\u200b", "+", "$",
        "这句话没有任何人在这里说起过",
        "Whales never paid for the aquarium",
        "35%",
        "5%",
        "9",
        "00 violins",
    ],
)  # fmt: skip
def test_what_nobody_said_is_absent(quotation: str) -> None:
    assert checked(quotation) == Match("absent")


@pytest.mark.parametrize(
    "quotation",
    [
        "周末年轻人来得多吗？我们不卖票",  # two turns spliced
        "年轻人来得多吗……我们不卖票",
        "We did not really agree to that. We are not ready.",
        "3.5% of it … We did not really agree",  # the other way round
        "票卖不我们",
        "tate-of-the-art model",  # no whole word
        "We did not really agre",
        "I do sell 1,000 violins",
        "I can't sell 1,000 violins",
        "我 … 了",  # composed of single words
        "他…走",
        "well, 3.5 of it",
        "costs 310,000",  # the currency is inside
    ],
)
def test_what_was_not_said_so_is_never_exact(quotation: str) -> None:
    assert checked(quotation).verdict != "exact"
    assert find(quotation, SOURCES) == []


def test_all_who_said_it_are_found_in_order() -> None:
    twice = [*SOURCES, Source(Address("other", 9, 9), "Host", "“我们不卖票！”她说。")]
    assert [match.source for match in find("我们不卖票", twice)] == [twice[1], twice[-1]]
    assert [match.text for match in find("我们不卖票", twice)] == ["我们不卖票"] * 2


def test_a_place_where_the_meaning_stays_is_preferred() -> None:
    source = Source(Address("t", 1, 1), "A", "We never sold it. Then we sold it.")
    (match,) = find("sold it", [source])
    assert match.start == source.text.rindex("sold")


def test_only_negation_next_to_the_words_counts() -> None:
    text = "I did not come; we sold it. Not only we sold it. Why not sell it? No, they paid."
    source = Source(Address("t", 1, 1), "A", text)
    for words in ("we sold it", "sell it", "they paid", "come; we sold it"):
        expected = "near" if words.startswith("come") else "exact"
        assert check(words, [source]).verdict == expected, words


def test_where_signs_are_several_characters_the_offsets_hold() -> None:
    text = "It had ½ a cup at 20℃… e\u0301te\u0301, ﬁne ㎏ ｶﾞｽ and more"
    source = Source(Address("t", 1, 1), "A", text)
    for words in ("½ a cup", "20℃", "e\u0301te\u0301", "ﬁne ㎏", "ｶﾞｽ and more"):
        assert check(words, [source]).text in (words, words.rstrip("℃") + "℃")
    assert check("été, fine kg ガス", [source]).text == "e\u0301te\u0301, ﬁne ㎏ ｶﾞｽ"


def test_nearest_prefers_words_that_were_cut_to_mean_the_contrary() -> None:
    match = nearest("卖票", SOURCES[1:2])
    assert (match.verdict, match.text, match.difference) == ("near", "不卖票", "[-不-]卖票")


def test_a_long_source_is_searched_to_its_end() -> None:
    filler = "这里说的是别的事情，与它无关。" * 2000
    source = Source(Address("t", 1, 1), "A", f"{filler}最后他终于买下了那座旧灯塔。")
    match = check("最后他终于卖下了那座旧灯塔", [source])
    assert match.difference == "最后他终于[-买-]{+卖+}下了那座旧灯塔"


# Properties. Words are cut here by other means than in the matcher.
WORD = re.compile(rf"[{HAN}]|[A-Za-z]+")
VOCABULARY = st.sampled_from(
    "茶 馆 早 晨 司 机 门 窗 violin wood maple winter Host varnish".split()
)
TURN = st.lists(
    st.tuples(VOCABULARY, st.sampled_from([" ", "，", ". ", "\n", "……", " — ", "”"])),
    min_size=2,
    max_size=30,
).map(lambda items: "".join(word + gap for word, gap in items))


@given(TURN, st.data())
def test_any_stretch_of_whole_words_is_exact(text: str, data: st.DataObject) -> None:
    words = list(WORD.finditer(text))
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    stretch = text[words[first].start() : words[last].end()]
    source = Source(Address("t", 1, 1), "A", text)
    match = check(stretch, [source])
    assert match.verdict == "exact"
    assert WORD.findall(match.text.lower()) == WORD.findall(stretch.lower())
    assert check(fold(stretch), [source]) == match


@given(TURN, st.data(), st.sampled_from(["added", "removed", "replaced"]))
def test_another_word_is_never_exact(text: str, data: st.DataObject, kind: str) -> None:
    words = WORD.findall(text)
    n = data.draw(st.integers(0, len(words) - 1))
    if kind == "removed":
        assume(0 < n < len(words) - 1)
        changed = words[:n] + words[n + 1 :]
    else:
        changed = [*words[:n], "Zebra", *words[n + (kind == "replaced") :]]
    same = [words[i : i + len(changed)] for i in range(len(words))]
    assume(changed not in same)
    source = Source(Address("t", 1, 1), "A", text)
    assert check(" ".join(changed), [source]).verdict != "exact"


@given(st.text(max_size=80), st.text(max_size=200))
@example("\ud800", "\ud800x")
@example("½½", "½½½")
@example("e\u0301", "ae\u0301\u0301b")
@example("…a…", "a")
@example("1,000", "1,0001,000")
@example("5 %", "5 %…%")
def test_nothing_crashes_and_offsets_hold(quotation: str, text: str) -> None:
    source = Source(Address("t", 1, 1), "A", text)
    for words in (quotation, text, text[3:9], f"{text[:4]}…{text[6:]}"):
        match = check(words, [source])
        assert 0 <= match.start <= match.end <= len(text)
        if match.verdict == "exact":
            assert set(fold(match.text)) & set(fold(words))


@given(st.text(max_size=60))
@example("Ａ １，０００ ｂ-５ ㎏")
@example("中 a 5 % 中 3–5")
def test_squashed_words_lead_back_to_their_own(text: str) -> None:
    squashed, places = squash(text), Places.of(text)
    for start, end in spans(squashed):
        begin, stop = places.original(start, end)
        assert squashed[start:end] in squash(text[begin:stop])
    assert squash(squashed) == squashed
