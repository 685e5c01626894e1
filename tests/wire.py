"""What endpoints of the OpenAI kind put on the wire: chunks of a stream, and bodies of errors.

The prose of the errors is what the servers named here were seen to send, since a client that has to
tell a prompt too long from any other refusal has nothing but that prose to go by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

Json = dict[str, Any]
Body = Json | list[Any] | str
"""Of an error; a text is sent as the HTML that proxies send."""

HTML = "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n<center><h1>{0} {1}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"  # noqa: E501


@dataclass(frozen=True, slots=True)
class Style:
    """How a server writes its stream; the same reply comes out of all of them.

    - `pings`: comment lines between events, as gateways send them to keep a connection open.
    - `role_first`: the first delta has a role and no text. `nulls`: some have `content: null`.
    - `hollow`: some chunks have no choices. `reasoning`: what the model thinks before it speaks.
    - `usage_beside_finish`: the last chunk has the token counts, asked for or not, as `transformers
      serve` sends them; else they have a chunk of their own, when the request asks for it.
    - `done`: the stream ends with `[DONE]`; that of `transformers serve` does not.
    """

    newline: str = "\n"
    pings: bool = False
    role_first: bool = True
    nulls: bool = False
    hollow: bool = False
    reasoning: tuple[str, ...] = ()
    usage_beside_finish: bool = False
    done: bool = True


PLAIN = Style()
ODD = Style(
    newline="\r\n", pings=True, nulls=True, hollow=True, reasoning=("They ask ", "for 「茶」…")
)
"""Everything at once that a client has to live with."""
BARE = Style(role_first=False, usage_beside_finish=True, done=False)


def going_on(style: Style) -> Style:
    """Return the style for the rest of a reply that has begun."""
    return replace(style, role_first=False, reasoning=())


def stream(
    texts: Iterable[str], finish: str | None, usage: Json | None, style: Style, model: str
) -> Iterator[bytes]:
    """Yield the events of a whole reply; without `finish` they end after the last text."""
    for position, delta in enumerate(_deltas(texts, style)):
        if style.pings and position % 2:
            yield f": ping{style.newline * 2}".encode()
        if style.hollow and position % 3 == 1:
            yield event({**_head(model), "choices": []}, style)
        yield event(_chunk(model, delta), style)
    if finish is None:
        return
    last = _chunk(model, {}, finish)
    if usage is not None and style.usage_beside_finish:
        yield event({**last, "usage": usage}, style)
    else:
        yield event(last, style)
        if usage is not None:
            yield event({**_head(model), "choices": [], "usage": usage}, style)
    if style.done:
        yield event("[DONE]", style)


def event(data: Json | str, style: Style = PLAIN, name: str = "") -> bytes:
    """Return one server-sent event; characters beyond ASCII are sent as they are, in UTF-8."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"event: {name}{style.newline}" if name else ""
    return f"{head}data: {text}{style.newline * 2}".encode()


def completion(text: str, finish: str | None, usage: Json | None, model: str) -> Json:
    """Return the reply to a request that does not stream."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
    }
    head = {**_head(model), "object": "chat.completion", "choices": [choice]}
    return {**head, "usage": usage} if usage is not None else head


def models(names: Iterable[str]) -> Json:
    """Return the list of models."""
    data = [{"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in names]
    return {"object": "list", "data": data}


def error(message: str, code: Any = None, param: str | None = None, kind: str = "") -> Json:
    """Return an error as OpenAI sends it."""
    kind = kind or "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def html(status: int, phrase: str) -> str:
    """Return what a proxy sends when the server behind it is not well."""
    return HTML.format(status, phrase)


def wrong_key(key: str) -> Json:
    """Return OpenAI's refusal of a key, with the whole key in it, as some gateways have it."""
    hint = "You can find your API key at https://platform.openai.com/account/api-keys."
    return error(f"Incorrect API key provided: {key}. {hint}", "invalid_api_key")


def rate_limit(model: str) -> Json:
    """Return OpenAI's refusal of one request too many in this minute."""
    text = (
        f"Rate limit reached for {model} in organization org-test on requests per min (RPM):"
        " Limit 3, Used 3, Requested 1. Please try again in 20s."
    )
    return error(text, "rate_limit_exceeded", kind="requests")


def no_quota() -> Json:
    """Return OpenAI's refusal when nothing is paid for: status 429, and waiting does not help."""
    text = "You exceeded your current quota, please check your plan and billing details."
    return error(text, "insufficient_quota", kind="insufficient_quota")


def content_filter() -> Json:
    """Return Azure's refusal of a prompt."""
    text = (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management"
        " policy. Please modify your prompt and retry."
    )
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}
    body: Json = error(text, "content_filter", "prompt")
    body["error"] |= {"type": None, "status": 400, "innererror": inner}
    return body


