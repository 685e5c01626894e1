"""Which passage wins, in which language, for whom, and when nobody answers."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import pytest

from rag.pipeline import Rag
from rag.retrieve import leaning, link, matching, mentioned
from rag.settings import Settings
from rag.types import Hit, Transcript

ENGLISH = """\
**Host:** How did the company begin?

**Mara Lindqvist:** We started with two people in a garage in Malmö, mending old pumps.

**Host:** And how many pumps do you sell now?

**Mara Lindqvist:** About nine hundred a year, most of them to farms near the coast.

**Host:** What went wrong for you in 2019?

**Jonas Berg:** The flood took the whole warehouse. We lost every spare part in one night.

**Host:** Who lent you the money afterwards?

**Mara Lindqvist:** My sister did, without asking for a contract, and got it back within a year.
"""
CHINESE = """\
---
title: 面馆访谈
source: https://example.org/watch?v=1
---
**主持人：**你们的面馆是哪一年开的？

**老秦：**二〇〇八年冬天，在火车站旁边，一开始只有三张桌子。

**主持人：**汤底有什么讲究？

**老秦：**牛骨要熬足十二个小时，中间不能加水，这是我父亲留下的规矩。

**主持人：**来吃面的年轻人爱吃辣吗？

**小顾：**爱吃，不过女孩子多半只要微辣，男生反而怕胖，点清汤的越来越多。

**主持人：**现在的生意里外卖占多少？

