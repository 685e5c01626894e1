"""What a model is given: turns in their order, a line each, as many as there is room for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from rag import chunker, paths, prompts
from rag.answer import pack
from rag.answer.pack import Given, compose, conversation, earlier, fit, given, plain, write
from rag.quotes import find
from rag.tokens import Counter, cautious
from rag.types import Earlier, Hit, Message, Passage, Span, Transcript, Turn

Said = tuple[int, str, str] | tuple[int, str, str, int]
"""Turn, speaker, words, part."""


def span(number: int, speaker: str, text: str, part: int = 0, offset: int = 0) -> Span:
    return Span(number, part, speaker, text, offset, (number,) * (text.count("\n") + 1))


def hit(*said: Said, of: str = "tea", section: bool = False, context: str = "") -> Hit:
    spans = tuple(span(*each) for each in said)
    return Hit(Passage(of, spans, 1, section, context), 1.0, 1.0, 1.0)


def described(*ids: str, title: str = "", date: str = "") -> dict[str, Transcript]:
    return {of: Transcript(of, f"{of}.md", title or of.upper(), date, "", "zh") for of in ids}


TEA_ONLY = described("tea")


def keys(hits: list[Hit]) -> list[str]:
    return [item.key for item in given(hits)]


# --- which turns, under which keys


def test_turns_come_in_the_order_in_which_they_were_spoken_best_transcript_first() -> None:
    hits = [
        hit((7, "A", "seven"), (8, "B", "eight")),
        hit((2, "A", "two"), of="ink"),
        hit((3, "A", "three")),
        hit((1, "A", "one"), of="ink"),
    ]
    assert keys(hits) == ["tea:3", "tea:7", "tea:8", "ink:1", "ink:2"]


def test_a_turn_in_two_passages_is_given_once() -> None:
    assert keys([hit((1, "A", "a"), (2, "B", "b")), hit((2, "B", "b"), (3, "A", "c"))]) == [
        "tea:1", "tea:2", "tea:3",
    ]  # fmt: skip


def test_sections_have_keys_of_their_own() -> None:
    hits = [hit((2, "", "Prose."), section=True), hit((2, "A", "Said."))]
    assert keys(hits) == ["tea:2", "tea:s2"]


def long_turn() -> tuple[Turn, list[Hit]]:
    """A turn of many parts, cut as an index cuts it."""
    text = "\n\n".join(
        f"第{n}个早上我们五点开门。  The stove of morning {n} is lit at four." for n in range(30)
    )
    lines = tuple(range(3, 4 + text.count("\n")))
    turns = (
        Turn(1, "Host", "Host", "When do you open?", 1, (1,)),
        Turn(2, "Wang", "Wang", text, 3, lines),
    )
    talk = Transcript("tea", "tea.md", "Tea", "", "", "en", turns)
    return turns[1], [Hit(item, 1.0, 1.0, 1.0) for item in chunker.passages(talk, 60)]


def test_parts_that_follow_upon_each_other_are_one_with_the_text_of_the_turn() -> None:
    turn, hits = long_turn()
    assert len(hits) > 5
    question, whole = given(reversed(hits))
    assert question.key == "tea:1"
    assert re.fullmatch(r"tea:2\.1-2\.\d+", whole.key)
    assert whole.source.text == re.sub(r"\s", " ", turn.text) or (
        " ".join(whole.source.text.split()) == " ".join(turn.text.split())
        and len(whole.source.text) == len(turn.text)
    )
    assert whole.asked == ""


@settings(deadline=None, max_examples=30)
@generated(st.data())
def test_whatever_parts_are_found_their_words_stand_where_they_stood(data: st.DataObject) -> None:
    turn, hits = long_turn()
    chosen = data.draw(st.lists(st.sampled_from(hits), min_size=1, unique=True))
    for item in given(chosen):
        if item.source.address.first != 2:
            continue
        start = item.spans[0].offset
        there = turn.text[start : start + len(item.source.text)]
        assert re.sub(r"\s", " ", item.source.text) == re.sub(r"\s", " ", there)
        numbers = [each.part for each in item.spans]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert (item.source.address.first_part, item.source.address.last_part) == (
            numbers[0], numbers[-1],
        )  # fmt: skip


def test_a_gap_between_parts_keeps_them_apart() -> None:
    _, hits = long_turn()
    parts = [item for item in hits if item.passage.spans[-1].part in (2, 4, 5)]
    assert keys(parts) == ["tea:2.2", "tea:2.4-2.5"]


def test_a_later_part_says_what_it_replies_to() -> None:
    _, hits = long_turn()
    (third,) = given(hits[2:3])
    assert third.asked == "When do you open?"
    text = write([third], described("tea")).split("\n")[1]
    assert text.startswith(f"[{third.key}] Wang (When do you open?): ")


# --- how they are written


def test_a_prompt_has_a_line_a_turn_under_the_title_of_its_transcript() -> None:
    hits = [
        hit((1, "主持人", "几点开门？"), (2, "王秀兰", "五点。\n\n冬天六点。")),
        hit((4, "", "Prose."), of="ink", section=True),
    ]
    known = described("tea", title="老茶馆", date="2024-05-01") | described("ink", title="Ink")
    assert write(given(hits), known).split("\n") == [
        "[tea] 老茶馆, 2024-05-01",
        "[tea:1] 主持人: 几点开门？",
        "[tea:2] 王秀兰: 五点。 冬天六点。",
        "[ink] Ink",
        "[ink:s4] Prose.",
    ]


NASTY = st.text(
    st.sampled_from("ab茶 \n\r\t\v\f\x1b\x85\u2028\u2029\u202e\u200b<>＜＞/|[]\"'$INSTSYS:")
    | st.characters(),
    max_size=40,
)


@settings(deadline=None)
@generated(NASTY, NASTY, NASTY, NASTY)
def test_nothing_that_is_said_leaves_its_line(title: str, who: str, asked: str, what: str) -> None:
    hits = [hit((1, who, what)), hit((2, who, what, 2), context=asked)]
    text = write(given(hits), described("tea", title=title, date=title))
    first, second, third = text.splitlines()
    assert first.startswith("[tea] ")
    assert second.startswith("[tea:1]")
    assert third.startswith("[tea:2.2]")
    assert not re.search(r"<\s*[/|!?a-zA-Z]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert not re.search(r"\[/?(INST|SYS)\]", text, re.IGNORECASE)


@pytest.mark.parametrize(
    "markup",
    [
        "</transcripts>", "< / transcripts >", "＜/transcripts＞", "<<SYS>>", "<|im_start|>system",
        "<<</transcripts>>>", "</trans\u200bcripts>", "<\n/transcripts>", "[INST]", "[/inst]",
        "<!-- -->", "<?xml?>", '<img src="http://h/?q=1">', "<\x1b/transcripts>",
    ],
)  # fmt: skip
def test_markup_of_a_prompt_is_words_and_can_be_quoted_still(markup: str) -> None:
    said = f"我说过 {markup} 就是这样"
    written = plain(said)
    assert not re.search(r"[<＜]\s*[/|!?a-zA-Z]", written)
    assert "[INST" not in written.upper()
    (item,) = given([hit((1, "A", said))])
    assert find(written, [item.source])


@pytest.mark.parametrize("text", ["3 < 5", "a -> b", "I <3 tea", "价格<8元", "[tea:2]"])
def test_what_opens_no_tag_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


# --- as many as there is room


def three() -> list[Hit]:
    return [
        hit((n, "Wang", words)) for n, words in enumerate(["tea " * 40, "ink " * 400, "oil"], 1)
    ]


def counting(monkeypatch: pytest.MonkeyPatch, counter: Counter | None) -> list[str]:
    asked: list[str] = []

    def exact(model: str) -> Counter | None:
        asked.append(model)
        return counter

    monkeypatch.setattr(pack, "exact", exact)
    return asked


def test_what_fits_by_a_cautious_estimate_needs_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counting(monkeypatch, None)
    assert fit(three(), 2000, "m", TEA_ONLY) == three()
    assert fit([], 0, "m", TEA_ONLY) == []
    assert asked == []


def test_near_the_limit_the_models_own_count_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    hits = three()
    asked = counting(monkeypatch, lambda text: len(text.split()))
    exactly = 3 + 43 + 403 + 4  # title; words, key and speaker, and the end of the line
    assert cautious("tea " * 40 + "ink " * 400) > exactly
    assert fit(hits, exactly, "m", TEA_ONLY) == hits
    assert fit(hits, exactly - 1, "m", TEA_ONLY) == [hits[0], hits[1]]
    assert asked == ["m", "m"]


def test_without_a_table_the_estimate_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch, None)
    hits = three()
    assert fit(hits, 450, "m", TEA_ONLY) == [hits[0], hits[2]]


@pytest.mark.parametrize("room", [-500, 0, 10])
def test_the_best_passage_is_always_given(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    counting(monkeypatch, None)
    assert fit(three(), room, "m", TEA_ONLY)[0] == three()[0]
    assert len(fit(three(), room, "m", TEA_ONLY)) == 1


@settings(deadline=None, max_examples=50)
@generated(st.lists(st.integers(1, 300), max_size=12), st.integers(0, 3000))
def test_what_is_given_fits_and_what_is_left_out_does_not(sizes: list[int], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        counting(patch, None)
        hits = [hit((n, "Wang", "tea " * size)) for n, size in enumerate(sizes, 1)]
        kept = fit(hits, room, "m", TEA_ONLY)

    def cost(chosen: list[Hit]) -> int:
        lines = write(given(chosen), TEA_ONLY).split("\n")
        return sum(cautious(line) + 1 for line in lines) if chosen else 0

    assert [item for item in hits if item in kept] == kept
    assert cost(kept) <= room or len(kept) == 1
    for n, item in enumerate(hits):
        if item not in kept:
            assert cost([*[better for better in hits[:n] if better in kept], item]) > room


def test_titles_take_room_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    counting(monkeypatch, None)
    hits = [hit((2, "Wang", "茶" * 100), of=f"tea-{n}") for n in range(10)]
    known = described(*(f"tea-{n}" for n in range(10)), title="老茶馆的早晨" * 30)
    assert cautious(write(given(fit(hits, 1000, "m", known)), known)) <= 1000


# --- what was said before


def test_the_last_answers_are_messages_oldest_first() -> None:
    history = [Earlier(f"问题{n}？", f"答案{n}") for n in range(6)]
    history.insert(5, Earlier("没有回答？"))
    expected: list[Message] = []
    for n in (2, 3, 4, 5):
        expected += [Message("user", f"问题{n}？"), Message("assistant", f"答案{n}")]
    assert earlier(history, 8192) == expected


@settings(deadline=None)
@generated(
    st.lists(st.tuples(st.text(max_size=60), st.integers(0, 3000)), max_size=8),
    st.integers(1024, 9000),
)
def test_they_take_a_quarter_of_the_window_at_most(
    said: list[tuple[str, int]], window: int
) -> None:
    messages = earlier([Earlier(asked, "茶 tea " * size) for asked, size in said], window)
    assert pack.tokens(messages) <= window / 4
    assert [message.role for message in messages] == ["user", "assistant"] * (len(messages) // 2)
    answered = [asked for asked, size in said if size]
    asked = [message.content for message in messages[::2]]
    assert asked == [plain(text) for text in answered[len(answered) - len(asked) :]]


def test_a_long_answer_is_cut_and_none_steers_a_terminal() -> None:
    (_, answered) = earlier([Earlier("Why?", "\x1b[2J" + "tea " * 2000)], 100_000)
    assert len(answered.content) == 2000
    assert "\x1b" not in answered.content


def test_a_conversation_is_lines_of_questions_and_answers() -> None:
    history = [Earlier(f"Q{n}") for n in range(4)]
    history += [Earlier("几点\n开门？", "五点 [tea:2]\n</conversation>")]
    assert conversation(history).split("\n") == [
        "Q: Q1", "Q: Q2", "Q: Q3", "Q: 几点 开门？", "A: 五点 [tea:2] ‹/conversation>",
    ]  # fmt: skip


# --- the whole


def test_a_request_is_rules_then_what_was_said_then_turns_and_question() -> None:
    prompt = prompts.load("answer", "en", [paths.shipped("prompts")])
    before = earlier([Earlier("When?", "At five.")], 8192)
    turns: list[Given] = given([hit((1, "Wang", "We open at five. $question"))])
    values = {
        "not_found": "Not there.", "passages": write(turns, described("tea")), "question": "Why?",
    }  # fmt: skip
    messages = compose(prompt, values, before)
    assert [message.role for message in messages] == ["system", "user", "assistant", "user"]
    assert "Not there." in messages[0].content
    assert messages[-1].content.endswith("Question: Why?")
    assert "\n[tea:1] Wang: We open at five. $question\n" in messages[-1].content
    assert "We open" not in messages[0].content
