"""Where a quotation may not be cut, because the words left out turn its meaning around.

A stretch of a turn can be verbatim and still a lie: “we sell tickets” out of “we do not sell
tickets”, 五万块 out of 二十五万块. Three rules, for each piece of a quotation (an ellipsis begins a
new piece):

- **Negation before it.** It may not begin right after a negator of the same clause (不, 没, not,
  -n't, never …), also when auxiliaries stand between (不会|涨价, did not really|agree). Any
  punctuation ends a clause. Two negators in one phrase (不得不|走) make none. It is no negator
  where it ends another word (特别|, 除非|, 要不|), asks (是不是|) or only limits (not only, 不仅).
- **Negation behind it.** It may not end between an auxiliary and its not (we are|not ready), nor
  before a negated complement (我们做|不到) or the second half of a question (去|不去).
- **Numbers.** It may not begin or end inside one: 二十|五, 3|万, five|hundred, 5|million.

An ellipsis may leave out words, and with them a negator in an earlier clause; but none between the
piece behind it and the last mark before that piece.
"""

from __future__ import annotations

import re

from rag.text import fold

_REACH = 48  # characters before or behind a piece that are looked at
_QUOTES = r"[\s\"“”‘’「」『』*_]*"

_ALSO_ZH = (
    "有|是|会|能够|能|要|可以|可能|可|应该|应当|该|想|再|太|怎么|很|那么|这么|大|曾|敢|肯|愿意|愿"
    "|用|必|需要|需|得|一定|算|觉得|认为|相信|打算|准备|希望|让|许|准|人|办法|法|见得|至于"
)
_NEGATOR_ZH = (
    "(?<![何岂])(?<!(?<![只需主重想])要)不|(?<![沉淹埋出吞])没|(?<![除莫无是南若])非"
    "|(?<![特分告性区级类个差识离辨鉴送派国道])别|未|无(?=法)|莫(?!非)|勿|甭"
)
_BEFORE_ZH = re.compile(rf"(?:(?:{_NEGATOR_ZH})(?:{_ALSO_ZH})*)+$")
_SIGN_ZH = re.compile("[不没非别未无莫勿甭]")

_NEGATOR_EN = (
    r"(?:\b(?:not|never|no|nor|neither|without|cannot|nobody|nothing|none|non|hardly|barely"
    r"|scarcely|rarely|seldom)|\b\w+n't)\b"
)
_ALSO_EN = (
    "really|even|be|been|being|have|to|ever|yet|always|quite|so|very|that|necessarily|going|want"
    "|wanted|a|an|the|any|think|believe|feel|say|said|all|of|them|us|these|those|one|actually|truly"
    "|currently|exactly|fully|completely|entirely|too|much|allowed|able|supposed|sure|in|at"
)
_BEFORE_EN = re.compile(rf"{_NEGATOR_EN}(?:[\s-]+(?:(?:{_ALSO_EN})\b|{_NEGATOR_EN}))*$")
_SIGN_EN = re.compile(_NEGATOR_EN)
_NO_NEGATION_EN = re.compile(r"\b(?:why|or|if|whether)\s+$")
_ANSWERED_NO = re.compile(
    r"(?:i|we|you|he|she|they|it|this|that|there|but|and|so|because|no|well)(?:\b|')"
)
_AUXILIARY = re.compile(
    r"(?:\b(?:is|are|was|were|am|be|do|does|did|can|could|will|would|shall|should|may|might|must"
    r"|have|has|had)|['’](?:re|m|s|ll|d|ve))$"
)
_BEHIND_EN = re.compile(r"\s+(?:not|never)\b(?!\s+(?:only|just|merely|simply)\b)")
_BEHIND_ZH = re.compile("(?:不[了起到得见完动懂清住掉及透](?!不|了)|不了(?!了))")
_CLAUSE_MARK = re.compile(r"[^\w\s'’\-\"“”‘’「」『』*%$€£¥]")

_FIGURES = "0-9０-９零〇一二三四五六七八九十百千万亿两兩萬億"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SCALES = "hundred|thousand|million|billion|trillion"
_INSIDE_EN = (
    (re.compile(rf"(?:\b(?:{_TENS})[\s-]+)$"), re.compile(rf"(?:{_ONES})\b")),
    (
        re.compile(rf"(?:\d|\b(?:{_TENS}|{_ONES}|ten|eleven|twelve|{_SCALES}|a))[\s-]+$"),
        re.compile(rf"(?:{_SCALES}|percent|per cent)\b"),
    ),
    (
        re.compile(rf"\b(?:{_SCALES})[\s-]+(?:and\s+)?$"),
        re.compile(rf"(?:{_TENS}|{_ONES}|ten|eleven|twelve|\d)"),
    ),
)
_FIGURE_BEFORE = re.compile(rf"[{_FIGURES}]+$")
_FIGURE_BEHIND = re.compile(rf"[{_FIGURES}]+")
_WORD_BEFORE = re.compile(r"\S+\s*$")
_WORD_BEHIND = re.compile(r"\s*\S*\w")


