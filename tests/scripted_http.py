"""The sockets of `scripted`: it decides what is said, and this puts it on the wire."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

import wire
from wire import Body, Json, Style

if TYPE_CHECKING:
    from scripted import Scripted

_POLL = 0.01  # seconds between two looks at whether the client is still there


Ending = Literal["whole", "quiet", "closed", "reset", "dropped"]
"""How a reply ends: as it should; with a whole body in which the last chunk and `[DONE]` are
missing; with the connection closed, or reset, within the body; or closed before the headers."""


@dataclass(frozen=True, slots=True)
class Step:
    """One reply. A `body` is sent as it is with `status`; else `texts` are streamed.

    `usage` may be the counts to send; True: counted here and sent as the request asks for it.
    `wait` is in seconds before the headers, `delay` before each event; `gate` holds the reply back
    after the first text until it is set. `split` is the number of bytes in a TCP write.
    """

    texts: tuple[str, ...] = ()
    status: int = 200
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    finish: str | None = "stop"
    usage: bool | Json = True
    error: Json | None = None
    ending: Ending = "whole"
    wait: float = 0.0
    delay: float = 0.0
    gate: threading.Event | None = None
    split: int = 0
    style: Style | None = None


@dataclass(slots=True)
class Request:
    """What was asked: the body, and the headers with their names in lower case."""

    body: Json
    headers: Mapping[str, str]
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before the reply was whole."""

    @property
    def messages(self) -> list[Json]:
        """The messages, in order."""
        return list(self.body.get("messages", ()))

    @property
    def prompt(self) -> str:
        """The contents of all messages, with a line between them."""
        return "\n".join(str(message["content"]) for message in self.messages)

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", ""))

    @property
    def key(self) -> str:
        """The key that came along."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def tokens(self) -> int:
        """About how long the prompt is; it need only grow with it."""
        return len(self.prompt.encode()) // 3 + 4 * len(self.messages)

    def usage(self, step: Step) -> Json | None:
        """Return the token counts of a reply, each of its pieces being a token."""
        if not isinstance(step.usage, bool):
            return step.usage
        read, written = self.tokens, len(step.texts)
        counts = {"prompt_tokens": read, "completion_tokens": written}
        return counts | {"total_tokens": read + written} if step.usage else None


class Gone(Exception):
    """Nobody is there to be answered: the client left, or the server is being closed."""


class Listener(ThreadingHTTPServer):
    """Takes connections on a free port of this machine, and can end them all at once."""

    daemon_threads = False  # closing waits for them: nothing is left behind for the next test
    request_queue_size = 128

    def __init__(self, script: Scripted) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection, and note that it is there."""
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, _request: Any, _address: Any) -> None:
        """Keep what went wrong in here, for the test to fail with; clients may leave, though."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError | Gone):
            self.script.broken.append(error)

    def close(self) -> None:
        """Stop at once, whatever is being sent, and wait until nothing runs any more."""
        self.closing.set()
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else small events wait for the one before to be confirmed

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            return self._send(404, wire.html(404, "Not Found"))
        step = self.server.script.listing(self._headers())
        return self._send(step.status, step.body or "")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions":
            return self._send(404, wire.html(404, "Not Found"))
        with self.server.script.taking(body, self._headers()) as (request, step):
            try:
                self._answer(request, step)
            except (ConnectionError, Gone):
                request.left.set()
                self.close_connection = True
        return None

    def _headers(self) -> dict[str, str]:
        return {name.lower(): text for name, text in self.headers.items()}

    def _answer(self, request: Request, step: Step) -> None:
        self._pause(step.wait)
        if step.ending == "dropped":
            self._end(step)
        elif step.body is not None:
            self._send(step.status, step.body, step.headers.items())
        elif request.body.get("stream"):
            self._stream(request, step)
        else:
            self._whole(request, step)

    def _stream(self, request: Request, step: Step) -> None:
        asked = bool((request.body.get("stream_options") or {}).get("include_usage"))
        head = [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache")]
        self._begin(step.status, [*head, ("Transfer-Encoding", "chunked"), *step.headers.items()])
        for event in self._events(request, step, asked):
            self._pause(step.delay)
            for piece in _cut(event, step.split):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self._end(step)

    def _events(self, request: Request, step: Step, asked: bool) -> Iterator[bytes]:
        style = step.style or self.server.script.style
        usage = request.usage(step) if asked or style.usage_beside_finish else None
        texts = step.texts
        if step.gate is not None:
            yield from wire.stream(texts[:1], None, None, style, request.model)
            self._pause(float("inf"), step.gate)
            texts, style = texts[1:], wire.going_on(style)
        yield from wire.stream(texts, step.finish, usage, style, request.model)
        if step.error is not None:
            yield wire.event(step.error, style)

    def _whole(self, request: Request, step: Step) -> None:
        if step.gate is not None:
            self._pause(float("inf"), step.gate)
        if step.error is not None:
            return self._send(500, step.error)
        usage = request.usage(step)
        body = wire.completion("".join(step.texts), step.finish, usage, request.model)
        if step.ending == "whole":
            return self._send(step.status, body, step.headers.items())
        half = json.dumps(body).encode()
        self._begin(step.status, [("Content-Length", str(2 * len(half)))])
        self.wfile.write(half)
        return self._end(step)

    def _send(self, status: int, body: Body, headers: Iterable[tuple[str, str]] = ()) -> None:
        kind = "text/html" if isinstance(body, str) else "application/json"
        data = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        own = {"Content-Type": kind, "Content-Length": str(len(data)), **dict(headers)}
        self._begin(status, own.items())
        self.wfile.write(data)

    def _begin(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()

    def _end(self, step: Step) -> None:
        if step.ending in ("whole", "quiet"):
            self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        if step.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()  # holds the socket open
            self.connection.close()

    def _pause(self, seconds: float, gate: threading.Event | None = None) -> None:
        """Wait for `seconds`, or until `gate` is set.

        Raises:
            Gone: when the client leaves or the server is closed meanwhile.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (gate and gate.is_set()):
            if self.server.closing.wait(0 if gate else min(left, _POLL)) or self._left():
                raise Gone
            if gate:
                gate.wait(_POLL)

    def _left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)


def _cut(event: bytes, size: int) -> Iterator[bytes]:
    size = size or len(event)
    return (event[start : start + size] for start in range(0, len(event), size))


def unused_url() -> str:
    """Return the base URL of a server that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
