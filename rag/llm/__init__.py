"""A language model behind any OpenAI-compatible endpoint, through the `openai` client.

The key and the address come from `OPENAI_API_KEY` and `OPENAI_BASE_URL` alone: a settings file in
somebody else's project folder must not send a key to an address of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rag.errors import ModelFailed
from rag.llm.failures import explain, unsupported
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
    """Where a model is and how to reach it; the key is in no representation."""

    url: str
    key: str = field(repr=False)
    timeout: float = 120.0
    retries: int = 2

    @property
    def host(self) -> str:
        """The host and port, fit to be shown: an address may carry a password."""
        parts = urlsplit(self.url)
        return (parts.hostname or self.url) + (f":{parts.port}" if parts.port else "")


def load(settings: Settings, environment: Mapping[str, str]) -> OpenAIChat | None:
    """Return the model that the settings and the environment name, or None for no model.

    Without a name there is a model when there is a key or an address. Nothing is imported and
    nobody is called before the first question.

    Raises:
        ModelFailed: when a model is named and there is neither key nor address.
    """
    name = settings.model.strip()
    key, url = environment.get("OPENAI_API_KEY", ""), environment.get("OPENAI_BASE_URL", "")
    if name.lower() == NONE or not (name or key or url):
        return None
    if not key and not url:
        raise ModelFailed(
            f"no key for the model {name!r}",
            "set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or --model none",
            "key",
        )
    endpoint = Endpoint(
        url or _OPENAI, key or _NO_KEY, settings.model_timeout, settings.model_retries
    )
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

    def stream(self, messages: Sequence[Message], /) -> Iterator[Delta]:
        """Yield the reply as it arrives; what a model thinks aloud before it is left out.

        Raises:
            ModelFailed: before the first piece or between two; nothing that came is taken back.
        """
        yield from _without_thinking(self._stream(messages))

    def _stream(self, messages: Sequence[Message]) -> Iterator[Delta]:
        said, finish = False, ""
        try:
            with closing(self._request(messages)) as stream:
                for chunk in stream:
                    delta, finish = _read(chunk, finish)
                    said = said or bool(delta.text.strip())
                    if delta.text or delta.usage:
                        yield delta
        except ModelFailed:
            raise
        except Exception as error:
            raise explain(error, self.endpoint.host, self.model, self.endpoint.key, said) from error
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

    def _connected(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
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
                raise failure from error
            raise ModelFailed(f"{host} does not tell which models it has", hint, "model") from error
        if len(served) != 1:
            names = ", ".join(served[:_FEW]) + (", …" if len(served) > _FEW else "")
            raise ModelFailed(f"{host} serves {len(served)} models: {names}", hint, "model")
        return served[0]


def _read(chunk: ChatCompletionChunk, finish: str) -> tuple[Delta, str]:
    """Return what one event of a stream says, and why the reply ended if it did."""
    text = ""
    for choice in chunk.choices or ():
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
    """Complain about a reply that is none, or not all."""
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
    if not said:
        raise ModelFailed(f"{model}: an empty reply", "ask again, or another model", "empty")


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
        undecided = opening.startswith(start) or (thinking and closing_tag not in start)
        if undecided:
            if delta.usage:
                yield Delta("", delta.usage)
            continue
        open_ = False
        text = start.split(closing_tag, 1)[1].lstrip() if thinking else held
        yield Delta(text, delta.usage)
    if open_ and held.strip() and not held.lstrip().startswith(opening):
        yield Delta(held)