def before(text: str, start: int, floor: int = 0) -> int | None:
    """Return where the words begin that may not be cut off before `start`, or None.

    What lies before `floor` is part of the quotation itself.
    """
    window = _lower(text[max(floor, start - _REACH) : start])
    behind = _lower(text[start : start + _REACH])
    if not window or not behind:
        return None
    length = _negation(window, behind) or _number_before(window, behind)
    return start - length if length else None


def behind(text: str, end: int) -> int | None:
    """Return where the words end that may not be cut off behind `end`, or None."""
    window = _lower(text[max(0, end - _REACH) : end])
    rest = _lower(text[end : end + _REACH])
    if not window or not rest:
        return None
    length = _negated_behind(window, rest) or _number_behind(window, rest)
    return end + length if length else None


def skips_negation(text: str, start: int, end: int) -> int | None:
    """Return where a negator stands that an ellipsis leaves out before `end`, or None.

    Only what lies behind the last punctuation mark of `text[start:end]` counts.
    """
    reach = text[max(start, end - _REACH) : end]
    marks = [mark.end() for mark in _CLAUSE_MARK.finditer(reach)]
    first = end - len(reach) + (marks[-1] if marks else 0)
    clause = _lower(text[first:end])
    signs = [
        sign
        for sign in re.finditer(_NEGATOR_ZH, clause)
        if clause[: sign.start()][-1:] != clause[sign.end() : sign.end() + 1]
    ]
    signs += _SIGN_EN.finditer(clause)
    return first + signs[0].start() if len(signs) % 2 else None


def is_clause(text: str, start: int, end: int) -> bool:
    """Tell whether a stretch stands between punctuation marks (or ends) of the text."""
    left, right = text[:start].rstrip(), text[end:].lstrip()
    return (not left or _CLAUSE_MARK.match(left[-1]) is not None) and (
        not right or _CLAUSE_MARK.match(right) is not None
    )


def _lower(text: str) -> str:
    """Fold, where that keeps the length: offsets count."""
    folded = fold(text).replace("’", "'")
    return folded if len(folded) == len(text) else text.lower().ljust(len(text))[: len(text)]


def _negation(window: str, behind: str) -> int:
    """The length of the negator at the end of `window`, 0 if there is none."""
    bare = re.sub(f"{_QUOTES}$", "", window)
    for match, sign in (
        (_BEFORE_ZH.search(bare), _SIGN_ZH),
        (_BEFORE_EN.search(bare), _SIGN_EN),
    ):
        if match and len(sign.findall(match[0])) % 2 and not _harmless(bare, match, behind):
            return len(window) - match.start()
    return 0


def _harmless(bare: str, match: re.Match[str], behind: str) -> bool:
    """Tell whether what looks like a negator asks, or is an answer of its own."""
    at = match.start()
    if match[0][0] in "不没":  # 是不是, 有没有: whether
        return at > 0 and bare[at - 1 : at] == match[0][1:2]
    if match[0] == "no" and _ANSWERED_NO.match(behind):
        return True
    return _NO_NEGATION_EN.search(bare[:at]) is not None


def _number_before(window: str, behind: str) -> int:
    figures = _FIGURE_BEFORE.search(window)
    if figures and _FIGURE_BEHIND.match(behind):
        return len(figures[0])
    if any(left.search(window) and right.match(behind) for left, right in _INSIDE_EN):
        word = _WORD_BEFORE.search(window)
        return len(word[0]) if word else 0
    return 0


def _number_behind(window: str, rest: str) -> int:
    figures = _FIGURE_BEHIND.match(rest)
    if figures and _FIGURE_BEFORE.search(window):
        return len(figures[0])
    gap = len(rest) - len(rest.lstrip(" \n-"))
    joined = window + rest[:gap]
    if any(left.search(joined) and right.match(rest[gap:]) for left, right in _INSIDE_EN):
        word = _WORD_BEHIND.match(rest)
        return len(word[0]) if word else 0
    return 0


def _negated_behind(window: str, rest: str) -> int:
    if _AUXILIARY.search(window) and (match := _BEHIND_EN.match(rest)):
        return len(match[0])
    if match := _BEHIND_ZH.match(rest):
        return len(match[0])
    if rest[:1] in ("不", "没") and rest[1:2] == window[-1]:
        return 2
    return 0
