"""From the address of a source to the second, the line or the words that are cited.

Only forms that the sites document or write themselves when one shares a moment are used; any other
page is opened at the words, by a text fragment (https://wicg.github.io/scroll-to-text-fragment/),
which a browser that does not know it, or does not find them, ignores.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from rag.text import HAN

Moment: TypeAlias = Callable[[SplitResult, int], SplitResult]
"""Puts a second into an address of one site."""

_MEDIA = re.compile(
    r"\.(?:aac|flac|m4[abv]|mka|mkv|mov|mp[34]|mpeg|og[agv]|opus|wav|web[am])$", re.IGNORECASE
)
_MARKUP = re.compile(r"\.(?:md|markdown|mdown|rst|adoc|asciidoc|org|textile|html?)$", re.IGNORECASE)
_NO_PAGE = re.compile(r"\.(?:pdf|docx?|odt|epub|zip|srt|vtt|ass|ssa|json|txt|csv|tsv)$", re.I)
_YOUTUBE_PATH = re.compile(r"/(?:shorts|live|embed|v)/(?P<id>[\w-]+)/?$")
_TIMES = ("t", "start", "time_continue")
_CLAUSE_END = re.compile(r"[，。！？；：、,.!?;:…—\s]+")
_WORDS, _SHORTEST_HAN, _LONGEST_HAN = 5, 6, 24
_WIDE = re.compile(f"[{HAN}]")
_UNSAFE = re.compile(r'[\x00-\x20<>"`]')


def deep(
    source: str, start: float | None, line: int = 0, end_line: int = 0, words: str = ""
) -> str:
    """Return where a reader finds what was said, or nothing where `source` is no web address.

    That is the page at the second `start`, at the lines of a file in a repository, or at the
    `words`, whichever the site understands; else the page as it is given.
    """
    parts = _parsed(source)
    if parts is None:
        return ""
    host = re.sub(r"^(?:www|m|music|player|open|mobile)\.", "", (parts.hostname or "").lower())
    moment = _HOSTS.get(host)
    if moment is not None:
        found = parts if start is None else moment(parts, int(max(start, 0)))
    elif _MEDIA.search(parts.path) and not _REPOSITORY.search(parts.path):
        found = parts if start is None else _fragment(parts, f"t={int(max(start, 0))}")
    elif (anchored := _in_repository(parts, host, line, end_line)) is not None:
        found = anchored
    else:
        found = _at_words(parts, words)
    # Nothing may stand in an address that would end it where it is shown.
    return _UNSAFE.sub(lambda match: quote(match[0]), found.geturl())


def _parsed(source: str) -> SplitResult | None:
    address = next(iter(source.split()), "").strip("<>")
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and host else None


def _with(
    parts: SplitResult, key: str, value: str, without: tuple[str, ...] = _TIMES
) -> SplitResult:
    """Set a field of the query, other names of the same taken out; the fields keep their order."""
    fields = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(name, text) for name, text in fields if name != key and name not in without]
    return parts._replace(query=urlencode([*kept, (key, value)], safe=":/,"))


def _fragment(parts: SplitResult, fragment: str) -> SplitResult:
    return parts._replace(fragment=fragment)


def _youtube(parts: SplitResult, second: int) -> SplitResult:
    """A short or a live video takes no second: the same video as a watch page does."""
    if match := _YOUTUBE_PATH.match(parts.path):
        parts = parts._replace(netloc="www.youtube.com", path="/watch", query=f"v={match['id']}")
    elif parts.path != "/watch":
        return parts
    return _untimed(_with(parts, "t", str(second)))


def _untimed(parts: SplitResult) -> SplitResult:
    """Take out a time behind the `#`, which would win over that of the query."""
    return _fragment(parts, "" if re.match("(?:t|start)=", parts.fragment) else parts.fragment)


def _youtu_be(parts: SplitResult, second: int) -> SplitResult:
    return _untimed(_with(parts, "t", str(second))) if len(parts.path) > 1 else parts


def _where(path: str, key: str = "t") -> Moment:
    """The second in a field of the query, on pages whose path looks so."""
    pattern = re.compile(path)

    def at(parts: SplitResult, second: int) -> SplitResult:
        if not pattern.search(parts.path):
            return parts
        return _with(parts, key, str(second))

    return at


def _behind(path: str, clock: bool = False) -> Moment:
    """The second behind the `#`, on pages whose path looks so."""
    pattern = re.compile(path)

    def at(parts: SplitResult, second: int) -> SplitResult:
        if not pattern.search(parts.path):
            return parts
        return _fragment(parts, f"t={_clock(second) if clock else f'{second}s'}")

    return at


def _overcast(parts: SplitResult, second: int) -> SplitResult:
    match = re.match(r"/\+[\w-]+", parts.path)
    return parts._replace(path=f"{match[0]}/{_clock(second)}") if match else parts


def _twitch(parts: SplitResult, second: int) -> SplitResult:
    if not re.search(r"/videos?/\d+", parts.path):
        return parts
    return _with(parts, "t", f"{second // 3600}h{second // 60 % 60}m{second % 60}s")


def _clock(second: int) -> str:
    hours, rest = divmod(second, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


_HOSTS: dict[str, Moment] = {
    "youtube.com": _youtube,
    "youtube-nocookie.com": _youtube,
    "youtu.be": _youtu_be,
    "vimeo.com": _behind(r"/\d+"),
    "bilibili.com": _where(r"^/video/"),
    "spotify.com": _where(r"/episode/"),
    "soundcloud.com": _behind(r"^/[^/]+/[^/]+", clock=True),
    "overcast.fm": _overcast,
    "pca.st": _where(r"^/(?:episode/)?[\w-]+"),
    "twitch.tv": _twitch,
    "dailymotion.com": _where(r"^/video/", "start"),
    "nicovideo.jp": _where(r"^/watch/", "from"),
    # Their pages play something, and take no second that we know of.
    **dict.fromkeys(
        ("podcasts.apple.com", "xiaoyuzhoufm.com", "b23.tv", "ximalaya.com"), lambda parts, _: parts
    ),
}
_REPOSITORY = re.compile(r"/(?:-/)?(?:blob|blame)/|/src/(?:branch|commit|tag)/")


def _in_repository(parts: SplitResult, host: str, line: int, end: int) -> SplitResult | None:
    """The lines of a text file as GitHub, GitLab, Gitea, Forgejo and Bitbucket number them.

    A page that is shown formatted has no lines: it is asked for as it is written.
    """
    path, formatted = parts.path, _MARKUP.search(parts.path) is not None
    if line < 1 or _MEDIA.search(path):
        return None
    if re.search(r"/-/(?:blob|blame)/", path):
        shown = _with(parts, "plain", "1", ()) if formatted else parts
        return _fragment(shown, f"L{line}" + (f"-{end}" if end > line else ""))
    lines = f"L{line}" + (f"-L{end}" if end > line else "")
    if host == "github.com" and re.match(r"/[^/]+/[^/]+/(?:blob|blame)/", path):
        return _fragment(_with(parts, "plain", "1", ()) if formatted else parts, lines)
    if re.search(r"/src/(?:branch|commit|tag)/", path):
        return _fragment(_with(parts, "display", "source", ()) if formatted else parts, lines)
    if host == "bitbucket.org" and re.match(r"/[^/]+/[^/]+/src/", path):
        return _fragment(parts, f"lines-{line}" + (f":{end}" if end > line else ""))
    return None


def _at_words(parts: SplitResult, words: str) -> SplitResult:
    """The page at the words; what stands behind its `#` is kept."""
    lines = [" ".join(line.split()) for line in words.split("\n") if line.strip()]
    if not lines or ":~:" in parts.fragment or _NO_PAGE.search(parts.path):
        return parts
    first, last = _beginning(lines[0]), _ending(lines[-1])
    whole = len(lines) == 1 and len(first) + len(last) >= len(lines[0])
    text = _encoded(lines[0]) if whole else f"{_encoded(first)},{_encoded(last)}"
    return _fragment(parts, f"{parts.fragment}:~:text={text}")


def _beginning(line: str) -> str:
    """The first words, or the first clauses where words are not written apart.

    A browser looks for whole words, and decides itself where a Chinese one ends: at a mark it does.
    """
    if not _WIDE.search(line):
        return " ".join(line.split()[:_WORDS]).rstrip(",;:")
    for mark in _CLAUSE_END.finditer(line):
        if mark.start() >= _SHORTEST_HAN:
            return line[: min(mark.start(), _LONGEST_HAN)]
    return line[:_LONGEST_HAN]


def _ending(line: str) -> str:
    if not _WIDE.search(line):
        return " ".join(line.split()[-_WORDS:])
    bare = line.rstrip("，。！？；：、,.!?;:…— ”’」』\"'")
    ends = [mark.end() for mark in _CLAUSE_END.finditer(bare)]
    start = next((end for end in reversed(ends) if len(bare) - end >= _SHORTEST_HAN), 0)
    return bare[max(start, len(bare) - _LONGEST_HAN) :]


def _encoded(text: str) -> str:
    """Percent-encode; a hyphen, too, means something there."""
    return quote(text, safe="").replace("-", "%2D")
