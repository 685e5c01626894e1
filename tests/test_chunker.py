"""Turns to exchanges to passages: what belongs together, and that nothing is lost or too long."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunker import SHORTEST, exchanges, passages
from rag.tokens import estimate
from rag.types import Address, Passage, Section, Span, Transcript, Turn

BUDGETS = st.integers(50, 600)
"""The range that the settings allow begins at 50."""


def turn(number: int, speaker: str, text: str, line: int = 0) -> Turn:
    first = line or number * 100
    lines = tuple(range(first, first + text.count("\n") + 1))
    return Turn(number, speaker, speaker, text, first, lines, start=float(number))


def transcript(turns: list[Turn], sections: list[Section] | None = None) -> Transcript:
    return Transcript("talk", "talk.md", "", "", "", "zh", tuple(turns), tuple(sections or ()))


def dialogue(*said: tuple[str, str]) -> list[Turn]:
    return [turn(number, speaker, text) for number, (speaker, text) in enumerate(said, start=1)]


def grouped(*said: tuple[str, str]) -> list[tuple[list[int], list[int]]]:
    return [
        ([t.number for t in exchange.question], [t.number for t in exchange.reply])
        for exchange in exchanges(dialogue(*said))
    ]


SENTENCES = (
    "我们冬天修网。", "那年只有三条船，谁也没想到！", "为什么呢？", "嗯", "“好。”他说。",
    "没有标点的一长串话" * 12, "We mend the nets in winter. ", "Why? ", "Right.",
    "It cost 3.5 crowns, Dr. Moss said. ", "and on it went " * 30, "x" * 500, "🌊" * 40, "\n",
    "第一\n第二\n第三", "https://example.org/" + "a" * 200, "1234567890" * 20,
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12).map("".join).map(str.strip)
SPEAKERS = st.sampled_from(["主持人", "陈若", "Ann Lee", "A name that is rather long for a label"])


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Both languages, tiny and giant turns, prose and dialogue, speakers in any order."""
    said = draw(st.lists(st.tuples(SPEAKERS, TEXTS.filter(bool)), max_size=12))
    prose = draw(st.lists(st.tuples(TEXTS, TEXTS.filter(bool)), max_size=4))
    sections = [
        Section(
            n,
            title.replace("\n", " "),
            text,
            n * 50,
            tuple(range(n * 50, n * 50 + text.count("\n") + 1)),
        )
        for n, (title, text) in enumerate(prose, start=1)
    ]
    return transcript(dialogue(*said), sections)


def spans_by_source(cut: list[Passage]) -> dict[tuple[bool, int], list[Span]]:
    found: dict[tuple[bool, int], list[Span]] = defaultdict(list)
    for passage in cut:
        for span in passage.spans:
            found[passage.section, span.number].append(span)
    return found


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_the_spans_of_a_turn_or_section_tile_its_text(source: Transcript, budget: int) -> None:
    found = spans_by_source(passages(source, budget))
    for section, parts in ((False, source.turns), (True, source.sections)):
        for part in parts:
            spans = found.pop((section, part.number))
            assert "".join(span.text for span in spans) == part.text
            offset = 0
            for span in spans:
                assert span.offset == offset
                offset += len(span.text)
    assert not found


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_the_lines_of_a_span_are_those_of_its_words_in_the_file(
    source: Transcript, budget: int
) -> None:
    found = spans_by_source(passages(source, budget))
    for section, parts in ((False, source.turns), (True, source.sections)):
        for part in parts:
            for span in found[section, part.number]:
                before = part.text.count("\n", 0, span.offset)
                held = span.text.removesuffix("\n").count("\n") + 1
                assert span.lines == part.lines[before : before + held]


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_no_passage_is_over_the_budget_label_and_context_included(
    source: Transcript, budget: int
) -> None:
    for passage in passages(source, budget):
        assert passage.tokens <= budget
        assert estimate(passage.text) <= budget
        assert estimate(passage.searchable) <= budget


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_passages_are_in_file_order_with_unique_addresses_that_parse(
    source: Transcript, budget: int
) -> None:
    cut = passages(source, budget)
    order = [(not p.section, s.number, s.part) for p in cut for s in p.spans]
    assert order == sorted(order)
    addresses = [str(passage.address) for passage in cut]
    assert len(set(addresses)) == len(addresses)
    for passage, address in zip(cut, addresses, strict=True):
        assert Address.parse(address) == passage.address


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_cutting_twice_gives_the_same_passages(source: Transcript, budget: int) -> None:
    assert passages(source, budget) == passages(source, budget)


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_exchanges_hold_every_turn_once_and_in_order(source: Transcript, budget: int) -> None:
    numbers = [turn.number for exchange in exchanges(source.turns) for turn in exchange.turns]
    assert numbers == [turn.number for turn in source.turns]


@settings(deadline=None)
@given(transcripts(), BUDGETS)
def test_a_passage_knows_its_speakers_and_times(source: Transcript, budget: int) -> None:
    speakers = {turn.number: turn.speaker for turn in source.turns}
    for passage in passages(source, budget):
        for span in passage.spans:
            assert span.speaker == ("" if passage.section else speakers[span.number])
            assert span.start == (None if passage.section else float(span.number))


LONG_REPLY = "我们冬天修网，夏天出海，日子就这样过去。" * 40


