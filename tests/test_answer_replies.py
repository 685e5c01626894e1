"""Replies as models write them, faithful and lying, checked against turns of the sample corpus.

In a reply `%L9` stands for the key of turn 9 of the transcript with that letter. A faithful one is
shown as it is, but for the spelling of its keys; of a lying one each lie is found, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from test_answer_check import NAMES, QUESTION, turns

from rag import Rag, Settings
from rag.answer.check import Checker
from rag.answer.pack import given
from rag.answer.support import unsupported
from rag.text import language

CORPUS = Path(__file__).parent.parent / "corpus"
TRANSCRIPTS = {
    "A": "altman-ai-ascent-2025",
    "M": "app-review-meeting",
    "D": "battery-recycling-podcast",
    "P": "battery-swap-qa",
    "B": "bridge-inspection-roundtable",
    "L": "library-planning-meeting",
    "S": "school-and-chatbots",
    "T": "tidal-bookstore-podcast",
}

FAITHFUL = [
    (
        "zh table",
        "L",
        "| 发言人 | 原话 | 出处 |\n"
        "| --- | --- | --- |\n"
        "| 马小川 | 「所以我推荐丑的。」 | [%L26] |\n"
        "| 许一苇 | 「你张嘴就要 48000？」 | [%L25] |\n"
        "| 周岚 | 「柜台不撤。」 | [%L30] |\n",
    ),
    ("zh block quote with name", "P", "> **彭立洲**：不能。但是凳子比广告便宜。[%P46]\n"),
    ("zh block quote plain dash below", "P", "> 但是凳子比广告便宜。\n> ——彭立洲 [%P46]\n"),
    ("zh block quote mimics prompt", "P", "> [%P8] 彭立洲: 对，老邓。他说他欠我一部电梯。\n"),
    (
        "zh note callout",
        "P",
        "彭立洲说电池平均用「26 个月」[%P18]。\n"
        "\n"
        "> **注意**：记录里没有提到退役电池的具体价格构成。\n",
    ),
    (
        "zh quote then named answer",
        "P",
        "「这能挣钱吗？」[%P45]，彭立洲说「不能。但是凳子比广告便宜。」[%P46]",
    ),
    (
        "zh asked him he answered",
        "P",
        "沈砚问起押金的事，他说「那两千万不是我的钱，我怎么睡得那么香呢？」[%P28]",
    ),
    (
        "zh asked about, she said",
        "T",
        "阿澄问到咖啡的时候，她承认「我覺得賣了咖啡，書就變成裝潢」[%T25]。",
    ),
    (
        "zh passive asker label",
        "P",
        "被沈砚问到为什么涨价时，给出的理由有两个：\n"
        "- 「电费涨了一截」[%P12]\n"
        "- 「大头还是电池」[%P12]\n",
    ),
    ("zh spoken to only", "P", "面对沈砚的追问，老板只回答：「不能。但是凳子比广告便宜。」[%P46]"),
    ("zh told interviewer", "P", "他告诉沈砚：「差点没扛住，工资晚发了九天。」[%P30]"),
    (
        "zh after names in paren one sentence",
        "L",
        "一边是「这个我更反对」（老贺）[%L16]，一边是「我的意见是取消」（许一苇）[%L15]。",
    ),
    ("zh dash name inline", "L", "「逾期不罚」——周岚 [%L22]，「但是丢了书总得赔」——老贺 [%L21]。"),
    ("zh split quote", "L", "“规矩就是规矩，”老贺说，“我在厂里管了三十年工具间” [%L16]。"),
    ("zh scare quotes", "L", "这其实是一场“规则”与“人情”的讨论 [%L16]。"),
    ("zh scare 知道", "T", "很多人知道“夜讀”是凌晨開始的 [%T42]。"),
    ("zh keys bare second number", "A", "API 的来历他讲得很细 [%A11, 13]。"),
    ("zh key bare parens", "A", "他把代码「放在正中间」（%A45）。"),
    ("zh key backticks", "A", "他把代码「放在正中间」`[%A45]`。"),
    ("zh key with source label", "A", "他把代码「放在正中间」[来源：%A45]。"),
    ("zh nested corner", "M", "唐一舟说：「问题是没人愿意在菜市场大声说『我花了一百二』」[%M17]。"),
    (
        "zh two speakers chained",
        "M",
        "米粒要求账单里写“你记了 312 天”，陆晴当场说“这个好，就这么写” [%M27-28]。",
    ),
    ("zh number in 万", "M", "日活从 9.6 万掉到 8.1 万 [%M2]。"),
    ("zh number wan to digits", "P", "他们一共有 1260 个柜子、42000 多名骑手 [%P2]。"),
    ("zh profit", "P", "今年 6 月第一次单月盈利，赚了 7.3 万 [%P36]。"),
    (
        "zh english quoted with quoted translation",
        "B",
        "Ottoline 说：「There's no photograph of thud.」（“闷响是拍不出照片的。”）[%B28]",
    ),
    (
        "zh translation label",
        "S",
        "Gareth Pryce：“Well, I could have. But I'd have had to look a"
        "t myself.”（译文：“我当然可以，但那样我就得正视自己了。”）[%S4]",
    ),
    (
        "en quote zh with quoted translation",
        "P",
        '彭立洲 says “不能。但是凳子比广告便宜。” ("No. But a stool is cheaper than a'
        'dvertising.") [%P46]',
    ),
    (
        "en translation first, original in parens",
        "P",
        '彭立洲 says "a stool is cheaper than advertising" (「凳子比广告便宜」) [%P46].',
    ),
    (
        "en million to zh",
        "D",
        "2022 年芝加哥一家基金想投 250 万美元，Desmond 拒绝了，改向信用社借了 31 万美元 [%D41]。",
    ),
    (
        "en split by said",
        "D",
        '"Nobody was in," Desmond said. "What it cost us was six week'
        's with the doors shut" [%D19].',
    ),
    (
        "en two speakers said after",
        "D",
        '"I still want my five bucks," said Ike, and "I\'ll give you f'
        'ive bucks, Ike," said Desmond [%D34-35].',
    ),
    (
        "en question answered he",
        "D",
        'When Nora asks whether anyone was hurt, he says "No. Nobody was in." [%D19]',
    ),
    (
        "en asked by",
        "D",
        "Asked by Ike what they do now, his answer is “Racks of resis"
        "tors. Basically a wall of toasters.” [%D25]",
    ),
    ("en told nora", "D", 'He told Nora: "I preached salt water for three years" [%D23].'),
    (
        "en other named as topic",
        "D",
        'Unlike Ike, who wants a deposit, Desmond says he wants them "boring" [%D31].',
    ),
    (
        "en quote then key then next speaker",
        "B",
        '"And the bills?" [%B15] Callum\'s answer: "Ours was £6,200, r'
        'eport included." [%B16] Ottoline\'s: "Ours was £21,000. I\'m not ashamed of it." [%B17]',
    ),
    (
        "en headings",
        "B",
        "### Callum\n"
        '- "It worked in the lab." [%B29]\n'
        '- "Outside, a drone is the loudest thing on the bridge." [%B31]\n'
        "\n"
        "### Ottoline\n"
        '- "There\'s no photograph of thud." [%B28]\n',
    ),
    (
        "en apostrophes",
        "S",
        "Pryce doesn't regret it; the pupils' rule, the '90s style ba"
        "n and the teachers' reports all came up [%S8].",
    ),
    (
        "en scare quotes longer",
        "S",
        'So there is no "ban" any more, only a "policy" that pupils can explain [%S8].',
    ),
    ("en keys and", "S", "He unbanned it because his own staff used it [%S4 and %S6]."),
    (
        "en parenthetical names",
        "B",
        'They disagree on drones: "a sharp enough picture counts" (Ca'
        'llum) versus "touching is touching" (Ottoline) [%B52-53].',
    ),
    (
        "en quote about other speaker",
        "B",
        "Ottoline gives Callum credit for that: \"He did. I'll give hi"
        "m that. Most wouldn't.\" [%B26]",
    ),
    (
        "en Callum, asked by Maren",
        "B",
        'Callum, asked by Maren what stops him, says "At 10 metres a second I pack up." [%B34]',
    ),
    (
        "en deepseek style",
        "B",
        "Based on the provided transcripts:\n"
        "\n"
        "**1. Cost**\n"
        "- **Callum's drone survey**: £6,200 [%B16]\n"
        "- **Ottoline's rope team**: £21,000, of which \"Half of that "
        'was closing the road" [%B17]\n'
        "\n"
        "**2. Accuracy**\n"
        '- The drone missed a crack at arch eleven: "From the air it\'s a nest." [%B23]\n',
    ),
    (
        "zh qwen style",
        "M",
        "投诉排第一的是一句话：“我的加号呢？”[%M7]。原因是高原把加号“挪到右上角了” [%M8]，"
        "而那位 67 岁的阿姨“右上角她够不着” [%M13]。",
    ),
    ("zh reversed role", "M", "这话是高原说的，不是米粒说的：「我本来想反对的。」[%M20]"),
    ("zh 18.6 wan", "L", "今年经费共 18.6 万元，比去年少 1.4 万元，能动的只有 5.2 万元 [%L4]。"),
]

LYING = [
    ("zh negation dropped", "A", "他直说「现在的语音做得还行」[%A43]。", "near"),
    ("zh number cut", "P", "彭立洲说「一千万防一件没发生的事」[%P14]。", "near"),
    (
        "zh speaker in heading",
        "L",
        "### 许一苇\n\n- 「这个我更反对。不罚，书就不回来了。」[%L16]\n",
        "speaker",
    ),
    (
        "zh speaker in bold line",
        "L",
        "**许一苇**\n\n「这个我更反对。不罚，书就不回来了。」[%L16]\n",
        "speaker",
    ),
    (
        "zh speaker in nested list",
        "L",
        "- **许一苇**\n  - 「这个我更反对。」[%L16]\n- **老贺**\n  - 「我教她修书」[%L23]\n",
        "speaker",
    ),
    (
        "zh speaker in table",
        "L",
        "| 发言人 | 原话 | 出处 |\n|---|---|---|\n| 周岚 | 「所以我推荐丑的。」 | [%L26] |\n",
        "speaker",
    ),
    (
        "zh speaker in table after",
        "L",
        "| 原话 | 谁说的 | 出处 |\n|---|---|---|\n| 「所以我推荐丑的。」 | 周岚 | [%L26] |\n",
        "speaker",
    ),
    ("zh speaker after", "L", "「445，批了。」周岚说 [%L43]。", "speaker"),
    ("zh speaker after question", "P", "「有人受伤吗？」彭立洲问 [%P15]。", "speaker"),
    (
        "zh speaker after in paren",
        "L",
        "有人反对：「不罚，书就不回来了」（许一苇，[%L16]）。",
        "speaker",
    ),
    ("zh speaker after dash", "L", "「不罚，书就不回来了」——阿依娜 [%L16]", "speaker"),
    ("zh speaker by block label", "P", "> **沈砚**：不能。但是凳子比广告便宜。[%P46]\n", "speaker"),
    ("zh speaker by block dash", "P", "> 「凳子比广告便宜。」\n> —— 沈砚 [%P46]\n", "speaker"),
    ("zh speaker plain block dash", "P", "> 但是凳子比广告便宜。\n> —— 沈砚 [%P46]\n", "speaker"),
    (
        "zh speaker two swapped",
        "M",
        "高原问「什么时候能发？」，陆晴回答「代码半天，审核两天」[%M21][%M22]。",
        "speaker speaker",
    ),
    (
        "zh speaker with other as topic",
        "M",
        "说到米粒的要求，唐一舟说：「这个好，就这么写。」[%M28]",
        "speaker",
    ),
    (
        "zh speaker 由",
        "L",
        "「那就加，周日下午 3 点，从 3 月 23 日开始」由阿依娜提出 [%L39]。",
        "speaker",
    ),
    ("zh place by key first", "L", "[%L2] 老贺：「带两斤。」\n", "place"),
    ("zh place in table", "L", "| [%L2] | 老贺 | 「行吧，我收回。」 |\n", "place"),
    ("zh key second bad", "L", "老贺反对延长 [%L9, 99]。", "key"),
    ("zh key in parens bad", "L", "老贺反对延长（%L99）。", "key"),
    ("zh key label bad", "L", "老贺反对延长 [来源：%L99]。", "key"),
    (
        "zh spliced turns",
        "L",
        "老贺说「我反对。这个我更反对。不罚，书就不回来了。」[%L9][%L16]",
        "near",
    ),
    ("zh spliced speakers", "L", "「那能不能只开一楼？只开一楼……行。」[%L11-13]", "near"),
    ("zh invented quote no key", "L", "老贺还说过：「我年轻的时候在船上当过三年厨师。」", "absent"),
    (
        "zh invented block",
        "P",
        "彭立洲说：\n\n> 我们明年要去火星上建第一座换电站。[%P46]\n",
        "absent",
    ),
    ("zh translated as quote", "B", "Ottoline 说：「好石头会响，坏石头会闷。」[%B28]", "absent"),
    ("zh invented number wan", "M", "日活从 9.9 万掉到 7.1 万 [%M2]。", "claim"),
    ("zh invented number scale", "P", "账上曾有 2000 亿押金，后来全部退还 [%P28]。", "claim"),
    (
        "zh one lie among truths",
        "M",
        "- 陆晴：「先不涨了」[%M30]\n- 陆晴：「推到明年再议」[%M30]\n- 陆晴：「好，散会」[%M35]\n",
        "near",
    ),
    (
        "zh ellipsis drops negator",
        "P",
        "彭立洲说「热力图看得到骑手在哪儿，……看得到他在哪儿愿意停」[%P40]。",
        "near",
    ),
    ("en negation dropped", "D", 'Desmond says, "I\'ll let anyone paint it." [%D10]', "near"),
    ("en number", "D", 'The insurance "went from $38,000 a year to $141,000" [%D19].', "near"),
    ("en speaker before", "B", 'Callum says, "There\'s no photograph of thud." [%B28]', "speaker"),
    (
        "en speaker after full stop",
        "B",
        '"There\'s no photograph of thud." Callum said [%B28].',
        "speaker",
    ),
    (
        "en speaker after question",
        "B",
        '"Have you ever been hurt?" Callum asked [%B40].',
        "speaker",
    ),
    (
        "en speaker argued after",
        "B",
        '"There\'s no photograph of thud," argued Callum [%B28].',
        "speaker",
    ),
    (
        "en speaker in heading",
        "B",
        '### Callum\n- "There\'s no photograph of thud." [%B28]\n',
        "speaker",
    ),
    (
        "en speaker block dash",
        "B",
        '> "There\'s no photograph of thud."\n> — Callum [%B28]\n',
        "speaker",
    ),
    (
        "en speaker block dash plain",
        "B",
        "> There's no photograph of thud.\n>\n> — Callum [%B28]\n",
        "speaker",
    ),
    ("en speaker inline dash", "B", '"There\'s no photograph of thud." — Callum [%B28]', "speaker"),
    (
        "en speaker parens",
        "B",
        'One of them objects: "There\'s no photograph of thud" (Callum) [%B28].',
        "speaker",
    ),
    (
        "en speaker according to",
        "B",
        'According to Callum, "There\'s no photograph of thud" [%B28].',
        "speaker",
    ),
    (
        "en two swapped said after",
        "D",
        '"I still want my five bucks," said Desmond, and "I\'ll give y'
        'ou five bucks, Ike," said Ike [%D34-35].',
        "speaker speaker",
    ),
    ("en pronoun", "B", 'Callum disagrees. He says "touching is touching" [%B53].', "speaker"),
    ("en key decides", "S", 'He says "Have you caught anyone?" [%S12].', "speaker"),
    ("en place", "S", 'Pryce: "Same hall, same microphone." [%S8]', "place"),
    ("en key bad", "S", "The ban lasted eleven weeks [%S77].", "key"),
    ("en key parens bad", "S", "The ban lasted eleven weeks (%S77).", "key"),
    ("en key source bad", "S", "The ban lasted eleven weeks [Source: %S77].", "key"),
    (
        "en spliced ellipsis",
        "D",
        'Desmond: "Runs every Tuesday ... About 3.2 tonnes." [%D10]',
        "absent",
    ),
    (
        "en translated as quote",
        "P",
        '彭立洲 says "a stool is cheaper than advertising" [%P46].',
        "absent",
    ),
    (
        "en quoted translation of a lie",
        "P",
        '彭立洲 says “不能。但是椅子比广告便宜。” ("No. But a chair is cheaper than a'
        'dvertising.") [%P46]',
        "near absent",
    ),
    (
        "en quoted translation hides invented",
        "P",
        '彭立洲 says “不能。但是凳子比广告便宜。” [%P46] and "We shall open a thousan'
        'd stations in France next year" [%P46].',
        "absent",
    ),
    (
        "en mid-list speaker",
        "B",
        '1. Callum – "It worked in the lab." [%B29]\n'
        '2. Callum – "I\'ve got a hand." [%B24]\n'
        '3. Ottoline – "Lightning. And falcons." [%B36]\n',
        "speaker",
    ),
    (
        "en subject beside topic",
        "D",
        "Desmond was criticised by Ike, and Ike said \"I don't want th"
        'em stored. I want them boring." [%D31]',
        "speaker",
    ),
]

Check = Callable[[str, str, int], tuple[str, list[str]]]


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Check a reply against all turns of a transcript, fed in pieces of a size."""
    index = str(tmp_path_factory.mktemp("replies") / "index")
    rag = Rag.build([CORPUS], chosen=Settings(index=index, model="none"))

    def check_(letter: str, reply: str, size: int) -> tuple[str, list[str]]:
        hits = rag.search("谁说了什么 what was said", 60, transcript=TRANSCRIPTS[letter])
        names = dict.fromkeys(name for hit in hits for name in hit.passage.speakers)
        checker = Checker(given(hits), list(names), "他们说了什么？", language(reply))
        parts = [checker.feed(reply[n : n + size]) for n in range(0, len(reply), size)]
        shown = "".join(parts) + checker.finish()
        kinds: list[str] = [finding.kind for finding in checker.found.findings]
        return shown, kinds + ["claim" for _ in unsupported(shown, given(hits), rag.encoder)]

    return check_


