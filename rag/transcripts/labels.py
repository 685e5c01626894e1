"""Which lines begin with the name of a speaker, and which only look as if they did.

Two passes. `candidate` reads one line and says what label it may carry, in which style. `accept`
looks at all candidates of a file together: a label is a speaker when it is a known role, when the
file declares it, or when it recurs in a style in which the file marks its speakers. A bold list
item with a colon inside somebody's reply is none of these, and stays text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.text import HAN, fold
from rag.transcripts.markup import plain

TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_STAMP = rf"[\[(（【]?{TIME}[\])）】]?"
_LEADING_STAMP = re.compile(
    rf"[-*]?\s*({_STAMP})(?:\s*(?:-->|[-–—~至到])\s*{_STAMP})?\s*[-–—|]?\s*"
)
_TRAILING_STAMP = re.compile(rf"\s*[-–—|,，]?\s*({_STAMP})\s*$")
_LIST = re.compile(r"(?:>\s?|[-*+•]\s+(?=\*\*|\[|[^\s*]))+")

# (style family, pattern with groups label and rest). The first that fits wins.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("bold", re.compile(r"(?:\*\*|__)(?P<label>[^*]{1,60}?)\s*[:：]\s*(?:\*\*|__)(?P<rest>.*)")),
    ("bold", re.compile(r"\*\*(?P<label>[^*:：]{1,40})[:：](?P<rest>(?:(?!\*\*).)+)\*\*\s*$")),
    (
        "bold-out",
        re.compile(rf"\*\*(?P<label>[^*]{{1,60}}?)\*\*\s*(?P<time>{_STAMP})?\s*[:：](?P<rest>.*)"),
    ),
    (
        "bold-time",
        re.compile(rf"\*\*(?P<label>[^*]{{1,60}}?)\*\*\s*(?P<time>{_STAMP})(?P<rest>)\s*$"),
    ),
    ("heading", re.compile(r"#{1,6}\s+(?P<label>[^#]{1,60}?)\s*[:：]?\s*#*\s*(?P<rest>)$")),
    ("bracket", re.compile(r"\[(?P<label>[^\]]{1,40})\]\s*[:：](?P<rest>.*)")),
    ("bracket", re.compile(r"【(?P<label>[^】]{1,40})】\s*[:：]?(?P<rest>.*)")),
    (
        "plain",
        re.compile(
            rf"(?P<label>[^\s:：#>*|][^:：]{{0,39}}?)\s*(?P<time>{_STAMP})?\s*"
            rf"(?:：|:(?=\s|$|[{HAN}“「『《（]))(?P<rest>.*)"
        ),
    ),
    (
        "plain-time",
        re.compile(rf"(?P<label>[^\s:：#>*|\d][^:：]{{0,39}}?)\s+(?P<time>{_STAMP})(?P<rest>)\s*$"),
    ),
)

_ASKER = re.compile(
    r"主持人?|主播|记者|采访者|访谈者|提问者?|问题?"
    r"|(?:观众|听众|网友|现场观众|读者|学生|听众朋友)?(?:提问|问)\d*|观众|听众|网友|读者|现场观众"
    r"|q(?:uestion)?\s?\d*|co-?hosts?|hosts?|interviewers?|moderators?"
    r"|audience(?: (?:member|question))?|questioner|reporter|journalist",
)
_ANSWERER = re.compile(
    r"嘉宾\s?\d*|受访者|被访者|回?答\d*|回答者|旁白"
    r"|(?:发言人|说话人|讲者|参会者)\s?\w{0,2}"
    r"|a(?:nswer)?\s?\d*|guests?\s?\d*|interviewees?|participants?\s?\w{0,2}|narrator"
    r"|(?:unknown )?speakers?[ _]?\w{0,2}",
)
_NOT_SPEAKERS = frozenset(
    "note notes slides slide music nb ps p.s tip tips warning http https ftp mailto example summary"
    " title date source sources tags update link links url email e-mail tel cc re fw todo key"
    " result results conclusion"
    " 注 注意 备注 例如 比如 譬如 如 总结 小结 摘要 来源 参考 链接 时间 地点 日期 结论 说明"
    " 译者注 编者按 编者注 图 表 原文 视频 标题 作者 编辑 翻译 关键词"
    " 优点 缺点 目标 原因 结果 方法 步骤 第一 第二 第三 首先 其次 最后".split()
)
# The usual family names: enough to tell 张三 from 总结 where a label stands only once.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋"
    "蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段"
    "雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄"
    "聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲"
    "盛冉翁蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦"
    "褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫"
    "寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_TITLES = "老师|博士|教授|先生|女士|总|同学|医生|律师|经理|工|姐|哥|导|院长|校长|主任"
_HAN_NAME = re.compile(
    rf"[{HAN}]{{2,4}}|[{HAN}]{{1,3}}(?:{_TITLES})|[{HAN}]{{1,6}}·[{HAN}·]{{1,12}}"
    rf"|[小老阿][{HAN}]{{1,2}}"
)
_CAPITALISED = r"[A-ZÀ-Þ][\w'’.-]*"
_PARTICLE = r"(?:de|da|del|di|van|von|der|la|le|bin|al)"
_LATIN_NAME = re.compile(
    rf"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?{_CAPITALISED}"
    rf"(?: (?:{_PARTICLE}|{_CAPITALISED})){{0,3}}(?:, [A-Z][\w.]*)?"
)
_FORBIDDEN = re.compile(r"[。！？!?；;“”\"…<>|=\\{}]|https?")
_PARENTHESIS = re.compile(r"\s*[(（\[][^)）\]]*[)）\]]\s*$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may open a turn: its label, the text after it, and how the label is written."""

    index: int
    label: str
    rest: str
    style: str
    seconds: float | None = None

    @property
    def key(self) -> str:
        """The label as it is compared."""
        return fold(self.label)


