"""Pages and subtitle files from the web, fetched only when somebody names their address.

What is fetched is kept as a file, with its source beside it, so that an index can be built again
from the same bytes. Only public addresses are reached: a name is resolved once, each of its
addresses is checked, and the connection goes to a checked address and not to the name, for each
redirection anew. There are no cookies, no proxies and no methods but GET.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from typing import Protocol
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from rag.errors import UsageError, safe

LARGEST = 20_000_000
"""Bytes of a page or file."""
_MOST_REDIRECTS = 5
_CHUNK = 1 << 16
_VIDEO_HOSTS = re.compile(r"(?:.+\.)?(?:youtube(?:-nocookie)?\.com|youtu\.be)")
_TEXT_TYPES = re.compile(
    r"text/.+|application/(?:json|xml|xhtml\+xml|ttml\+xml|x-subrip|srt|x-ass|x-yaml|octet-stream"
    r"|pdf|zip|x-zip-compressed|epub\+zip|vnd\.oasis\.opendocument\.text"
    r"|vnd\.openxmlformats-officedocument\.wordprocessingml\.document)|"
)
# Public by their number, yet the inside of a provider's network.
_INTERNAL = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200")))
_PROTOCOLS = ipaddress.ip_network("192.0.0.0/24")  # some Pythons call parts of it global
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_LOWEST_FREE_PORT = 1024
_AGENT = "transcript-rag (one page, asked for by a person)"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Resolver(Protocol):
    """Turns a name and port into addresses."""

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, as text."""
        ...


@dataclass(frozen=True, slots=True)
class Fetcher:
    """How pages are fetched: the settings that tests and careful users change."""

    resolve: Resolver
    is_allowed: Callable[[Address], bool]
    seconds: float = 20.0
    total_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Page:
    """What was fetched: its last address, the bytes as they came, and their declared type."""

    url: str
    data: bytes
    type: str
    charset: str = ""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Resolve as the system does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public internet, whatever form hides an inner one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if any(address in network for network in _NAT64) or int(address) < 1 << 32:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or address.teredo is not None:
            return False
    internal = address.is_multicast or address.is_reserved or address in _INTERNAL
    if address in _PROTOCOLS:
        return False
    return address.is_global and not internal


PUBLIC = Fetcher(system_resolver, is_public)
"""Fetches from the public internet alone."""


def is_url(text: str) -> bool:
    """Tell whether a user's argument is an address of the web rather than a path."""
    return re.match(r"https?://", text, re.IGNORECASE) is not None


def fetch(url: str, fetcher: Fetcher = PUBLIC) -> Page:
    """Fetch one page or file.

    Raises:
        UsageError: for an address that may not be reached or cannot be, and for what is too
            large, too slow, or no text.
    """
    end = time.monotonic() + fetcher.total_seconds
    asked = _checked(url, url)
    for _ in range(_MOST_REDIRECTS + 1):
        shown = safe(asked.geturl())
        try:
            with _response(asked, fetcher, end) as response:
                target = _redirection(response, shown)
                if not target:
                    return _page(response, shown, end)
        except ssl.SSLCertVerificationError as error:
            raise _untrusted(shown, error) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            if time.monotonic() >= end:
                raise _too_slow(shown) from error
            reason = " ".join(safe(str(error)).split())[:120] or type(error).__name__
            raise UsageError(f"{shown}: not reached ({reason})", "check the address") from error
        following = _checked(urljoin(asked.geturl(), target), shown)
        if asked.scheme == "https" and following.scheme != "https":
            raise UsageError(f"{shown}: leads from https to http", "save the page as a file")
        asked = following
    raise UsageError(f"{safe(url)}: redirected more than {_MOST_REDIRECTS} times",
                     "give the address it ends at")  # fmt: skip


def _checked(url: str, shown: str) -> SplitResult:
    """Take an address apart, or say why it is none that is fetched."""
    shown = safe(shown)
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise UsageError(f"{shown}: blanks in the address", "quote it, with %20 for a blank")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
    except ValueError as error:
        raise UsageError(f"{shown}: not an address", "it looks like https://host/path") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{shown}: not a page of the web", "only http and https are fetched")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"{parts.scheme}://…@{host}: a password in it", "save the page as a file")
    if port is not None and port < _LOWEST_FREE_PORT and port not in (80, 443):
        raise UsageError(f"{shown}: port {port} is not one of the web", "save the page as a file")
    if _VIDEO_HOSTS.fullmatch(ascii_host.lower()):
        raise UsageError(
            f"{shown}: a video, whose page has no transcript in it",
            f"get its subtitles, e.g. yt-dlp --skip-download --write-subs --write-auto-subs "
            f"'{shown}', and index the .vtt file",
        )
    name = f"[{ascii_host}]" if ":" in ascii_host else ascii_host
    place = name if port is None else f"{name}:{port}"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?[]|")
    return SplitResult(parts.scheme, place, path, query, "")


