"""What captions describe and nobody says: [Music], (applause), ♪.

Square brackets that are a whole line are a description in any language when they hold a word for
a sound, come back, or are short and nothing in them speaks; others only when they hold a word for a
sound. Everything else in brackets was said, and stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rag.text import HAN

_SOUND = (
    "music applause applauding applauds laughter laughs? laughing laughed chuckles? chuckling"
    " giggles? giggling coughs? coughing sighs? sighing gasps? gasping cheers? cheering claps?"
    " clapping whooshe?s? whooshing sneezes? sneezing groans? groaning screams? screaming shouts?"
    " shouting crying cries sobs? sobbing sniffs? sniffles? sniffling whistles? whistling humming"
    " hums? beeps? beeping rings? ringing silence pause inaudible unintelligible indistinct"
    " crosstalk noise static typing knocking footsteps singing sings? playing snorts? scoffs?"
    " exhales? inhales? hands blank_audio"
    " música musica risas? aplausos? suspira ríe ríen applaudissements musique rires? musik"
    " lachen applaus"
).split()
_WORD = rf"(?:{'|'.join(_SOUND)})"
_HAN_SOUND = (
    "音乐|音樂|掌声|掌聲|笑声?|笑聲|大笑|鼓掌|[\u4e00-\u9fff]{0,8}(?:声|聲)|叹气|嘆氣|咳嗽|沉默|停顿|静音"
    "|听不清|聽不清|无法辨认|欢呼|歡呼|哭泣?|歌唱|唱歌|[\u4e00-\u9fff]{0,8}(?:呼啸|呼嘯)[\u4e00-\u9fff]{0,3}"
)
_DESCRIBED = rf"(?:[^\[\]()\n]{{0,40}}[\s,])?{_WORD}(?:\s[^\[\]()\s]{{1,20}}){{0,2}}[.!]?"
_BRACKETED = re.compile(
    rf"\[\s*(?:{_DESCRIBED})\s*\]|[\[(（【]\s*(?:{_HAN_SOUND})\s*[\])）】]", re.IGNORECASE
)
_IN_PARENTHESES = re.compile(
    rf"\(\s*(?:[\w'-]{{1,20}}\s){{0,2}}{_WORD}\s*\)|\(\s*{_WORD}(?:\s[\w'-]{{1,20}}){{0,2}}\s*\)",
    re.IGNORECASE,
)
_WHOLE_LINE = re.compile(r"\s*\[([^\[\]]{1,80})\]\s*")
# What somebody says, or a note of whoever made the captions, has these; a description has not.
_SAID = re.compile(
    r"[.?!,;:…。？！，；：、]|\b(?:I|you|we|my|your|our|us|me|yo|nosotros|je|tu|nous|vous|ich|wir)\b"
    r"|[我你您咱]",
    re.IGNORECASE,
)
_MOST_WORDS, _MOST_HAN = 12, 16
_OFTEN = 3
_HAN_LETTER = re.compile(f"[{HAN}]")
_PARTED = re.compile(r"\[[^\[\]]{1,60}$"), re.compile(r"^[^\[\]]{1,60}\]")
_NOTES = re.compile("[♩♪♫♬🎵🎶]+")
_STARRED = re.compile(r"\s*\*[^*]{1,40}\*\s*")
_MARKS = frozenset("[(（【♩♪♫♬🎵🎶")


def is_sound(label: str) -> bool:
    """Tell whether what stands in brackets describes a sound rather than names a person."""
    return _BRACKETED.fullmatch(f"[{label}]") is not None


def recurring(lines: Iterable[str]) -> frozenset[str]:
    """The lines in brackets that come back as they are, as nothing does that is said."""
    counts = Counter(line for line in lines if line[:1] == "[" and _WHOLE_LINE.fullmatch(line))
    return frozenset(line for line, count in counts.items() if count >= _OFTEN)


def without_sounds(line: str, often: frozenset[str] = frozenset()) -> str:
    """Return a line without descriptions of sounds and without notes; sung words stay.

    `often` are lines in brackets that are known to come back.
    """
    if _MARKS.isdisjoint(line):
        return line
    if (match := _WHOLE_LINE.fullmatch(line)) and (line in often or _describes(match[1])):
        return ""
    kept = _NOTES.sub(" ", line)
    kept = _IN_PARENTHESES.sub(" ", _BRACKETED.sub(" ", kept))
    if kept == line:
        return line
    kept = re.sub(r"\s+([,.;:!?，。；：！？])", r"\1", " ".join(kept.split()))
    return kept if any(char.isalnum() for char in kept) else ""


def _describes(label: str) -> bool:
    if is_sound(label):
        return True
    short = len(label.split()) <= _MOST_WORDS and len(_HAN_LETTER.findall(label)) <= _MOST_HAN
    return short and _SAID.search(label) is None


def without_parted(texts: list[str]) -> list[str]:
    """Take away descriptions that begin in one line and end in the next; lines may become empty."""
    kept = list(texts)
    for at in range(len(kept) - 1):
        begin = _PARTED[0].search(kept[at]) if "[" in kept[at] else None
        end = _PARTED[1].search(kept[at + 1]) if begin and "]" in kept[at + 1] else None
        if begin and end and _BRACKETED.fullmatch(f"{begin[0]} {end[0]}"):
            kept[at] = kept[at][: begin.start()].rstrip()
            kept[at + 1] = kept[at + 1][end.end() :].lstrip()
    return kept
