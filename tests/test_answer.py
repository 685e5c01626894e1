"""What an answer without a language model says, whose words it is made of, and when it refuses."""

import pytest

from rag.answer import NOT_FOUND
from rag.pipeline import Rag
from rag.settings import Settings
from rag.text import fold, one_line
from rag.types import Answer

TALK = """\
---
title: 灯塔看守人
---
# 灯塔看守人

这一篇是关于一座灯塔的短访谈。

**主持人：**灯塔是哪一年建成的？

**老乔：**1931 年。建的时候用了四百吨花岗岩，石头都是从对岸用船运过来的。

**主持人：**你一个人守夜的时候怎么打发时间？

**老乔：**总的来说就三件事：

- 修收音机；
- 给女儿写信，一周一封；
- 记录过往的船。

冬天夜长，我还学会了吹口琴。

**主持人：**最危险的一次是什么时候？

**老乔：**2003 年的台风。玻璃全碎了，我抱着灯芯在楼梯间坐到天亮。后来单位给我换了钢化玻璃。

**主持人：**有没有想过离开这座灯塔？

**阿雯：**我想过很多次，他一次也没有。

**主持人：**听说这里明年要卖给一家旅游公司？

**阿雯：**合同上个月签的，谁也没来问过我们的意思。
"""


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Rag:
    folder = tmp_path_factory.mktemp("talks")
    (folder / "lighthouse.md").write_text(TALK, encoding="utf-8")
    return Rag.build([folder], str(folder / "index"), Settings())


def quoted(answer: Answer) -> str:
    return "".join(citation.quote for citation in answer.citations)


def test_the_sentence_that_answers_is_quoted_and_not_the_whole_reply(rag: Rag) -> None:
    answer = rag.ask("灯塔用了多少吨花岗岩？")
    assert "四百吨花岗岩" in quoted(answer)
    assert "收音机" not in quoted(answer)
    assert answer.citations[0].speaker == "老乔"


def test_the_question_of_the_host_is_never_the_answer(rag: Rag) -> None:
    for question in ("灯塔哪一年建成", "最危险的一次是什么时候", "怎么打发时间"):
        assert {citation.speaker for citation in rag.ask(question).citations} <= {"老乔", "阿雯"}


def test_a_direct_answer_that_shares_no_word_with_the_question_is_found(rag: Rag) -> None:
    assert "1931" in quoted(rag.ask("灯塔是哪一年建成的"))


def test_a_sentence_that_leads_to_a_list_takes_the_list_along(rag: Rag) -> None:
    answer = rag.ask("守夜的时候怎么打发时间")
    assert "修收音机" in quoted(answer)
    assert "给女儿写信" in quoted(answer)


def test_every_quotation_stands_verbatim_in_the_turn_it_names(rag: Rag) -> None:
    turns = {turn.number: turn for turn in rag.store.catalog.transcript("lighthouse").turns}  # type: ignore[union-attr]
    for question in ("灯塔哪一年建成", "怎么打发时间", "台风那次", "想过离开吗"):
        for citation in rag.ask(question).citations:
            turn = turns[citation.address.first]
            assert citation.exact
            assert citation.quote in turn.text
            assert citation.speaker == turn.speaker
            assert turn.line <= citation.line <= citation.end_line <= turn.end_line


def test_lines_of_a_quotation_are_those_of_its_own_words(rag: Rag) -> None:
    lines = TALK.split("\n")
    answer = rag.ask("冬天夜长学会了什么乐器")
    citation = next(c for c in answer.citations if "口琴" in c.quote)
    assert any("口琴" in lines[n - 1] for n in range(citation.line, citation.end_line + 1))


def test_the_frame_is_in_the_language_of_the_question(rag: Rag) -> None:
    chinese = rag.ask("灯塔用了多少吨花岗岩？")
    assert f"[{chinese.citations[0].address}]" in chinese.text
    assert chinese.text.startswith("老乔")
    assert "：「" in chinese.text
    english = rag.ask("How dangerous was the typhoon in 2003?")
    assert english.refused or "老乔: “" in english.text


def test_no_sentence_is_said_twice(rag: Rag) -> None:
    for question in ("灯塔哪一年建成", "怎么打发时间", "台风那次玻璃碎了吗"):
        quotes = [fold(citation.quote) for citation in rag.ask(question).citations]
        assert len(quotes) == len(set(quotes))


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("秘鲁的首都是哪座城市？", "zh"),
        ("怎样用烤箱做提拉米苏", "zh"),
        ("What is the boiling point of nitrogen?", "en"),
    ],
)
def test_a_question_off_the_topic_is_refused_in_its_language(
    rag: Rag, question: str, language: str
) -> None:
    answer = rag.ask(question)
    assert answer.refused
    assert answer.text.startswith(NOT_FOUND[language])
    assert answer.citations == ()


def test_a_refusal_shows_the_nearest_passages_as_such(rag: Rag) -> None:
    answer = rag.ask("怎样用烤箱做提拉米苏")
    assert "并不是答案" in answer.text
    assert f"[{answer.hits[0].passage.address}]" in answer.text


def test_an_answer_knows_its_question_its_hits_and_its_time(rag: Rag) -> None:
    answer = rag.ask("灯塔用了多少吨花岗岩？")
    assert answer.question == "灯塔用了多少吨花岗岩？"
    assert answer.hits[0].passage.transcript == "lighthouse"
    assert answer.timings["total"] >= answer.timings["search"] > 0
    assert 0 <= answer.confidence <= 1


def test_lines_are_joined_without_a_gap_in_chinese_and_with_one_in_english() -> None:
    assert one_line("就三件事：\n修收音机；\n写信") == "就三件事：修收音机；写信"
    assert one_line("three things:\nradios") == "three things: radios"


def test_stream_gives_the_same_text_piece_by_piece(rag: Rag) -> None:
    assert "".join(rag.stream("灯塔哪一年建成")) == rag.ask("灯塔哪一年建成").text


def test_a_speaker_filter_reaches_the_quotations(rag: Rag) -> None:
    for speaker, question in (("老乔", "怎么打发时间"), ("阿雯", "想过离开灯塔吗")):
        answer = rag.ask(question, speaker=speaker)
        assert {citation.speaker for citation in answer.citations} == {speaker}


def test_those_who_ask_are_quoted_when_only_they_are_wanted(rag: Rag) -> None:
    answer = rag.ask("灯塔是哪一年建成的", speaker="主持人")
    assert "灯塔是哪一年建成的？" in quoted(answer)
    assert {citation.speaker for citation in answer.citations} == {"主持人"}


def test_a_reply_that_is_unclear_alone_is_shown_with_its_question(rag: Rag) -> None:
    answer = rag.ask("听说要卖给旅游公司？")
    citation = answer.citations[0]
    assert citation.quote.startswith("合同上个月签的")
    assert citation.asked == "听说这里明年要卖给一家旅游公司？"
    assert f"阿雯（被问到“{citation.asked}”）" in answer.text
