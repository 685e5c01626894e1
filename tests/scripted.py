"""A language model on this machine that says what a test tells it to, or fails as told.

It speaks the wire protocol of `POST /v1/chat/completions` (streamed and not) and `GET /v1/models`,
so that what is tested is the whole way through the real client:

    with Scripted() as server:
        server.say("Tea ", "is eight yuan.")          # one reply, in two pieces
        server.fail(429, wire.rate_limit("m"), headers={"Retry-After": "0"}, times=2)
        client = openai.OpenAI(base_url=server.url, api_key="sk-test")
        ...
        assert "花茶" in server.requests[0].prompt

Replies are given in the order in which they were queued; when none is left, `reply_with` answers
from the request. Rules (`models`, `require_key`, `unsupported`, `refuse_usage`, `context_error`)
are looked at before either, as a real server validates before it generates.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

import wire
from scripted_http import Ending, Listener, Request, Step
from wire import Body, Json, Style

KEY = "sk-scripted-0123456789abcdefXYZ"
"""What `llm_server` has tests send; it may appear nowhere else."""

Reply = str | Sequence[str] | Step
Rule = Callable[[Request], Step | None]


class Scripted:
    """The server; a context manager. See the module for how it is used."""

    def __init__(self, style: Style = wire.PLAIN) -> None:
        self.style = style
        self.requests: list[Request] = []
        """Of chat completions, in the order in which they came; those refused, too."""
        self.lists = 0
        """How often the list of models was asked for."""
        self.busiest = 0
        """The largest number of requests that were answered at the same time."""
        self.broken: list[BaseException] = []
        """What went wrong in here; the first is raised when the server is left."""
        self._now = 0
        self._queue: deque[Step] = deque()
        self._rules: list[Rule] = []
        self._key: str | None = None
        self._otherwise: Callable[[Json], Reply] | None = None
        self._list = Step(body=wire.models(["scripted-1"]))
        self._lock = threading.Lock()
        self._listener = Listener(self)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self._listener.server_address[1]}/v1"

    @property
    def last(self) -> Request:
        """The last request."""
        return self.requests[-1]

    @property
    def unsaid(self) -> int:
        """How many queued replies nobody has asked for yet."""
        return len(self._queue)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failed: object) -> None:
        self.close()
        if self.broken and failed[0] is None:
            raise self.broken[0]

    def close(self) -> None:
        """Stop at once, whatever is being sent, and wait until nothing is left running."""
        self._listener.close()
        self._thread.join()

    # What is said.

    def say(self, *texts: str, usage: bool | Json = True, style: Style | None = None) -> None:
        """Queue a reply made of these pieces."""
        self.queue(Step(texts, usage=usage, style=style))

    def reply_with(self, model: Callable[[Json], Reply]) -> None:
        """Answer all requests for which nothing is queued by what `model` makes of their body."""
        self._otherwise = model

    def queue(self, *steps: Step, times: int = 1) -> None:
        """Queue replies."""
        self._queue.extend(steps * times)

    def say_bytes_split(self, *texts: str, size: int = 1) -> None:
        """Queue a reply that is written `size` bytes at a time, characters cut in the middle."""
        self.queue(Step(texts, split=size))

    def slow(self, *texts: str, delay: float) -> None:
        """Queue a reply that waits before each piece."""
        self.queue(Step(texts, delay=delay))

    def hold(self, *texts: str) -> threading.Event:
        """Queue a reply that says the first piece, and the others when the event is set."""
        gate = threading.Event()
        self.queue(Step(texts, gate=gate))
        return gate

    # What goes wrong.

    def fail(
        self,
        status: int,
        message: Body = "",
        *,
        code: Any = None,
        param: str | None = None,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Queue a failure: a text is wrapped as OpenAI does, a whole body sent as it is.

        Without a message the body is the HTML of a proxy. The client repeats requests that failed
        with 408, 409, 429 and 5xx: say `times` for how many of them it shall meet it.
        """
        body: Body
        if isinstance(message, str):
            wrapped = wire.error(message, code, param, kind)
            body = wrapped if message else wire.html(status, HTTPStatus(status).phrase)
        else:
            body = message
        self.queue(Step(status=status, body=body, headers=headers or {}), times=times)

    def break_after(self, *texts: str, ending: Ending = "closed", times: int = 1) -> None:
        """Queue a reply that breaks off after these pieces; without any, after the headers."""
        self.queue(Step(texts, finish=None, ending=ending), times=times)

    def error_in_stream(self, *texts: str, error: Json | None = None) -> None:
        """Queue a reply that turns into an error in the middle."""
        shown = error or wire.error("The server had an error while processing", kind="server_error")
        self.queue(Step(texts, finish=None, error=shown, ending="quiet"))

    def empty(self, *, times: int = 1) -> None:
        """Queue a reply that ends well and says nothing."""
        self.queue(Step(), times=times)

    def filtered(self, *texts: str) -> None:
        """Queue a reply that the content filter cuts off."""
        self.queue(Step(texts, finish="content_filter"))

    def length(self, *texts: str) -> None:
        """Queue a reply that stops where the room for it ended."""
        self.queue(Step(texts, finish="length"))

    def hang(self, seconds: float = 3600.0, *texts: str, times: int = 1) -> None:
        """Queue a reply whose headers come late, or never; closing the server does not wait."""
        self.queue(Step(texts, wait=seconds), times=times)

    def drop(self, *, times: int = 1) -> None:
        """Queue a connection that is closed without a reply."""
        self.queue(Step(ending="dropped"), times=times)

    def stall(self, *texts: str, times: int = 1) -> None:
        """Queue a reply of which only the first piece comes."""
        self.queue(
            Step((*texts[:1], *(texts[1:] or ("never",))), gate=threading.Event()), times=times
        )

    # What the server refuses, before it comes to replies.

    def models(self, names: Iterable[str] = (), *, dialect: str = "openai") -> None:
        """Serve these models and no other."""
        known = tuple(names)
        self._list = Step(body=wire.models(known))
        self._rules.append(
            lambda asked: (
                None
                if asked.model in known
                else _refusal(*wire.unknown_model(asked.model, dialect))
            )
        )

    def no_list(self, status: int = 500) -> None:
        """Fail when the models are asked for; `transformers serve` does so without a network."""
        self._list = Step(status=status, body="Internal Server Error")

    def require_key(self, key: str) -> None:
        """Refuse any other key, and say which it was."""
        self._key = key

    def unsupported(self, param: str) -> None:
        """Refuse requests that have this parameter."""
        self._rules.append(
            lambda asked: (
                _refusal(400, wire.unsupported(param, asked.body[param]))
                if param in asked.body
                else None
            )
        )

    def refuse_usage(self, dialect: str = "mistral") -> None:
        """Refuse requests that ask for token counts in the stream."""
        self._rules.append(
            lambda asked: (
                _refusal(*wire.usage_refused(dialect)) if "stream_options" in asked.body else None
            )
        )

    def context_error(self, limit_tokens: int, dialect: str = "openai") -> None:
        """Refuse prompts of more tokens (`Request.tokens`), in the words of `dialect`."""

        def rule(asked: Request) -> Step | None:
            if asked.tokens <= limit_tokens:
                return None
            status, body = wire.too_long(asked.tokens, limit_tokens, dialect)
            if dialect not in wire.STREAMED or not isinstance(body, dict):
                return _refusal(status, body)
            return Step(finish=None, error=body, ending="quiet", style=wire.BARE)

        self._rules.append(rule)

    # What the listener asks.

    def listing(self, headers: Mapping[str, str]) -> Step:
        """Return the reply to a request for the models."""
        self.lists += 1
        return self._keyless(Request({}, headers)) or self._list

    @contextlib.contextmanager
    def taking(self, body: Json, headers: Mapping[str, str]) -> Iterator[tuple[Request, Step]]:
        """Note a request, which is being answered for as long as the context lasts."""
        request = Request(body, headers)
        with self._lock:
            self.requests.append(request)
            self._now += 1
            self.busiest = max(self.busiest, self._now)
        try:
            yield request, self._decide(request)
        finally:
            with self._lock:
                self._now -= 1

    def _decide(self, request: Request) -> Step:
        for rule in (self._keyless, *self._rules):
            if (step := rule(request)) is not None:
                return step
        with contextlib.suppress(IndexError):
            return self._queue.popleft()
        try:
            if self._otherwise is None:
                raise AssertionError(f"no reply was queued for: {request.prompt[-200:]}")
            return _step(self._otherwise(request.body))
        except Exception as error:
            self.broken.append(error)
            return _refusal(400, wire.error("the test's model failed"))

    def _keyless(self, asked: Request) -> Step | None:
        if self._key is None or asked.key == self._key:
            return None
        return _refusal(401, wire.wrong_key(asked.key))


def _step(reply: Reply) -> Step:
    if isinstance(reply, Step):
        return reply
    return Step((reply,) if isinstance(reply, str) else tuple(reply))


def _refusal(status: int, body: Body) -> Step:
    return Step(status=status, body=body)