def candidate(line: str, index: int) -> Candidate | None:
    """Return the label that `line` may carry, or None when it cannot be one."""
    text = line.strip()
    stamp = None
    if match := _LEADING_STAMP.match(text):
        stamp, text = match[1], text[match.end() :]
    if match := _LIST.match(text):
        text = text[match.end() :]
    for style, pattern in _PATTERNS:
        if (match := pattern.match(text)) is None:
            continue
        groups = match.groupdict()
        label, inner = _split_stamp(groups["label"])
        rest, after = groups["rest"], None
        if not inner and (lone := re.fullmatch(rf"\s*({_STAMP})\s*", rest)):
            rest, after = "", lone[1]
        label = clean(label)
        if not _plausible(label, style):
            return None
        time = stamp or groups.get("time") or inner or after
        return Candidate(index, label, rest, style, seconds(time) if time else None)
    return None


def _split_stamp(label: str) -> tuple[str, str | None]:
    if match := _TRAILING_STAMP.search(label):
        return label[: match.start()], match[1]
    return label, None


def clean(label: str) -> str:
    """Return a label without markup, brackets and a remark in parentheses behind the name."""
    text = plain(label).strip(" \t-–—•#")
    if len(text) > 2 and text[0] in "[【（(" and text[-1] in "]】）)":
        text = text[1:-1].strip()
    return _PARENTHESIS.sub("", text) or text


def seconds(stamp: str) -> float:
    """Read `[hh:]mm:ss[.fff]`, brackets allowed, as seconds."""
    parts = re.sub(r"[\[\]()（）【】\s]", "", stamp).replace(",", ".").split(":")
    total = 0.0
    for part in parts:
        total = total * 60 + float(part)
    return total


def is_asker(label: str) -> bool:
    """Tell whether a label is a role that asks: host, reporter, audience, Q."""
    return _ASKER.fullmatch(fold(label)) is not None


def is_role(label: str) -> bool:
    """Tell whether a label is a known role rather than a name."""
    folded = fold(label)
    return bool(_ASKER.fullmatch(folded) or _ANSWERER.fullmatch(folded))


def is_name(label: str) -> bool:
    """Tell whether a label has the shape of a person's name, Chinese or Western."""
    if _HAN_NAME.fullmatch(label):
        return label[0] in _SURNAMES or "·" in label or label[0] in "小老阿"
    return _LATIN_NAME.fullmatch(label) is not None


def accept(candidates: Sequence[Candidate], declared: Iterable[str]) -> list[Candidate]:
    """Return the candidates that really open a turn; empty when nobody speaks in the file."""
    names = {fold(name) for name in declared}
    counts = Counter((item.style, item.key) for item in candidates)
    known = {
        (item.style, item.key)
        for item in candidates
        if is_role(item.label) or _declared(item.key, names) or _recurs(item, counts)
    }
    weights = Counter(item.style for item in candidates if (item.style, item.key) in known)
    if not weights:
        return []
    # Styles that mark a fair share of the turns; a stray style only adds labels known elsewhere.
    major = {style for style, weight in weights.items() if weight * 4 >= max(weights.values())}
    main = max(weights, key=lambda style: weights[style])
    speakers = {key for style, key in known if style in major}
    accepted = [
        item
        for item in candidates
        if (item.style in major and (item.style, item.key) in known)
        or (item.key in speakers and item.style != "heading")
        or (item.style == main != "heading" and is_name(item.label))
    ]
    return accepted if len(accepted) >= 2 else []


def _declared(key: str, names: set[str]) -> bool:
    """A label is declared when it is a declared name, or a word-wise beginning or end of one."""
    return any(
        key == name or (len(key) > 1 and (name.startswith(key + " ") or name.endswith(" " + key)))
        for name in names
    )


def _recurs(item: Candidate, counts: Counter[tuple[str, str]]) -> bool:
    count = counts[item.style, item.key]
    if item.style in ("bold", "bracket", "bold-time", "bold-out"):
        return count >= 2
    # Bare text and headings are full of colons that introduce no speaker: ask for more.
    return (count >= 2 and is_name(item.label)) or (count >= 3 and item.style != "heading")


def _plausible(label: str, style: str) -> bool:
    if not label or len(label) > 40 or _FORBIDDEN.search(label):
        return False
    if not any(char.isalpha() for char in label) or re.match(r"\d+[.、)]", label):
        return False
    if style not in ("bold", "bold-out") and re.search(r"[，,、]", label):
        return False
    if fold(label) in _NOT_SPEAKERS:
        return False
    han = len(re.findall(f"[{HAN}]", label))
    return han <= 12 and len(label.split()) <= 6