@contextmanager
def _response(
    asked: SplitResult, fetcher: Fetcher, end: float
) -> Iterator[http.client.HTTPResponse]:
    """Ask for a page at a checked address; a server that dawdles is cut off at `end`."""
    connected = _connected(asked, fetcher)
    watch = threading.Timer(max(0.0, end - time.monotonic()), _cut, (connected,))
    watch.daemon = True
    watch.start()
    connection = http.client.HTTPConnection(asked.hostname or "", timeout=fetcher.seconds)
    try:
        if asked.scheme == "https":
            context = ssl.create_default_context()
            connected = context.wrap_socket(connected, server_hostname=asked.hostname)
        connection.sock = connected
        target = asked.path + (f"?{asked.query}" if asked.query else "")
        headers = {
            "Host": asked.netloc, "User-Agent": _AGENT, "Accept": "text/html, text/*, */*;q=0.5",
            "Accept-Encoding": "gzip", "Connection": "close",
        }  # fmt: skip
        connection.request("GET", target, headers=headers)
        with connection.getresponse() as response:
            yield response
    finally:
        watch.cancel()
        connection.close()
        connected.close()


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _connected(asked: SplitResult, fetcher: Fetcher) -> socket.socket:
    """Connect to an address of the host after every one of them was checked."""
    host, shown = asked.hostname or "", safe(asked.geturl())
    port = asked.port or (443 if asked.scheme == "https" else 80)
    try:
        found = [
            ipaddress.ip_address(text.partition("%")[0]) for text in fetcher.resolve(host, port)
        ]
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown}: no such host", "check the address") from error
    for address in found:
        if not fetcher.is_allowed(address):
            raise UsageError(
                f"{shown}: leads to {address}, which is not on the public internet",
                "save the page as a file and index that",
            )
    problem: OSError = OSError("no address")
    for address in found[:4]:
        try:
            return socket.create_connection((str(address), port), timeout=fetcher.seconds)
        except OSError as error:
            problem = error
    raise problem


def _redirection(response: http.client.HTTPResponse, shown: str) -> str:
    if response.status in (301, 302, 303, 307, 308):
        target = response.headers.get("Location") or ""
        if target:
            # Servers write the bytes of UTF-8 where only ASCII is allowed.
            return quote(target.encode("latin-1", "replace"), safe="/%:@!$&'()*+,;=~?#[]")
    if response.status != 200:
        reason = safe(response.reason or "")[:60]
        raise UsageError(f"{shown}: the server says {response.status} {reason}".rstrip(),
                         "check that it opens in a browser, or save it as a file")  # fmt: skip
    return ""


def _page(response: http.client.HTTPResponse, shown: str, end: float) -> Page:
    message: Message = response.headers
    kind = message.get_content_type() if message.get("Content-Type") else ""
    if not _TEXT_TYPES.fullmatch(kind):
        raise UsageError(f"{shown}: {safe(kind)[:60]}, not text", "give its transcript")
    if int(message.get("Content-Length") or 0) > LARGEST:
        raise _too_large(shown)
    coding = (message.get("Content-Encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise UsageError(f"{shown}: packed as {safe(coding)[:20]}", "save the page as a file")
    data = b"".join(_bounded(response, coding != "identity", shown, end))
    return Page(shown, data, kind, message.get_content_charset() or "")


def _bounded(
    response: http.client.HTTPResponse, packed: bool, shown: str, end: float
) -> Iterator[bytes]:
    """Yield the body, unpacked, until it is too long or takes too long."""
    unpacker = zlib.decompressobj(wbits=31) if packed else None
    size = 0
    while chunk := response.read1(_CHUNK):
        if time.monotonic() > end:
            raise _too_slow(shown)
        try:
            piece = unpacker.decompress(chunk, LARGEST + 1 - size) if unpacker else chunk
        except zlib.error as error:
            reason = safe(str(error))
            raise UsageError(f"{shown}: damaged ({reason})", "save the page as a file") from error
        size += len(piece)
        if size > LARGEST:
            raise _too_large(shown)
        yield piece
    if time.monotonic() > end:
        raise _too_slow(shown)
    if response.length or (unpacker is not None and not unpacker.eof):
        raise UsageError(f"{shown}: broke off", "try again")


def _too_large(shown: str) -> UsageError:
    return UsageError(f"{shown}: more than {LARGEST // 1_000_000} MB", "save it as a file")


def _untrusted(shown: str, error: ssl.SSLCertVerificationError) -> UsageError:
    reason = " ".join(safe(error.verify_message).split())[:120].rstrip(".")
    return UsageError(
        f"{shown}: its certificate is not trusted ({reason})",
        "look at it in a browser, and save the page as a file",
    )


def _too_slow(shown: str) -> UsageError:
    return UsageError(f"{shown}: takes too long", "try again, or save the page as a file")
