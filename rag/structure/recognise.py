"""From a question to what it asks about structure, or to nothing.

Precision comes first: a question on the matter that is taken for one about structure gets a wrong
answer, the other way round only a less exact one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.structure import chinese, english
from rag.structure.asked import MARK, Pattern, Role, Structural
from rag.structure.masking import Masked, masked, tight
from rag.structure.scope import Known, Scope, scope
from rag.text import HAN, fold

LONGEST = 120
"""Characters; who asks about structure is brief, and who says more speaks of something else."""

_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"\b(?:who|what|which|how|when|where|list|show|name|rank|sort|give|find|the)\b")
_QUOTES = "\"'“”‘’「」『』《》` "
# A clause is not a word to look for.
_CLAUSE_EN = re.compile(
    r"\b(?:is|are|was|were|am|be|been|has|had|have|do|does|did|will|would|can|could|should|that"
    r"|he|she|they|it|his|her|their|him|them|i|you|to|who|what|why|how|when|where|if|n't|my|your"
    r"|not|each|every|me|us|we|getting|being|someone|something|anyone|anything)\b"
)
_CLAUSE_ZH = re.compile("吗|呢|怎么|为什么|什么|谁|多少|是不是|他|她|我|你|应该|可以|不能|哪|几")
_MOST_WORDS, _MOST_HAN = 5, 14


def recognise(question: str, known: Known, earlier: Sequence[str] = ()) -> Structural | None:
    """Return what a question asks about structure, or None when it asks anything else.

    Whom a pronoun means is looked up in the `earlier` questions, oldest first.
    """
    patterns = possible(question)
    if not patterns:
        return None
    marked = masked(question, known.names)
    texts = {"zh": tight(marked.text), "en": marked.text}
    for pattern in patterns:
        found = pattern.search(texts[pattern.language])
        if found and (asked := _read(pattern, *found, marked, known)):
            return _with_people(asked, known, earlier) if asked.pronoun else asked
    return None


def _with_people(asked: Structural, known: Known, earlier: Sequence[str]) -> Structural:
    """Put those whom the last question that names anybody names in the place of a pronoun."""
    for question in reversed(earlier):
        if meant := masked(question[:LONGEST], known.names).meant:
            return replace(asked, speakers=tuple(meant.values()), pronoun=False)
    return asked


def possible(question: str) -> list[Pattern]:
    """Return the patterns that a question may fit, cheaply: none of them for most questions."""
    if len(question) > LONGEST:
        return []
    folded = fold(question)
    # A question in one language may name people and files in the other.
    ways = ([chinese] if _HAN.search(folded) else []) + ([english] if _WORD.search(folded) else [])
    return [
        pattern
        for way in ways
        for kinds in ({kind for kind, gate in way.GATES.items() if re.search(gate, folded)},)
        for pattern in way.PATTERNS
        if pattern.kind in kinds
    ]


def _read(
    pattern: Pattern,
    match: re.Match[str],
    groups: dict[str, str],
    marked: Masked,
    known: Known,
) -> Structural | None:
    spoken = pattern.language
    who = groups.get("who", "")
    rest = _rest(match, groups, spoken)
    if not who and spoken == "zh" and pattern.somebody:
        who, rest = _leading(rest)
    if pattern.somebody and not who:
        return None
    topic, around = groups.get("topic", ""), scope(rest, marked, known, spoken)
    if around is None and topic and "tail" in groups:
        # What looked like a place belongs to the word that is looked for.
        topic = _with_tail(match.string, topic, groups["tail"])
        around = scope(groups.get("head", ""), marked, known, spoken)
    if around is None or (pattern.somewhere and not _is_place(around, known)):
        return None
    if "topic" in groups:
        topic = _word(marked.plain(topic), spoken)
        if not topic:
            return None
    meant = tuple(marked.meant[mark] for mark in re.findall(f"[{MARK}]", who))
    roles = _roles(who, spoken)
    return Structural(
        pattern.kind,
        spoken,
        meant,
        roles,
        around.transcripts,
        topic,
        pronoun=bool(who and not meant and not roles),
        last="last" in groups,
        turns="turns" in groups,
        listed="listed" in groups,
    )


def _with_tail(question: str, topic: str, tail: str) -> str:
    joined = re.search(rf"{re.escape(topic)} \w+ {re.escape(tail)}", question)
    return joined[0] if joined else topic


def _rest(match: re.Match[str], groups: dict[str, str], spoken: str) -> str:
    """What a question says beside the core of the pattern."""
    if spoken == "zh":
        return match.string[: match.start()]
    return " ".join(groups[name] for name in ("head", "scope", "tail") if name in groups)


def _leading(rest: str) -> tuple[str, str]:
    """Take those whom a Chinese question is about from its beginning or its end."""
    if match := re.match(chinese.WHO, rest):
        return match[0], rest[match.end() :]
    if match := re.search(f"{chinese.WHO}(?:一共|总共|共|都)?$", rest):
        return match["who"], rest[: match.start()]
    return "", rest


def _is_place(around: Scope, known: Known) -> bool:
    """Whether a question says which transcript: by its name, or because there is only one."""
    if around.transcripts:
        return around.noun
    return around.noun and len(known.heads) == 1


def _roles(who: str, spoken: str) -> tuple[Role, ...]:
    roles: list[Role] = []
    table = chinese.ROLES if spoken == "zh" else english.ROLES
    names: tuple[Role, ...] = ("audience", "asker", "guest")
    for role in names:
        edge = "" if spoken == "zh" else r"\b"
        if re.search(f"{edge}(?:{table[role]}){edge}", who):
            roles.append(role)
    return tuple(roles)


def _word(topic: str, spoken: str) -> str:
    """Return what to look for, empty when it is a clause and not a word or name."""
    topic = topic.strip(_QUOTES + ",，")
    if spoken == "zh":
        topic = re.sub("(?:这个|那个)(?:词|话题|事|问题)?$|^(?:关于|到)", "", topic).strip(_QUOTES)
        fits = len(topic) <= _MOST_HAN and not _CLAUSE_ZH.search(topic)
    else:
        topic = re.sub(r"^(?:the (?:word|term|phrase|name) |the |an? )", "", topic).strip(_QUOTES)
        fits = len(topic.split()) <= _MOST_WORDS and not _CLAUSE_EN.search(topic)
    return topic if fits and len(topic) > 1 else ""