def unknown_model(model: str, dialect: str = "openai") -> tuple[int, Json]:
    """Return status and body when there is no such model."""
    if dialect == "ollama":
        text = f'model "{model}" not found, try pulling it first'
        return 404, error(text, kind="not_found_error")
    if dialect == "vllm":
        text = f"The model `{model}` does not exist."
        return 404, error(text, 404, "model", "NotFoundError")
    if dialect == "vllm-old":  # until the end of 2025: nothing is wrapped into `error`
        return 404, unknown_model(model, "vllm")[1]["error"] | {"object": "error"}
    if dialect == "transformers":
        return 400, {"detail": f"Server is pinned to 'tiny'; requested '{model}'."}
    text = f"The model `{model}` does not exist or you do not have access to it."
    return 404, error(text, "model_not_found")


DIALECTS: Mapping[str, tuple[int, str, Json]] = {
    "openai": (
        400,
        "This model's maximum context length is {limit} tokens. However, your messages resulted in"
        " {tokens} tokens. Please reduce the length of the messages.",
        {"type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"},
    ),
    "openai-new": (
        400,
        "Input tokens exceed the configured limit of {limit} tokens. Your messages resulted in"
        " {tokens} tokens. Please reduce the length of the messages.",
        {"type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"},
    ),
    "vllm": (
        400,
        "This model's maximum context length is {limit} tokens. However, your request has {tokens}"
        " input tokens. Please reduce the length of the input messages.",
        {"type": "BadRequestError", "param": "input_tokens", "code": 400},
    ),
    "llama.cpp": (
        400,
        "request ({tokens} tokens) exceeds the available context size ({limit} tokens), try"
        " increasing it",
        {"type": "exceed_context_size_error", "code": 400},
    ),
    "llama.cpp-500": (
        500,
        "Context size has been exceeded.",
        {"type": "server_error", "code": 500},
    ),
    "ollama": (
        400,
        "the input length exceeds the context length",
        {"type": "invalid_request_error", "param": None, "code": None},
    ),
    "gemini": (
        400,
        "The input token count ({tokens}) exceeds the maximum number of tokens allowed ({limit}).",
        {"status": "INVALID_ARGUMENT", "code": 400},
    ),
}
"""Of a prompt that is too long: status, wording, and what else is in the error, by server."""
OTHER_DIALECTS = ("vllm-old", "lm-studio", "lm-studio-stream", "sglang-stream")
STREAMED = ("lm-studio-stream", "sglang-stream")
"""Those that answer a stream with 200 and the error as its first event."""


def too_long(tokens: int, limit: int, dialect: str) -> tuple[int, Body]:
    """Return status and body when the prompt does not fit; see `DIALECTS`."""
    if dialect == "vllm-old":
        text = (
            f"This model's maximum context length is {limit} tokens. However, you requested"
            f" {tokens} tokens in the messages, Please reduce the length of the messages."
        )
        kind = "BadRequestError"
        return 400, {"object": "error", "message": text, "type": kind, "param": None, "code": 400}
    if dialect.startswith("lm-studio"):
        text = (
            f"Trying to keep the first {tokens} tokens when context the overflows. However, the"
            f" model is loaded with context length of only {limit} tokens, which is not enough."
            " Try to load the model with a larger context length, or provide a shorter input"
        )
        return (
            (200, {"error": {"message": text}}) if dialect in STREAMED else (400, {"error": text})
        )
    if dialect == "sglang-stream":
        text = (
            f"The input ({tokens} tokens) is longer than the model's context length"
            f" ({limit} tokens)."
        )
        return 200, {
            "error": {"object": "error", "message": text, "type": "BadRequestError", "code": 400}
        }
    status, wording, rest = DIALECTS[dialect]
    body: Json = {"error": {"message": wording.format(tokens=tokens, limit=limit), **rest}}
    if dialect == "llama.cpp":
        body["error"] |= {"n_prompt_tokens": tokens, "n_ctx": limit}
    return status, [body] if dialect == "gemini" else body


def unsupported(param: str, value: Any) -> Json:
    """Return OpenAI's refusal of a parameter that the model has not, or not with this value."""
    if param == "max_tokens":
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model."
            " Use 'max_completion_tokens' instead."
        )
        return error(text, "unsupported_parameter", param)
    text = (
        f"Unsupported value: '{param}' does not support {value} with this model."
        " Only the default (1) value is supported."
    )
    return error(text, "unsupported_value", param)


def usage_refused(dialect: str = "mistral") -> tuple[int, Json]:
    """Return the refusal of `stream_options`, which some servers do not know."""
    where = ["body", "stream_options"]
    detail = {"type": "extra_forbidden", "loc": where, "msg": "Extra inputs are not permitted"}
    if dialect == "mistral":
        message = {"detail": [detail | {"loc": [*where, "include_usage"], "input": True}]}
        return 422, {"object": "error", "message": message, "type": "invalid_request_error"}
    return 400, error(f"[{detail}]", 400, kind="BadRequestError")


def _deltas(texts: Iterable[str], style: Style) -> Iterator[Json]:
    if style.role_first:
        yield {"role": "assistant", "content": "", "refusal": None}
    for thought in style.reasoning:
        yield {"reasoning_content": thought, "content": None}
    for position, text in enumerate(texts):
        if style.nulls and position % 2:
            yield {"content": None}
        yield {"content": text}


def _chunk(model: str, delta: Json, finish: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {**_head(model), "choices": [choice]}


def _head(model: str) -> Json:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "system_fingerprint": None,
    }