**小顾：**外卖现在占到四成，碰上下雨天能到六成，骑手要排队等。
"""


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Rag:
    folder = tmp_path_factory.mktemp("talks")
    (folder / "pumps.md").write_text(ENGLISH, encoding="utf-8")
    (folder / "noodles.md").write_text(CHINESE, encoding="utf-8")
    return Rag.build([folder], str(folder / "index"), Settings())


def best(hits: Sequence[Hit]) -> str:
    return str(hits[0].passage.address)


@pytest.mark.parametrize(
    ("question", "address"),
    [
        ("面馆哪年开的", "noodles:1-2"),
        ("牛骨汤要熬多久", "noodles:3-4"),
        ("牛骨湯要熬多久", "noodles:3-4"),
        ("外卖的比例", "noodles:7-8"),
        ("how many pumps are sold a year", "pumps:3-4"),
        ("what did the flood destroy", "pumps:5-6"),
        ("Who lent the money?", "pumps:7-8"),
    ],
)
def test_the_exchange_that_answers_wins(rag: Rag, question: str, address: str) -> None:
    assert best(rag.search(question)) == address


@pytest.mark.parametrize(
    ("question", "address"),
    [
        ("how many hours is the beef bone soup cooked", "noodles:3-4"),
        ("公司是怎么开始的，几个人", "pumps:1-2"),
    ],
)
def test_a_question_finds_its_answer_across_languages(
    rag: Rag, question: str, address: str
) -> None:
    assert address in [str(hit.passage.address) for hit in rag.search(question, 5)]


def test_hits_carry_both_legs_lines_and_a_link_that_leads_there(rag: Rag) -> None:
    hit = rag.search("牛骨汤要熬多久", 1)[0]
    assert hit.lexical > 0
    assert 0 < hit.dense <= 1
    assert hit.passage.spans[1].line == 11
    page, _, words = hit.link.partition("#:~:text=")
    assert page == "https://example.org/watch?v=1"
    assert unquote(words).startswith("汤底有什么讲究,")
    assert rag.search("flood warehouse", 1)[0].link.endswith("pumps.md#L9-L11")


def test_a_speaker_filter_leaves_only_passages_in_which_they_speak(rag: Rag) -> None:
    hits = rag.search("what happened", 10, speaker="Berg")
    assert [hit.passage.speakers for hit in hits] == [("Host", "Jonas Berg")]
    hits = rag.search("年轻人", 10, transcript="pumps")
    assert {hit.passage.transcript for hit in hits} == {"pumps"}


def test_a_name_in_the_question_favours_what_that_person_says(rag: Rag) -> None:
    assert "小顾" in rag.search("小顾怎么看外卖", 1)[0].passage.speakers
    hit = rag.search("What does Jonas say about the warehouse?", 1)[0]
    assert "Jonas Berg" in hit.passage.speakers


def test_a_name_does_not_turn_the_meaning_of_a_question(rag: Rag) -> None:
    named = rag.query("What did Mara say about the flood?").vector
    assert float(named @ rag.query("what did say about the flood?").vector) > 0.999
    alone = rag.query("Mara?").vector
    assert float(alone @ rag.encoder.question("Mara?")) > 0.999


def test_more_hits_than_passages_are_not_invented(rag: Rag) -> None:
    hits = rag.search("外卖", 1000)
    assert len(hits) == len({hit.passage.address for hit in hits}) == rag.store.manifest.passages


def test_a_follow_up_takes_its_topic_from_the_question_before(rag: Rag) -> None:
    history = ["面馆的外卖占多少？"]
    assert best(rag.search("那下雨天呢？", 5, history=history)) == "noodles:7-8"
    history = ["How many pumps does the company sell?"]
    assert best(rag.search("And to whom?", 5, history=history)) == "pumps:3-4"


def test_a_question_that_stands_alone_ignores_the_history(rag: Rag) -> None:
    history = ["面馆的外卖占多少？"]
    assert best(rag.search("汤底的牛骨要熬多久", 5, history=history)) == "noodles:3-4"


@pytest.mark.parametrize(
    "question",
    ["那大学生呢？", "他为什么这么说", "And the year after?", "why?", "what about him", "然后呢"],
)
def test_follow_ups_are_recognised(question: str) -> None:
    assert leaning(question)


@pytest.mark.parametrize(
    "question",
    ["大型企业转型为什么会失败得这么彻底", "How many retired batteries are under street lamps"],
)
def test_whole_questions_are_no_follow_ups(question: str) -> None:
    assert not leaning(question)


def test_names_are_matched_whole_or_by_a_word() -> None:
    speakers = ["Sam Altman", "主持人", "林昭儀"]
    assert matching("altman", speakers) == ["Sam Altman"]
    assert matching("林昭仪", speakers) == ["林昭儀"]
    assert matching("alt", speakers) == []
    assert mentioned("What did Sam say?", speakers) == ["Sam Altman"]
    assert mentioned("林昭仪怎么看？", speakers) == ["林昭儀"]
    assert mentioned("the same question", speakers) == []


def test_links_point_at_the_second_or_at_the_line() -> None:
    video = Transcript("a", "a.md", "", "", "https://www.youtube.com/watch?v=1", "zh")
    page = Transcript("a", "a.md", "", "", "https://example.org/talk", "zh")
    local = Transcript("a", "talks/a.md", "", "", "", "zh")
    assert link(video, 3, 3, 62.9) == "https://www.youtube.com/watch?v=1&t=62"
    assert link(page, 3, 3, 62.9, "Yes.") == "https://example.org/talk#:~:text=Yes."
    assert link(local, 3, 3, None) == "talks/a.md#L3"
    assert link(local, 3, 5, None) == "talks/a.md#L3-L5"


def test_what_is_said_twice_is_found_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.md").write_text(CHINESE, encoding="utf-8")
    rag = Rag.build([tmp_path], str(tmp_path / "index"), Settings())
    hits = rag.search("牛骨汤要熬多久", 8)
    said = [hit.passage.searchable for hit in hits]
    assert len(said) == len(set(said))


def test_a_new_question_after_a_conversation_is_not_dragged_into_the_old_topic(rag: Rag) -> None:
    history = ["面馆的外卖占多少？", "那下雨天呢？"]
    assert best(rag.search("Who lent you the money afterwards", 5, history=history)) == "pumps:7-8"
    history = ["How many pumps do you sell?"]
    assert best(rag.search("为什么牛骨汤中间不能加水", 5, history=history)) == "noodles:3-4"


def test_a_blank_question_in_the_history_is_as_good_as_none(rag: Rag) -> None:
    alone = rag.search("那下雨天呢？", 5)
    assert rag.search("那下雨天呢？", 5, history=[" ", ""]) == alone
    history = ["面馆的外卖占多少？", "\n"]
    assert best(rag.search("那下雨天呢？", 5, history=history)) == "noodles:7-8"


def test_a_long_conversation_costs_no_more_than_a_short_one(rag: Rag) -> None:
    history = ["面馆的外卖占多少？", *["那下雨天呢？"] * 3000]
    assert best(rag.search("那下雨天呢？", 5, history=history)) == "noodles:7-8"


def test_a_year_alone_is_a_question_in_every_language(rag: Rag) -> None:
    assert best(rag.search("2019", 1)) == "pumps:5-6"


def test_an_impossible_number_of_hits_costs_nothing(rag: Rag) -> None:
    assert len(rag.search("外卖", 1_000_000_000)) == rag.store.manifest.passages


def test_a_link_keeps_the_place_on_the_page() -> None:
    page = Transcript("a", "a.md", "", "", "https://example.org/talk#notes", "zh")
    assert link(page, 3, 3, 62.9) == "https://example.org/talk#notes"
    assert link(page, 3, 3, None, "Yes.") == "https://example.org/talk#notes:~:text=Yes."
