"""A conversation as Markdown in which every link, heading and list is ours.

What speakers, models and askers wrote is escaped so that it shows as it is: it makes no link, no
image, no heading, no HTML (CommonMark 0.31 and the autolinks of GitHub). A citation becomes a link
to where it can be checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from rag.conversations.remarks import remarks
from rag.errors import UsageError, safe
from rag.text import clock, language, one_line, unnamed
from rag.types import Address, Answer, Citation

if TYPE_CHECKING:
    from rag.conversations import Conversation

_TITLE = 100  # characters of the first question that make a title
_WORDS = {
    "zh": {
        "sources": "出处", "source": "{key} {speaker}，第 {line} 行{time}：「{quote}」",
        "unsaid": "{key} {speaker}，第 {line} 行{time}：（✗ 记录里没有）「{quote}」",
        "place": "{key} {speaker}，第 {line} 行{time}", "broken": "未完成：{why}",
        "checked": "核对", "time": "（{clock}）",
    },
    "en": {
        "sources": "Sources", "source": "{key} {speaker}, line {line}{time}: “{quote}”",
        "unsaid": "{key} {speaker}, line {line}{time}: (✗ not in the transcript) “{quote}”",
        "place": "{key} {speaker}, line {line}{time}", "broken": "Incomplete: {why}",
        "checked": "Checked", "time": " ({clock})",
    },
}  # fmt: skip

_ANYWHERE = re.compile(r"[\\`*_\[\]<>&#|~$^!]|:(?=//)|\.(?=[^\W\d])")
_BEGINS_A_BLOCK = re.compile(r"\d{1,9}(?=[.)])|(?=[-+=:])")
_PLACE = r":s?[1-9]\d{0,8}(?:\.\d{1,9})?(?:-s?[1-9]\d{0,8}(?:\.\d{1,9})?)?"
_LINES = re.compile(r"#L\d+(?:-L\d+)?\Z")


def markdown(conversation: Conversation) -> str:
    """Write a conversation as a document, every citation a link, its sources listed."""
    title = conversation.title or conversation.id
    title = title if len(title) <= _TITLE else title[:_TITLE] + "…"
    blocks = [f"# {escaped(title)}", escaped(f"{conversation.created[:10]} · {conversation.id}")]
    for entry in conversation.entries:
        blocks += _answered(entry.answer)
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Write text, in one line, so that Markdown shows it as it is and makes nothing of it."""
    return _begun(_inside(" ".join(text.split())))


def target(link: str) -> str:
    """Write a link's target so that it ends where it should and leads nowhere but there."""
    if link.startswith(("http://", "https://")):
        return quote(link, safe=":/?#@!$&'*+,=%~", errors="surrogateescape")
    # A path: its colons are no scheme, and slashes in front of it no other machine.
    lines = _LINES.search(link)
    path = link[: lines.start()] if lines else link
    path = re.sub("^//+", "/", path)
    return quote(path, safe="/", errors="surrogateescape") + (lines[0] if lines else "")


def _answered(answer: Answer) -> list[str]:
    words = _WORDS["zh" if language(answer.question) == "zh" else "en"]
    blocks = [f"## {escaped(answer.question)}", *_paragraphs(answer)]
    if answer.incomplete:
        blocks.append(f"*{escaped(words['broken'].format(why=answer.failure or '…'))}*")
    if wrong := remarks(answer):
        blocks += [f"**{words['checked']}**", "\n".join(f"- {escaped(line)}" for line in wrong)]
    if answer.citations:
        spoken = language(answer.question)
        listed = dict.fromkeys(_source(item, words, spoken) for item in answer.citations)
        blocks += [f"**{words['sources']}**", "\n".join(listed)]
    return blocks


def _paragraphs(answer: Answer) -> list[str]:
    """The text, its lines kept, with its keys as links."""
    names = {re.escape(item.address.transcript) for item in answer.citations if item.link}
    one = rf"(?:{'|'.join(sorted(names, key=len, reverse=True))}){_PLACE}" if names else r"(?!)"
    key, keys = re.compile(one), re.compile(rf"\[({one}(?:, {one})*)\]")
    paragraphs: list[list[str]] = [[]]
    for line in safe(answer.text).split("\n"):
        if line.strip():
            paragraphs[-1].append(_linked(line, keys, key, answer.citations))
        elif paragraphs[-1]:
            paragraphs.append([])
    return ["\\\n".join(some) for some in paragraphs if some]


def _linked(
    line: str, keys: re.Pattern[str], key: re.Pattern[str], cited: Sequence[Citation]
) -> str:
    written, done = "", 0
    for bracket in keys.finditer(line):
        links = [_link(found, _where(found, cited)) for found in key.findall(bracket[1])]
        written += _inside(line[done : bracket.start()]) + ", ".join(links)
        done = bracket.end()
    return _begun((written + _inside(line[done:])).strip())


def _where(key: str, cited: Sequence[Citation]) -> str:
    """The link of the citation that a key names, or of the first of those within it."""
    try:
        place = Address.parse(key)
    except UsageError:
        return ""
    exact = [item.link for item in cited if item.address == place]
    within = [item.link for item in cited if item.address.covers(place)]
    return next(filter(None, exact + within), "")


def _inside(text: str) -> str:
    """Escape what means something anywhere in a line."""
    # GitHub makes a link of an e-mail address, escaped or not, but not across a word joiner.
    return _ANYWHERE.sub(r"\\\g<0>", safe(text)).replace("@", "\u2060@")


def _begun(line: str) -> str:
    """Escape what means something at the beginning of a line: a list, a rule, a heading's line."""
    start = _BEGINS_A_BLOCK.match(line)
    return line if start is None else f"{line[: start.end()]}\\{line[start.end() :]}"


def _link(key: str, link: str) -> str:
    return f"[{_inside(key)}]({target(link)})" if link else f"\\[{_inside(key)}\\]"


def _source(item: Citation, words: Mapping[str, str], spoken: str) -> str:
    form = words["source" if item.exact else "unsaid"] if item.quote else words["place"]
    line = str(item.line) if item.line == item.end_line else f"{item.line}–{item.end_line}"
    before, after = form.split("{key}")
    nobody = "—" if item.address.section else unnamed(spoken)
    speaker = _inside(" ".join(item.speaker.split()) or nobody)
    time = "" if item.start is None else words["time"].format(clock=clock(item.start))
    quote = _inside(one_line(item.quote))
    said = after.format(speaker=speaker, line=line, time=time, quote=quote)
    return f"- {before}{_link(str(item.address), item.link)}{said}"
