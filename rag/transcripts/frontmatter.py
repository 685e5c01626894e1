"""The block of `key: value` lines between two `---` at the top of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rag.transcripts.encoding import printable

_FENCE = "---"
_LONGEST = 500  # lines; a file that merely begins with a rule has no closing fence nearby
_LARGEST = 100_000  # characters, and lists in lists: the YAML parser takes seconds for more
_DEEPEST = 500
_PAIR = re.compile(r"([^\W\d_][\w -]{0,40}):\s+(.*)")
_NOTHING = ("", "~", "null", "[]", "{}")
_REMARK = re.compile(r"\s*[(（][^()（）]*[)）]")
# No-break spaces stand in the name of one party, see `speakers.canonical`.
_BLANKS = re.compile(r"[^\S\xa0]+")
_BETWEEN_NAMES = re.compile(r"\s*(?:[,，、;；/]|(?<!\xa0)&|\band\b)\s*")
_PEOPLE = (
    "speakers", "speaker", "hosts", "host", "interviewer", "interviewers", "guests", "guest",
    "interviewee", "participants", "people", "moderator",
    "主持人", "嘉宾", "发言人", "参与者", "采访者", "受访者",
)  # fmt: skip
_ASKERS = ("hosts", "host", "interviewer", "interviewers", "moderator", "主持人", "采访者")
_NAME_KEYS = frozenset({"name", "姓名", "名字"})
_GUESTS = ("guests", "guest", "interviewee", "嘉宾", "受访者")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a file says about itself; `body` is the index of the first line after the block."""

    body: int = 0
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, *keys: str) -> str:
        """Return the first of `keys` that is set, as one line of text."""
        for key in keys:
            for value in _flatten(self.values.get(key)):
                return value
        return ""

    @property
    def people(self) -> tuple[str, ...]:
        """Names of those who take part, as declared."""
        return self._names(_PEOPLE)

    @property
    def interviewers(self) -> tuple[str, ...]:
        """Names of those who ask."""
        return self._names(_ASKERS)

    @property
    def guests(self) -> tuple[str, ...]:
        """Names of those who answer."""
        return self._names(_GUESTS)

    @property
    def aliases(self) -> dict[str, str]:
        """Other names of a speaker, each with the name it stands for.

        Written as `speakers: {Sam Altman: [Sam, 奥特曼]}`.
        """
        declared = self.values.get("speakers")
        if not isinstance(declared, dict) or _NAME_KEYS & declared.keys():
            return {}
        return {
            alias: printable(str(name))
            for name, other in declared.items()
            for alias in _flatten(other)
        }

    def _names(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        texts = (text for key in keys for text in _flatten(self.values.get(key)))
        return tuple(dict.fromkeys(name for text in texts for name in _split_names(text)))


def _split_names(text: str) -> Iterator[str]:
    """Take `Ann Lee (Example, Ltd), [[Bob Ray]]` apart, without what is in parentheses."""
    yield from filter(None, map(str.strip, _BETWEEN_NAMES.split(_REMARK.sub("", text))))


def parse(lines: list[str]) -> FrontMatter:
    """Read the front matter at the top of `lines`; none is an empty one."""
    if not lines or lines[0].strip() != _FENCE:
        return FrontMatter()
    for end, line in enumerate(lines[1:_LONGEST], start=1):
        if line.strip() in (_FENCE, "..."):
            inside = lines[1:end]
            # A rule above and one below some paragraphs is not front matter.
            return FrontMatter(end + 1, _values(inside)) if _is_mapping(inside) else FrontMatter()
    return FrontMatter()


def _is_mapping(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip() and line.lstrip()[0] != "#"), "")
    return not first or re.match(r"[\"']?[^\W\d_][\w -]{0,40}[\"']?\s*:(?:\s|$)", first) is not None


def _values(lines: list[str]) -> dict[str, object]:
    loaded = _loaded("\n".join(lines))
    if isinstance(loaded, dict):
        return {str(key): value for key, value in loaded.items()}
    # Titles with a bare colon are not YAML, yet everybody writes them: take the pairs one by one.
    pairs = (_PAIR.fullmatch(line.strip()) for line in lines)
    return {match[1]: match[2].strip("\"'") for match in pairs if match}


def _loaded(text: str) -> object:
    """Read YAML as plain texts, lists and mappings, or None where it is none or a trap."""
    import yaml

    if len(text) > _LARGEST or text.count("[") + text.count("{") > _DEEPEST:
        return None
    try:
        # Anchors can make a few lines unfold into gigabytes, and nobody writes them by hand here.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.BaseLoader)):
            return None
        # The base loader leaves 2025-05-02, 007 and yes as they are written.
        loaded: object = yaml.BaseLoader(text).get_single_data()
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return loaded


def _flatten(value: object) -> Iterator[str]:
    """Yield the texts in a value that may be nothing, a text, a list or a mapping."""
    if isinstance(value, dict):
        named = next((value[key] for key in _NAME_KEYS if key in value), None)
        yield from map(printable, map(str, value)) if named is None else _flatten(named)
    elif isinstance(value, list):
        for item in value:
            yield from _flatten(item)
    elif value is not None and value not in _NOTHING:
        yield _BLANKS.sub(" ", re.sub(r"\[\[|\]\]", "", printable(str(value)))).strip()
