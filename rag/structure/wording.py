"""The sentences of an answer from structure, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.text import unnamed
from rag.types import Citation, Transcript

SHOWN = 12
"""Items of a list that are shown; the rest is counted."""
_LONGEST_QUOTE = 240

_TEXTS = {
    "zh": {
        "more": "……还有 {count} 条。",
        "most_characters": "{scope}按字数，说得最多的是{who}：{share}。",
        "most_turns": "{scope}按发言次数，最多的是{who}：{share}。",
        "least_characters": "{scope}按字数，说得最少的是{who}：{share}。",
        "least_turns": "{scope}按发言次数，最少的是{who}：{share}。",
        "most_questions": "问得最多的是{who}：{share}。",
        "least_questions": "问得最少的是{who}：{share}。",
        "question_count": "{count} 个问句",
        "then": "其后：",
        "but_turns": "按发言次数则是{who}：{share}。",
        "but_characters": "按字数则是{who}：{share}。",
        "share": "{turns} 次发言，{characters} 个字",
        "spoke": "{who}：{share}",
        "all_turns": "一共 {turns} 次发言，{characters} 个字，{people} 人。",
        "asked": "{who}：{turns} 次发言带问句，共 {questions} 个问句（发言共 {all} 次）",
        "speakers": "{scope}一共 {count} 人说话：",
        "transcripts": "一共 {count} 份：",
        "appears": "{who}在 {count} 份记录里说话：",
        "prose": "没有人说话，{sections} 段文字",
        "mentions": "“{topic}”按字面出现 {count} 次，在 {parts} 处、{transcripts} 份记录里"
        "（看了 {looked} 处）：",
        "askers": "问句里说到“{topic}”的有 {count} 处（看了 {looked} 处问句）：",
        "said": "{who} [{id}]：{share}",
        "first": "最先：",
        "last": "最后：",
        "span": "{title}：从 {start} 到 {end}，{share} [{address}]",
        "no_times": "{title}：记录里没有时间；{share} [{id}]",
        "date": "{title}：{date} [{id}]",
        "no_date": "{title}：没有写日期 [{id}]",
        "opening": "{title}：开头写着「{quote}」 [{address}]",
        "predictions": "带年份的预测 {count} 处（看了 {looked} 处发言和文字，"
        "只算写明将来年份的句子）：",
        "none": "没有找到带将来年份的预测（看了 {looked} 处）。",
        "quoted": "{who}：{before}「{quote}」{cut} [{address}]",
        "quoted_prose": "《{title}》：{before}「{quote}」{cut} [{address}]",
    },
    "en": {
        "more": "… and {count} more.",
        "most_characters": "{scope}By characters, {who} said most: {share}.",
        "most_turns": "{scope}By turns, {who} spoke most: {share}.",
        "least_characters": "{scope}By characters, {who} said least: {share}.",
        "least_turns": "{scope}By turns, {who} spoke least: {share}.",
        "most_questions": "{who} asked most: {share}.",
        "least_questions": "{who} asked least: {share}.",
        "question_count": "{count} questions",
        "then": "The others: ",
        "but_turns": "By turns it is {who}: {share}.",
        "but_characters": "By characters it is {who}: {share}.",
        "share": "{turns} turns, {characters} characters",
        "spoke": "{who}: {share}",
        "all_turns": "{turns} turns in all, {characters} characters, {people} speakers.",
        "asked": "{who}: {turns} turns with a question in them, {questions} questions"
        " (of {all} turns)",
        "speakers": "{scope}Speakers: {count}",
        "transcripts": "Transcripts: {count}",
        "appears": "{who} speaks in {count} of the transcripts:",
        "prose": "nobody speaks, {sections} sections of prose",
        "mentions": "“{topic}” stands there {count} times, in {parts} places of {transcripts}"
        " transcripts (of {looked} looked at):",
        "askers": "Questions about “{topic}”: {count} (of {looked} turns that ask):",
        "said": "{who} [{id}]: {share}",
        "first": "First: ",
        "last": "Last: ",
        "span": "{title}: from {start} to {end}, {share} [{address}]",
        "no_times": "{title}: the file has no times; {share} [{id}]",
        "date": "{title}: {date} [{id}]",
        "no_date": "{title}: the file gives no date [{id}]",
        "opening": "{title}: it opens with “{quote}” [{address}]",
        "predictions": "Predictions with a year: {count} (of {looked} turns and sections looked at;"
        " only sentences that name a year to come):",
        "none": "No prediction with a year to come was found ({looked} turns and sections looked"
        " at).",
        "quoted": "{who}: {before}“{quote}”{cut} [{address}]",
        "quoted_prose": "{title}: {before}“{quote}”{cut} [{address}]",
    },
}
_COMMA = {"zh": "；", "en": "; "}
_AND = {"zh": "、", "en": ", "}
_ONE = re.compile(r"\b1 (turn|question|time|place|transcript|character|section|speaker)s\b")


def say(language: str, key: str, **values: object) -> str:
    """Fill in a sentence."""
    if values.get("who") == "":
        values["who"] = unnamed(language)
    said = _TEXTS[language][key].format(**values)
    return _ONE.sub(r"1 \1", said) if language == "en" else said


def quote(language: str, cited: Citation, item: Transcript, before: str = "") -> str:
    """Show words with who said them and where, long ones cut at the end."""
    words = cited.quote
    cut = words[_LONGEST_QUOTE:] and "…"
    return _TEXTS[language]["quoted_prose" if cited.address.section else "quoted"].format(
        who=cited.speaker or unnamed(language),
        title=item.title,
        before=before,
        quote=" ".join(words[:_LONGEST_QUOTE].split()),
        cut=cut,
        address=cited.address,
    )


def capped(language: str, lines: Sequence[str], limit: int = SHOWN) -> list[str]:
    """Make list items, the first so many, and count those that are left out."""
    shown = [f"- {line}" for line in lines[:limit]]
    left = len(lines) - limit
    return [*shown, say(language, "more", count=left)] if left > 0 else shown


def names(language: str, people: Iterable[str]) -> str:
    """Join names or addresses as the language does."""
    return _AND[language].join(name or unnamed(language) for name in people)


def joined(language: str, parts: Iterable[str]) -> str:
    """Join statements into one line."""
    return _COMMA[language].join(parts)
