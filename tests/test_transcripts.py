"""Who speaks: which lines of a file begin with a speaker, and who that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.transcripts import parse
from rag.types import Transcript


def read(text: str, aliases: dict[str, str] | None = None, name: str = "talk.md") -> Transcript:
    return parse(text.encode(), Path(name), aliases or {})


def said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in transcript.turns]


@pytest.mark.parametrize(
    "text",
    [
        "**主持人：**船修好了吗？\n\n**陈若：**修好了。\n\n**主持人：**几条？\n\n**陈若：**三条。",
        "**主持人**：船修好了吗？\n\n**陈若**：修好了。\n\n**主持人**：几条？\n\n**陈若**：三条。",
        "**主持人: **船修好了吗？\n**陈若: **修好了。\n**主持人: **几条？\n**陈若: **三条。",
        "主持人：船修好了吗？\n陈若：修好了。\n主持人：几条？\n陈若：三条。",
        "主持人: 船修好了吗？\n陈若: 修好了。\n主持人: 几条？\n陈若: 三条。",
        "【主持人】船修好了吗？\n【陈若】修好了。\n【主持人】几条？\n【陈若】三条。",
        "【主持人】：船修好了吗？\n【陈若】：修好了。\n【主持人】：几条？\n【陈若】：三条。",
        "[主持人]: 船修好了吗？\n[陈若]: 修好了。\n[主持人]: 几条？\n[陈若]: 三条。",
        "## 主持人\n船修好了吗？\n## 陈若\n修好了。\n## 主持人\n几条？\n## 陈若\n三条。",
        "主持人\t：船修好了吗？\n> 陈若：修好了。\n- 主持人：几条？\n陈若：三条。",
        "<b>主持人：</b>船修好了吗？<br>\n<b>陈若：</b>修好了。\n<b>主持人：</b>几条？\n<b>陈若：</b>三条。",
        "**主持人：船修好了吗？**\n**陈若：**修好了。\n**主持人：几条？**\n**陈若：**三条。",
        "主持人（船坊）：船修好了吗？\n陈若（木匠，六十岁）：修好了。\n主持人：几条？\n陈若：三条。",
    ],
)
def test_every_common_way_of_writing_labels_gives_the_same_conversation(text: str) -> None:
    assert said(read(text)) == [
        ("主持人", "船修好了吗？"),
        ("陈若", "修好了。"),
        ("主持人", "几条？"),
        ("陈若", "三条。"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[00:01:02] Ann: Ready?\n[00:01:05] Bob: Ready.\n[00:02:00] Ann: Go.",
        "00:01:02 Ann: Ready?\n00:01:05 Bob: Ready.\n00:02:00 Ann: Go.",
        "01:02 - Ann: Ready?\n01:05 - Bob: Ready.\n02:00 - Ann: Go.",
        "Ann [01:02]: Ready?\nBob [01:05]: Ready.\nAnn [02:00]: Go.",
        "Ann (01:02): Ready?\nBob (01:05): Ready.\nAnn (02:00): Go.",
        "**Ann** (01:02): Ready?\n**Bob** (01:05): Ready.\n**Ann** (02:00): Go.",
        "Ann 01:02\nReady?\n\nBob 01:05\nReady.\n\nAnn 02:00\nGo.",
        "Ann: 01:02\n\nReady?\n\nBob: 01:05\n\nReady.\n\nAnn: 02:00\n\nGo.",
        "**Ann:** \\[01:02\\]\n\nReady?\n\n**Bob:** [01:05]\n\nReady.\n\n**Ann:** [02:00]\n\nGo.",
        "00:01:02 --> 00:01:04 Ann: Ready?\n00:01:05 --> 00:01:06 Bob: Ready.\n00:02:00 Ann: Go.",
    ],
)
def test_times_before_and_after_labels_become_the_start_of_the_turn(text: str) -> None:
    turns = read(text).turns
    assert [(turn.speaker, turn.text, turn.start) for turn in turns] == [
        ("Ann", "Ready?", 62.0),
        ("Bob", "Ready.", 65.0),
        ("Ann", "Go.", 120.0),
    ]


def test_numbered_speakers_of_a_recogniser_stay_apart_and_their_fragments_come_together() -> None:
    text = (
        "[Speaker 0]: 今天的风\n[Speaker 0]: 特别大。\n[Speaker 1]: 是啊，\n"
        "[Speaker 1]: 船都没出去。"
    )
    transcript = read(text)
    assert said(transcript) == [
        ("Speaker 0", "今天的风\n特别大。"),
        ("Speaker 1", "是啊，\n船都没出去。"),
    ]
    assert [turn.lines for turn in transcript.turns] == [(1, 2), (3, 4)]


def test_lines_without_a_label_belong_to_the_turn_above_with_their_own_line_numbers() -> None:
    text = (
        "**问：**怎么走？\n\n**答：**先上船。\n\n再过桥。\n\n- 买票\n- 排队\n\n"
        "**问：**多久？\n**答：**一天。"
    )
    turn = read(text).turns[1]
    assert turn.text == "先上船。\n再过桥。\n买票\n排队"
    assert (turn.line, turn.lines, turn.end_line) == (3, (3, 5, 7, 8), 8)


def test_a_label_alone_on_its_line_opens_the_turn_there() -> None:
    text = "**Ann:**\n\nReady?\n\n**Bob:**\n\nYes.\nLet us go.\n\n**Ann:** Go."
    turn = read(text).turns[1]
    assert (turn.speaker, turn.text, turn.line, turn.lines) == (
        "Bob",
        "Yes.\nLet us go.",
        5,
        (7, 8),
    )


def test_q_and_a_are_the_people_of_the_front_matter() -> None:
    text = (
        "---\ninterviewer: 沈砚\nguest: 彭立洲（船东，六十岁）\n---\n问：几点出海？\n"
        "答：四点。\nQ: 这么早？\nA: 是。"
    )
    assert said(read(text)) == [
        ("沈砚", "几点出海？"),
        ("彭立洲", "四点。"),
        ("沈砚", "这么早？"),
        ("彭立洲", "是。"),
    ]


def test_q_and_a_may_be_written_with_a_dash() -> None:
    text = "Q - When do you sail?\n\nA - At four.\n\nQ - Every day?\n\nA – Every day."
    assert said(read(text))[:2] == [("Q", "When do you sail?"), ("A", "At four.")]


def test_lettered_choices_in_a_reply_are_not_an_answerer() -> None:
    text = (
        "Host: Which one?\nAnn: There were two.\nA: the red boat\nB: the blue boat\n"
        "Host: And?\nAnn: Red."
    )
    assert said(read(text))[1] == (
        "Ann",
        "There were two.\nA: the red boat\nB: the blue boat",
    )


def test_who_speaks_once_is_a_speaker_where_the_name_is_one() -> None:
    text = "主持人：早。\n陈若：早。\n老贺：我也来了。\n主持人：坐。\n陈若：好。"
    assert ("老贺", "我也来了。") in said(read(text))
    english = "Host: Morning.\nAnn: Morning.\nPieter Bakker: Me too.\nHost: Sit.\nAnn: Fine."
    assert ("Pieter Bakker", "Me too.") in said(read(english))


@pytest.mark.parametrize(
    "line",
    [
        "优点：便宜。", "缺点：会漏水。", "Note: they leak.", "比如：旧船。", "http://example.org/a",
        "8:30 出海。", "关键：风向。", "任务：补网。", "方案：再等一天。", "鲁迅说：路是人走的。",
        "The problem is simple: the boats leak.", "Problem: the hull.", "1. 渔船：三条",
        "总结：先修船。",
    ],
)  # fmt: skip
def test_a_colon_inside_a_reply_is_not_a_speaker(line: str) -> None:
    text = (
        f"主持人：怎么样？\n陈若：这么说吧。\n{line}\n主持人：然后呢？\n"
        "陈若：there is no problem。\n"
    )
    transcript = read(text)
    assert [turn.speaker for turn in transcript.turns] == ["主持人", "陈若"] * 2
    assert transcript.turns[1].text.startswith("这么说吧。\n")
    assert transcript.turns[1].lines == (2, 3)


def test_bold_list_items_in_a_reply_are_text_of_the_reply() -> None:
    text = (
        "**主持人：**靠什么？\n**陈若：**三样东西。\n**好的木头**：松木最好；\n**耐心**。\n"
        "- **时间**：至少一年。\n**主持人：**就这些？\n**陈若：**就这些。"
    )
    assert said(read(text))[1] == (
        "陈若",
        "三样东西。\n好的木头：松木最好；\n耐心。\n时间：至少一年。",
    )


def test_prose_with_colons_is_nobody_speaking() -> None:
    text = "Tools: a knife.\nWood: pine.\nGlue: none at all.\n\nResult: it floats."
    transcript = read(text)
    assert transcript.turns == ()
    assert transcript.sections[0].text.split("\n") == [
        "Tools: a knife.", "Wood: pine.", "Glue: none at all.", "Result: it floats.",
    ]  # fmt: skip


def test_topics_that_recur_as_headings_are_not_speakers() -> None:
    text = (
        "# Boats\n\nThey float.\n\n## Repair Work\n\nSaw.\n\n## Paint\n\nBlue.\n\n## Oars\n\n"
        "Two.\n\n## Repair Work\n\nNail."
    )
    transcript = read(text)
    assert transcript.turns == ()
    assert [section.title for section in transcript.sections] == [
        "Boats", "Repair Work", "Paint", "Oars", "Repair Work",
    ]  # fmt: skip


def test_two_known_speakers_may_speak_together() -> None:
    text = "Ann Lee: One?\nBob Ray: Two.\nAnn Lee, Bob Ray: Three!\nAnn Lee: Four.\nBob Ray: Five."
    assert said(read(text))[2] == ("Ann Lee & Bob Ray", "Three!")


def test_names_at_several_lengths_and_initials_are_one_person() -> None:
    text = (
        "**Ann Marie Lee:** One.\n**AML:** Two.\n**Ann:** Three.\n**Lee:** Four.\n**Bob:** Five.\n"
        "**Ann:** Six.\n**Lee:** Seven.\n**AML:** Eight.\n**Bob:** Nine."
    )
    turns = read(text).turns
    assert [turn.speaker for turn in turns] == [
        *["Ann Marie Lee"] * 4,
        "Bob",
        *["Ann Marie Lee"] * 3,
        "Bob",
    ]
    assert [turn.label for turn in turns][:4] == ["Ann Marie Lee", "AML", "Ann", "Lee"]


def test_a_first_name_that_two_people_share_stays_as_it_is_written() -> None:
    text = "Ann Lee: One.\nAnn Ray: Two.\nAnn: Three.\nAnn Lee: Four.\nAnn Ray: Five.\nAnn: Six."
    assert [turn.speaker for turn in read(text).turns][:3] == ["Ann Lee", "Ann Ray", "Ann"]


def test_the_front_matter_names_other_names() -> None:
    text = (
        "---\nspeakers:\n  Ann Lee: [安, Annie]\n  Bob Ray:\n---\n安：早。\nBob: Morning.\n"
        "Annie: Tea?\nBob: Yes."
    )
    assert [turn.speaker for turn in read(text).turns] == ["Ann Lee", "Bob Ray"] * 2


def test_halves_of_characters_that_front_matter_spells_are_replaced() -> None:
    top = '---\ntitle: "\\ud800 a \\ud83d\\ude00"\nspeakers: {"An\\udc00n": ["B\\udc00o"]}\n---\n'
    found = parse(f"{top}**B\ufffdo:** Why?\n\n**Cy:** So.\n".encode(), Path("a.md"), {})
    assert found.title == "\ufffd a 😀"
    assert [turn.speaker for turn in found.turns] == ["An\ufffdn", "Cy"]


def test_the_aliases_table_names_other_names() -> None:
    turns = read("奥安：早。\nBob: Hi.\n奥安：茶？\nBob: Yes.", {"奥安": "Ann Lee"}).turns
    assert [turn.speaker for turn in turns] == ["Ann Lee", "Bob"] * 2
    assert turns[0].label == "奥安"


@pytest.mark.parametrize(
    ("label", "speaker"),
    [
        ("观众提问", "观众"),
        ("观众问2", "观众"),
        ("网友提问", "网友"),
        ("Audience member", "Audience"),
    ],
)
def test_a_group_that_asks_is_the_group(label: str, speaker: str) -> None:
    text = f"**{label}：贵吗？**\n**陈若：**不贵。\n**{label}：重吗？**\n**陈若：**不重。"
    assert said(read(text))[0] == (speaker, "贵吗？")


def test_remarks_behind_a_name_stay_in_the_label_and_not_in_the_speaker() -> None:
    text = (
        "The Chair (Hon. Ann Lee (North, Ind.)): Order.\nMr. Bob Ray (South): Thank you.\n"
        "The Chair: Go on.\nMr. Bob Ray: I do.\nThe Chair: Good."
    )
    turns = read(text).turns
    assert [turn.speaker for turn in turns] == ["The Chair", "Mr. Bob Ray"] * 2 + ["The Chair"]
    assert turns[0].label == "The Chair (Hon. Ann Lee (North, Ind.))"


def test_template_calls_around_a_line_do_not_hide_its_speaker() -> None:
    text = (
        '{{< p class="en" >}}HOST: Ready?{{< /p >}}\n{{< p >}}ANN: Ready.{{< /p >}}\n'
        "{{< p >}}HOST: Go.{{< /p >}}"
    )
    assert said(read(text)) == [("HOST", "Ready?"), ("ANN", "Ready."), ("HOST", "Go.")]


def test_headings_between_turns_are_topics_until_the_next_one() -> None:
    text = (
        "# Harbour\n\n## Boats\n\n**Q:** How many?\n\n**A:** Three.\n\n### Nets\n\n"
        "**Q:** And nets?\n\n**A:** Six."
    )
    transcript = read(text)
    assert [turn.topic for turn in transcript.turns] == ["Harbour › Boats"] * 2 + ["Nets"] * 2
    assert transcript.title == "Harbour"
    assert transcript.sections == ()


def test_fragments_of_one_speaker_do_not_come_together_across_a_heading() -> None:
    text = "# Nets\n**Ann:** and then\n# Nets\n**Ann:** we mended them.\n**Bob:** Yes."
    assert said(read(text))[:2] == [("Ann", "and then"), ("Ann", "we mended them.")]


def test_prose_before_the_dialogue_is_sections_with_their_lines() -> None:
    text = (
        "\nA talk by the sea.\n\n**The boats**\n- three\n- blue\n\n## Talk\n"
        "**Q:** Why blue?\n**A:** It was cheap.\n"
    )
    transcript = read(text)
    assert [(s.title, s.text, s.line, s.lines) for s in transcript.sections] == [
        ("", "A talk by the sea.", 2, (2,)),
        ("The boats", "three\nblue", 4, (5, 6)),
    ]
    assert [(turn.text, turn.line, turn.topic) for turn in transcript.turns] == [
        ("Why blue?", 9, "Talk"), ("It was cheap.", 10, "Talk"),
    ]  # fmt: skip


def test_unmarked_headings_of_an_essay_are_titles() -> None:
    text = (
        "河边的三条船\n\n那年冬天我们只有三条船，谁也没想到会有今天。\n\n漏水：意外与必然\n\n"
        "第一条船下水就漏，我们修了整整一个月。\n\n后来再也没有漏过，这是木匠的功劳。\n"
    )
    assert [(s.title, s.line, s.lines) for s in read(text).sections] == [
        ("河边的三条船", 1, (3,)),
        ("漏水：意外与必然", 5, (7, 9)),
    ]


def test_short_lines_of_recognised_speech_are_not_headings() -> None:
    text = "so we went out\n\nto the old pier.\n\nlow\n\ntide it was.\n\nand then\n\nwe waited."
    (section,) = read(text).sections
    assert section.title == ""
    assert section.text.split("\n") == [line for line in text.split("\n") if line]


def test_a_heading_at_the_very_end_is_not_lost() -> None:
    transcript = read("**Q:** Why?\n\n**A:** Because.\n\n## To be continued in spring")
    assert transcript.sections[-1].text == "To be continued in spring"
    assert transcript.sections[-1].line == 5


@pytest.mark.parametrize("end", ["See more", "查看更多", "展开全文", "Back to top", "---", "* * *"])
def test_what_web_pages_leave_at_the_end_is_not_speech(end: str) -> None:
    turns = read(f"**Q:** Why?\n\n**A:** Because.\n\n{end}\n").turns
    assert (turns[-1].text, turns[-1].lines) == ("Because.", (3,))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("a **bold** and *thin* word", "a bold and thin word"),
        (r"the \*\*Dall-E\*\* model", "the Dall-E model"),
        ('see [the page](https://example.org/a_(b) "x") now', "see the page now"),
        ("see https://example.org/a_b_c now", "see https://example.org/a_b_c now"),
        ("`code_with_underscores` stays", "code_with_underscores stays"),
        ("2 * 3 * 4 and a_b_c", "2 * 3 * 4 and a_b_c"),
        ("if a < b and b > c", "if a < b and b > c"),
        ("one<br/>line <!-- hidden --> here", "oneline  here"),
        (r"\[laughs\] yes", "[laughs] yes"),
        ("~~no~~ yes", "no yes"),
    ],
)
def test_markup_inside_a_line_is_taken_off_and_the_words_stay(written: str, plain: str) -> None:
    assert read(f"Q: Why?\nA: {written}").turns[1].text == plain