def written_out(reply: str) -> str:
    return re.sub(r"%([A-Z])(?=\d)", lambda match: f"{TRANSCRIPTS[match[1]]}:", reply)


def even(text: str) -> str:
    """A reply without what may be written differently in its keys."""
    text = re.sub(r"[a-z]+(?:-[a-z0-9]+)*:(?=\d)", "", text)
    text = re.sub(r"(?<=\d)(?:; | and )(?=\d)", ",", text)
    return text.translate(str.maketrans("（）()【】［］", "[][][][]")).replace(" ", "")


@pytest.mark.parametrize(
    ("letter", "reply"), [case[1:] for case in FAITHFUL], ids=[case[0] for case in FAITHFUL]
)
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_a_faithful_reply_is_left_alone(letter: str, reply: str, size: int, check: Check) -> None:
    reply = written_out(reply)
    shown, found = check(letter, reply, size)
    assert found == []
    assert even(shown) == even(reply)


@pytest.mark.parametrize(
    ("letter", "reply", "expected"), [case[1:] for case in LYING], ids=[case[0] for case in LYING]
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_every_lie_is_found(
    letter: str, reply: str, expected: str, size: int, check: Check
) -> None:
    _, found = check(letter, written_out(reply), size)
    assert found == expected.split()


FRAGMENTS = st.sampled_from(
    ["王秀兰", "主持人", "Marta", "said", "说", "问", " ", "，", ", ", ". ", "。", "\n", "\n> ",
     "> ",
     "- ", "「", "」", "“", "”", "'", '"', "(", ")", "（", "）", "[tea:2]", "[tea:9]", "tea:2", "[",
     "]", "：", "我们每天早上五点开门", "五点开门", "I never work at night", "—", "--", "**",
     "|", "？",
     "2.4.1", "#", "他", "she ", "…", "3.", "a", "'90s", "`"]
)  # fmt: skip


@sampled(st.lists(FRAGMENTS, max_size=25).map("".join), st.integers(1, 9))
def test_where_a_reply_is_cut_changes_neither_text_nor_findings(reply: str, size: int) -> None:
    def checked(parts: list[str]) -> tuple[object, ...]:
        checker = Checker(turns(), NAMES, QUESTION, "zh")
        shown = "".join(map(checker.feed, parts)) + checker.finish()
        found = checker.found
        return shown, found.findings, [(item.claim, item.where.key) for item in found.cited]

    assert checked([reply[n : n + size] for n in range(0, len(reply), size)]) == checked([reply])
