"""A language model behind any OpenAI-compatible endpoint, through the `openai` client.

The key and the address come from `OPENAI_API_KEY` and `OPENAI_BASE_URL` alone: a settings file in
somebody else's project folder must not send a key to an address of its own.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.errors import ModelFailed
from rag.llm.failures import ADDRESS, explain, unsupported
from rag.llm.lean import import_openai
from rag.settings import Settings
from rag.types import Delta, Message

if TYPE_CHECKING:
    import openai
    from openai import Stream
    from openai.types.chat import ChatCompletionChunk

NONE = "none"
"""The name of no model."""
DEFAULT_MODEL = "gpt-5-mini"
"""Asked at api.openai.com when no model is named."""
_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"  # what servers of one's own are sent, which ask for none
_NOWHERE = "OPENAI_BASE_URL"  # what is shown of an address that has no host
_CONNECT_SECONDS = 10.0
# A faithful answer needs no chance. Some models and servers refuse either parameter; it is then
# left out for good.
_OPTIONAL: Mapping[str, object] = {
    "temperature": 0.0,
    "stream_options": {"include_usage": True},
}
_REASONING = ("gpt-5", "o1", "o3", "o4")  # they take no temperature
_THINKING = ("<think>", "</think>")
_FEW = 8  # models named in an error


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is and how to reach it; what may be secret is in no representation."""

    url: str = field(repr=False)
    key: str = field(repr=False)
    timeout: float = 120.0
    retries: int = 2

    @property
    def host(self) -> str:
        """The host and port, fit to be shown: an address may carry a password."""
        try:
            parts = urlsplit(self.url)
            return (parts.hostname or _NOWHERE) + (f":{parts.port}" if parts.port else "")
        except ValueError:
            return _NOWHERE

    def check(self, model: str) -> None:
        """Complain about an address or a key that nothing could be sent to or with.

        Raises:
            ModelFailed: without showing either.
        """
        if not self.key:
            raise ModelFailed(
                f"no key for the model {model!r}",
                "set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or --model none",
                "key",
            )
        if not self.url.startswith(("http://", "https://")) or self.host == _NOWHERE:
            hint = "it looks like http://localhost:11434/v1"
            raise ModelFailed("OPENAI_BASE_URL is not an address", hint, "unreachable")
        if not (self.key.isascii() and self.key.isprintable()):
            hint = "copy it again"
            raise ModelFailed("OPENAI_API_KEY has characters that no key has", hint, "key")


def load(settings: Settings, environment: Mapping[str, str]) -> OpenAIChat | None:
    """Return the model that the settings and the environment name, or None for no model.

    Without a name there is a model when there is a key or an address. Nothing is imported, nobody
    is called, and nothing is checked before the first question: searching needs no key.
    """
    name = settings.model.strip()
    # A line end is easily copied along.
    key = environment.get("OPENAI_API_KEY", "").strip()
    url = environment.get("OPENAI_BASE_URL", "").strip()
    if name.lower() == NONE or not (name or key or url):
        return None
    key = key or (_NO_KEY if url else "")
    endpoint = Endpoint(url or _OPENAI, key, settings.model_timeout, settings.model_retries)
    return OpenAIChat(endpoint, name or ("" if url else DEFAULT_MODEL))


