"""What went wrong at the endpoint, in one line that a user can act on, without the key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from rag.errors import ModelFailed, safe

if TYPE_CHECKING:
    import openai

_LONGEST = 200  # characters of an endpoint's own words
_KEY_LIKE = re.compile(r"\b(?:sk|pk|key)-[\w*.-]{6,}|\bBearer\s+\S+", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context.{0,12}(?:length|size|window)|maximum.{0,30}(?:tokens|length)|too many tokens"
    r"|prompt is too long|exceeds?.{0,40}(?:context|tokens)|n_ctx|reduce the length",
    re.IGNORECASE,
)
_TOO_LARGE = (0, 400, 422, 500)  # 0: an error in a stream that has begun
_TOO_LARGE_FOR_A_MINUTE = re.compile("request too large", re.IGNORECASE)
_PINNED = re.compile("pinned to", re.IGNORECASE)  # `transformers serve`, of another model
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
_FILTER = re.compile(r"content[_ ](?:filter|policy|management)|safety|moderation", re.IGNORECASE)
_STATUSES = {401: "key", 403: "key", 404: "model", 408: "timeout", 429: "rate", 504: "timeout"}
_CAUSES = {
    "context": ("the prompt is too long", "lower model_window or model_passages"),
    "filtered": ("the content filter said no", "ask in other words, or another model"),
    "key": ("the key was refused", "check OPENAI_API_KEY and what it may do"),
    "model": ("no such model", "name another: --model"),
    "rate": ("too many requests, or no credit left", "wait a little and ask again"),
    "server": ("the server failed", "ask again later"),
    "timeout": ("no reply in time", "ask again, or raise model_timeout"),
    "unreachable": ("not reached, or it hung up", "check OPENAI_BASE_URL and the network"),
    "broken": ("the reply broke off", "ask again"),
    "request": ("the request was refused", "check --model and OPENAI_BASE_URL"),
}
ADDRESS = "check OPENAI_BASE_URL: it usually ends in /v1"
"""The next step when somebody answers who is no endpoint."""


def unsupported(error: Exception, options: Collection[str]) -> str:
    """Return which of the optional parameters a request was refused for, or an empty text."""
    import openai

    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        return ""
    named = error.param if error.param in options else None
    return named or next((name for name in options if name in str(error.body)), "")


def explain(error: Exception, host: str, model: str, key: str, said: bool) -> ModelFailed:
    """Return what `error` of the client means; `said` when a part of the reply had come."""
    import openai

    words = _redacted(_message(error), key)
    if isinstance(error, openai.APITimeoutError):
        kind, what = "timeout", "the reply stopped coming" if said else "no reply in time"
    elif isinstance(error, openai.APIConnectionError):
        kind, what = (
            ("broken", "the connection broke off")
            if said
            else ("unreachable", "not reached, or it hung up")
        )
    elif isinstance(error, openai.APIError):
        kind = _kind(error, words)
        what = f"{_CAUSES[kind][0]}: {words}"
    else:
        kind = "broken" if said else "server"
        what = f"it does not speak as the OpenAI API does ({type(error).__name__})"
    who = f"{host}, {model}" if kind in ("model", "context", "filtered") else host
    elsewhere = getattr(error, "status_code", 0) == 404 and not _MODEL.search(words)
    hint = ADDRESS if elsewhere else _CAUSES[kind][1]
    if getattr(error, "code", "") == "insufficient_quota":
        hint = "waiting does not help: pay, or use another key"
    return ModelFailed(f"{who}: {what}", hint, kind)


def _kind(error: openai.APIError, words: str) -> str:
    """Tell the cause by the status, and by words and codes where the status is used for many."""
    code = str(error.code or "")
    status = int(getattr(error, "status_code", 0))
    if status == 413 or _TOO_LARGE_FOR_A_MINUTE.search(words):
        return "context"  # fewer passages are the cure of these as well
    if status in _TOO_LARGE and (code == "context_length_exceeded" or _CONTEXT.search(words)):
        return "context"
    if status in (0, 400) and _FILTER.search(f"{code} {words}"):
        return "filtered"
    if status == 400 and (code == "model_not_found" or _PINNED.search(words)):
        return "model"
    return _STATUSES.get(status, "request" if 0 < status < 500 else "server")


def _message(error: Exception) -> str:
    """The endpoint's own words, wherever it put them."""
    return _words(getattr(error, "body", None)) or str(getattr(error, "message", "") or error)


def _words(body: object, depth: int = 5) -> str:
    """The first text of a body in a place for messages; some wrap it into lists, or twice."""
    if isinstance(body, str) or not depth:
        return str(body or "").strip()
    inside: Iterable[object] = body if isinstance(body, list) else ()
    if isinstance(body, dict):
        inside = [body[name] for name in ("message", "detail", "error", "msg") if name in body]
    return next((words for item in inside if (words := _words(item, depth - 1))), "")


def _redacted(words: str, key: str) -> str:
    """One short line of an endpoint's words, with nothing in it that could be a key."""
    if re.match(r"\s*<(?:!doctype|html)", words, re.IGNORECASE):
        return "it sent a web page"
    if len(key) > 4:
        words = words.replace(key, "***")
    words = " ".join(safe(_KEY_LIKE.sub("***", words)).split())
    return words[:_LONGEST] + "…" if len(words) > _LONGEST else words
