"""The block of `key: value` lines between two `---` at the top of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_FENCE = "---"
_LONGEST = 500  # lines; a file that merely begins with a rule has no closing fence nearby
_PAIR = re.compile(r"([A-Za-z][\w -]{0,40}):\s+(.*)")
_PEOPLE = (
    "speakers", "speaker", "hosts", "host", "interviewer", "interviewers", "guests", "guest",
    "interviewee", "participants", "people", "moderator",
    "主持人", "嘉宾", "发言人", "参与者", "采访者", "受访者",
)  # fmt: skip
_ASKERS = ("hosts", "host", "interviewer", "interviewers", "moderator", "主持人", "采访者")
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
        if not isinstance(declared, dict):
            return {}
        return {alias: str(name) for name, other in declared.items() for alias in _flatten(other)}

    def _names(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        found = (name for key in keys for name in _flatten(self.values.get(key), names=True))
        return tuple(dict.fromkeys(found))


def parse(lines: list[str]) -> FrontMatter:
    """Read the front matter at the top of `lines`; none is an empty one."""
    if not lines or lines[0].strip() != _FENCE:
        return FrontMatter()
    for end, line in enumerate(lines[1:_LONGEST], start=1):
        if line.strip() in (_FENCE, "..."):
            return FrontMatter(end + 1, _values(lines[1:end]))
    return FrontMatter()


def _values(lines: list[str]) -> dict[str, object]:
    import yaml

    try:
        loaded = yaml.safe_load("\n".join(lines))
    except (yaml.YAMLError, ValueError, RecursionError):
        loaded = None
    if isinstance(loaded, dict):
        return {str(key): value for key, value in loaded.items()}
    # Titles with a bare colon are not YAML, yet everybody writes them: take the pairs one by one.
    pairs = (_PAIR.fullmatch(line.strip()) for line in lines)
    return {match[1]: match[2].strip("\"'") for match in pairs if match}


def _flatten(value: object, *, names: bool = False) -> Iterator[str]:
    """Yield the texts in a value that may be nothing, a text, a list or a mapping."""
    if isinstance(value, dict):
        yield from map(str, value)
    elif isinstance(value, list):
        for item in value:
            yield from _flatten(item, names=names)
    elif value not in (None, ""):
        text = " ".join(str(value).split())
        yield from (part.strip() for part in re.split(r"[,、;&]", text)) if names else (text,)
