"""Markdown inside a line, taken off so that only what was said remains.

A CommonMark parser is no help here: its flanking rules leave `**主持人：**我们` unparsed, because a
closing mark between full-width punctuation and a letter does not close.
"""

from __future__ import annotations

import re

_TAG = re.compile(
    r"(?<!\\)</?(?:abbr|article|audio|a|blockquote|br|b|center|cite|code|details|div|em|figcaption|figure"
    r"|font|h[1-6]|hr|iframe|img|i|li|mark|ol|pre|p|q|section|small|source|span|strong|sub|summary"
    r"|sup|s|table|tbody|td|thead|th|tr|ul|u|video)\b[^<>]*>",
    re.IGNORECASE,
)
_MACHINERY = re.compile(
    r"<!--(?:(?!<!--).)*?-->"
    r"|\{\{[<%](?:(?!\{\{).)*?[%>]\}\}|\{%(?:(?!\{%).)*?%\}|\{:[^{}]*\}"  # Hugo, Liquid, kramdown
)
# No pattern may scan past the next opening mark of its kind: on a long line of unclosed marks,
# which machines do write, the time would grow with the square of its length.
_TEXT = r"((?:[^\[\]]|\[[^\[\]]*\])%s)"
_TARGET = r"\((?:[^()\s]|\([^()\s]*\))*+(?:\s+\"[^\"]*\")?\)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_MACHINERY, ""),
    (re.compile(rf"(?<!\\)!\[{_TEXT % '*+'}\]{_TARGET}"), r"\1"),
    (re.compile(rf"(?<!\\)\[{_TEXT % '++'}\]{_TARGET}"), r"\1"),
    (re.compile(r"(?<!\\)<((?:https?|mailto):[^<>\s]+)>"), r"\1"),
    (_TAG, ""),
    (re.compile(r"(?<!\\)(?:\\\\)*`([^`]+)`"), r"\1"),
    (re.compile(r"\\([!-/:-@\[-`{-~：])"), "\ue000\\1"),  # escapes: protected, then restored
)
_EMPHASIS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<!\ue000)\*\*\*|(?<!\ue000)\*\*|(?<![\ue000\w])__(?=\S)|(?<=\S)__(?!\w)"), ""),
    (re.compile(r"(?<![\ue000\w*])\*(?=\S)([^*\n]*?[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\ue000\w])_(?=\S)([^_\n]*?[^\s_])_(?!\w)"), r"\1"),
    (re.compile(r"(?<!\ue000)~~"), ""),
)
_BLOCK = re.compile(r"^\s*(?:>\s?)*(?:[-*+•]\s+(?=\S))?")
_ESCAPED_STARS = re.compile(r"\ue000\*\ue000\*")
_ESCAPED_LINES = re.compile(
    r"(?<!\w)\ue000_\ue000_(?=\S)((?:(?!\ue000_).)+)(?<=\S)\ue000_\ue000_(?!\w)"
)


def plain(line: str) -> str:
    """Return one line without list marker, quote marker, emphasis, links and escapes."""
    text = _BLOCK.sub("", line.replace("\ue000", ""), count=1)
    if not _MARKED.search(text):
        return text.strip()
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    for pattern, replacement in _EMPHASIS:
        text = pattern.sub(replacement, text)
    # Emphasis that was escaped by a web clipper was emphasis once: \*\*DALL-E\*\* reads DALL-E.
    text = _ESCAPED_LINES.sub(r"\1", _ESCAPED_STARS.sub("", text))
    return text.replace("\ue000", "").strip()


def bare(line: str) -> str:
    """Return one line without the HTML tags and template calls that wrap what it says."""
    return _TAG.sub("", _MACHINERY.sub("", line)) if _WRAPPED.search(line) else line


_MARKED = re.compile(r"[*_`~\[\]<>\\{}]")
_WRAPPED = re.compile(r"[<{]")


def heading(line: str) -> str | None:
    """Return the text of a Markdown heading, or None; a line that is all bold counts as one."""
    if match := _HEADING.match(line.strip()):
        return plain(line.strip()[match.end() :].rstrip("#"))
    if (match := _BOLD_LINE.fullmatch(line.strip())) and not _SENTENCE_END.search(match[1]):
        return plain(match[1])
    return None


_HEADING = re.compile(r"#{1,6}\s")
_BOLD_LINE = re.compile(r"\*\*((?:(?!\*\*).){1,60})\*\*[：:]?")
_SENTENCE_END = re.compile(r"[。！!.…]$")