class OpenAIChat:
    """One model at one endpoint. Safe to be used by several threads."""

    def __init__(self, endpoint: Endpoint, model: str = "") -> None:
        """Without `model`, the endpoint is asked, which must then serve exactly one."""
        self.endpoint = endpoint
        self._model = model
        self._client: openai.OpenAI | None = None
        self._refused: set[str] = {"temperature"} if model.startswith(_REASONING) else set()
        self._lock = Lock()

    @property
    def model(self) -> str:
        """The model's name; while it is not known yet, the endpoint's."""
        return self._model or self.endpoint.host

    def check(self) -> None:
        """Complain about a key or an address that could never work; nobody is called.

        Raises:
            ModelFailed: without showing either.
        """
        self.endpoint.check(self._model)

    def stream(self, messages: Sequence[Message], /) -> Iterator[Delta]:
        """Yield the reply as it arrives; what a model thinks aloud before it is left out.

        Raises:
            ModelFailed: before the first piece or between two; nothing that came is taken back.
        """
        said = False
        for delta in _without_thinking(self._stream(messages)):
            said = said or bool(delta.text.strip())
            yield delta
        if not said:
            hint = "ask again, or another model"
            raise ModelFailed(f"{self.model}: an empty reply", hint, "empty")

    def _stream(self, messages: Sequence[Message]) -> Iterator[Delta]:
        said, finish = False, ""
        try:
            with closing(self._request(messages)) as stream:
                self._must_stream(stream.response.headers.get("content-type", ""))
                for chunk in stream:
                    delta, finish = _read(chunk, finish)
                    said = said or bool(delta.text.strip())
                    if delta.text or delta.usage:
                        yield delta
        except ModelFailed:
            raise
        except Exception as error:
            # The client's own error is not shown as the cause (-v): the key may be in its words.
            raise explain(error, self.endpoint.host, self.model, self.endpoint.key, said) from None
        _ended(finish, said, self.model)

    def _request(self, messages: Sequence[Message]) -> Stream[ChatCompletionChunk]:
        """Send the request, again without an optional parameter that the endpoint refuses."""
        client = self._connected()
        body = [{"role": message.role, "content": message.content} for message in messages]
        while True:
            options = {
                name: value for name, value in _OPTIONAL.items() if name not in self._refused
            }
            try:
                return client.chat.completions.create(  # type: ignore[call-overload, no-any-return]
                    model=self._model, messages=body, stream=True, **options
                )
            except Exception as error:
                refused = unsupported(error, options)
                if not refused:
                    raise
                self._refused.add(refused)

    def _must_stream(self, content: str) -> None:
        """Complain about a page or a document where a stream was asked for."""
        if content.startswith(("text/html", "application/json")):
            raise ModelFailed(f"{self.endpoint.host}: sent {content}, no stream", ADDRESS, "server")

    def _connected(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
                self.check()
                package = import_openai()
                timeout = package.Timeout(
                    self.endpoint.timeout, connect=min(_CONNECT_SECONDS, self.endpoint.timeout)
                )
                self._client = package.OpenAI(
                    api_key=self.endpoint.key,
                    base_url=self.endpoint.url,
                    timeout=timeout,
                    max_retries=self.endpoint.retries,
                )
                # Left to itself, it may be collected later than its own open connections.
                weakref.finalize(self, self._client.close)
            if not self._model:
                self._model = self._only_model(self._client)
            return self._client

    def _only_model(self, client: openai.OpenAI) -> str:
        host = self.endpoint.host
        hint = "name one: --model, RAG_MODEL or model in rag.toml"
        try:
            served = [model.id for model in client.models.list()]
        except Exception as error:
            failure = explain(error, host, "", self.endpoint.key, said=False)
            if failure.kind in ("unreachable", "timeout", "key"):
                raise failure from None
            raise ModelFailed(f"{host} does not tell which models it has", hint, "model") from None
        if len(served) != 1:
            names = ", ".join(served[:_FEW]) + (", …" if len(served) > _FEW else "")
            raise ModelFailed(f"{host} serves {len(served)} models: {names}", hint, "model")
        return served[0]


def _read(chunk: ChatCompletionChunk, finish: str) -> tuple[Delta, str]:
    """Return what one event of a stream says, and why the reply ended if it did."""
    text = ""
    for choice in chunk.choices or ():
        if finish != "content_filter":  # a model that declines ends as if nothing were the matter
            finish = choice.finish_reason or finish
        if choice.delta is not None:
            text += choice.delta.content or ""
            if getattr(choice.delta, "refusal", None):
                finish = "content_filter"
    usage = chunk.usage
    if usage is None:
        return Delta(text), finish
    counts = {
        "prompt_tokens": usage.prompt_tokens or 0,
        "completion_tokens": usage.completion_tokens or 0,
        "total_tokens": usage.total_tokens or 0,
    }
    return Delta(text, counts), finish


def _ended(finish: str, said: bool, model: str) -> None:
    """Complain about a reply that is not all."""
    if finish == "content_filter":
        raise ModelFailed(
            f"{model}: the endpoint's content filter stopped the reply",
            "ask in other words, or another model",
            "filtered",
        )
    if finish == "length":
        raise ModelFailed(
            f"{model}: the reply was cut at the length that the endpoint allows",
            "ask for less, or raise the limit there",
            "length",
        )
    if not finish and said:
        raise ModelFailed(f"{model}: the connection ended within the reply", "ask again", "broken")


def _without_thinking(deltas: Iterator[Delta]) -> Iterator[Delta]:
    """Leave out a block of `<think>` at the beginning, as some servers pass it on."""
    opening, closing_tag = _THINKING
    held, open_ = "", True
    for delta in deltas:
        if not open_:
            yield delta
            continue
        held += delta.text
        start = held.lstrip()
        thinking = start.startswith(opening)
        text = start.partition(closing_tag)[2].lstrip() if thinking else held
        if opening.startswith(start) or not text:
            if delta.usage:
                yield Delta("", delta.usage)
            continue
        open_ = False
        yield Delta(text, delta.usage)
    if open_ and held.strip() and not held.lstrip().startswith(opening):
        yield Delta(held)