def test_later_parts_of_a_long_reply_carry_the_question_and_the_first_does_not_need_it() -> None:
    cut = passages(transcript(dialogue(("主持人", "冬天做什么？"), ("陈若", LONG_REPLY))), 120)
    first, *later = cut
    assert [span.number for span in first.spans] == [1, 2]
    assert first.context == ""
    assert later
    assert {passage.context for passage in later} == {"冬天做什么？"}
    assert str(later[0].address) == "talk:2.2"
    assert later[0].speakers == ("陈若",)
    assert later[0].searchable.startswith("冬天做什么？\n")


def test_a_long_reply_is_cut_at_sentence_ends() -> None:
    cut = passages(transcript(dialogue(("主持人", "冬天做什么？"), ("陈若", LONG_REPLY))), 120)
    assert all(passage.spans[-1].text.endswith("过去。") for passage in cut)


def test_the_context_of_a_long_question_is_its_end_where_it_asks() -> None:
    question = "先说几句开场的话，天气不错。" * 30 + "那么冬天做什么？"
    later = passages(transcript(dialogue(("主持人", question), ("陈若", LONG_REPLY))), 120)[-1]
    assert later.context.endswith("那么冬天做什么？")
    assert estimate(later.context) <= 30


def test_a_question_without_punctuation_still_gives_context() -> None:
    question = "那个就是说你们冬天的时候一般都会做些什么事情呢" * 8
    later = passages(transcript(dialogue(("主持人", question), ("陈若", LONG_REPLY))), 120)[-1]
    assert later.context
    assert question.endswith(later.context)


def test_the_title_of_a_section_is_the_context_of_all_its_passages() -> None:
    section = Section(1, "修网", LONG_REPLY, 3, (3,))
    cut = passages(transcript([], [section]), 120)
    assert {passage.context for passage in cut} == {"修网"}
    assert [str(p.address) for p in cut] == [f"talk:s1.{n}" for n in range(1, len(cut) + 1)]


def test_a_short_exchange_joins_the_next_and_the_last_one_the_previous() -> None:
    reply = "我们冬天修网，夏天出海，" * 6 + "日子就这样过去。"
    said = [("主持人", "早。"), ("陈若", "早。"), ("主持人", "做什么？"), ("陈若", reply)]
    said += [("主持人", "谢谢。"), ("陈若", "再见。")]
    (cut,) = passages(transcript(dialogue(*said)), 400)
    assert str(cut.address) == "talk:1-6"
    assert cut.tokens > SHORTEST


def test_exchanges_that_say_enough_stay_apart() -> None:
    reply = "我们冬天修网，夏天出海，" * 6 + "日子就这样过去。"
    said = [("主持人", "冬天做什么？"), ("陈若", reply), ("主持人", "夏天呢？"), ("陈若", reply)]
    assert [str(p.address) for p in passages(transcript(dialogue(*said)), 400)] == [
        "talk:1-2", "talk:3-4",
    ]  # fmt: skip


def test_prose_is_never_joined_to_speech() -> None:
    section = Section(1, "", "短短的话。", 1, (1,))
    cut = passages(transcript(dialogue(("主持人", "早。"), ("陈若", "早。")), [section]), 400)
    assert [str(passage.address) for passage in cut] == ["talk:s1", "talk:1-2"]


def test_a_question_and_its_reply_are_an_exchange() -> None:
    assert grouped(
        ("主持人", "几点？"), ("陈若", "四点。"), ("主持人", "几条船？"), ("陈若", "三条。"),
    ) == [([1], [2]), ([3], [4])]  # fmt: skip


@pytest.mark.parametrize("interjection", ["嗯", "对对", "是的。", "Right.", "Mm-hm", "OK", "哇！"])
def test_an_interjection_of_the_asker_does_not_begin_an_exchange(interjection: str) -> None:
    assert grouped(
        ("主持人", "几点出海？"), ("陈若", "四点，"), ("主持人", interjection),
        ("陈若", "冬天六点。"),
    ) == [([1], [2, 3, 4])]  # fmt: skip


def test_consecutive_questions_before_a_reply_are_one_question() -> None:
    assert grouped(
        ("主持人", "我想问件事。"), ("观众", "船贵吗？"), ("主持人", "对，贵吗？"),
        ("陈若", "不贵。"),
    ) == [([1, 2, 3], [4])]  # fmt: skip


def test_several_repliers_belong_to_the_same_question() -> None:
    assert grouped(
        ("主持人", "怎么看？"), ("陈若", "很好。"), ("老贺", "我反对。"),
        ("主持人", "为什么？"), ("老贺", "太贵。"),
    ) == [([1], [2, 3]), ([4], [5])]  # fmt: skip


def test_without_roles_the_one_who_asks_most_is_the_asker() -> None:
    assert grouped(
        ("Ann", "When do you sail in winter?"), ("Bob", "At six, when the light comes."),
        ("Ann", "Tell me about the nets, then."), ("Bob", "They are old, are they not, like me."),
        ("Ann", "How old are they exactly?"), ("Bob", "Forty years in the spring."),
    ) == [([1], [2]), ([3], [4]), ([5], [6])]  # fmt: skip


def test_at_a_round_table_whoever_asks_opens_an_exchange() -> None:
    assert grouped(
        ("Ann", "The pier has to be mended first."), ("Bob", "Who would pay for the pier?"),
        ("Cleo", "The harbour board would pay."), ("Ann", "And who would do the work?"),
        ("Bob", "We would do the work ourselves."),
    ) == [([], [1]), ([2], [3]), ([4], [5])]  # fmt: skip


def test_a_transcript_without_anything_has_no_passages() -> None:
    assert passages(transcript([]), 400) == []
    assert exchanges([]) == []
