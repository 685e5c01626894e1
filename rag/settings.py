"""One frozen `Settings`, filled in this order: defaults, `rag.toml`, `RAG_*` variables, flags."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from rag.errors import UsageError

Value = str | int | float
_CLUSTER = re.compile(r"ray://(?:[^\s/:@\[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")
_KINDS = {str: "a text", int: "a whole number", float: "a number"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. The name of a field is its name everywhere else, too."""

    index: str = "default"
    """Name of the index under `index/`, or a path to one."""
    encoder: str = "builtin"
    """`builtin`, or the name or folder of any sentence-transformers model."""
    store: str = ""
    """Where the index is asked: empty for the disk, else a Milvus server or a Milvus Lite file."""
    workers: str = "1"
    """How many processes embed passages: a number, `auto`, or `ray://host:port` of a cluster."""
    k: int = 8
    """How many passages a search returns; an answer quotes from the best of them."""
    passage_tokens: int = 400
    """Budget of a passage, in tokens; longer turns are cut at sentence ends."""
    dense_weight: float = 1.2
    """What a cosine of 1 counts beside the lexical score, question and passage in one script."""
    dense_weight_across: float = 6.0
    """The same across scripts, where shared names and numbers are all that is lexical."""
    refuse_below: float = 0.5
    """Calibrated chance that an answer is there at all, below which the answer is a refusal."""
    model: str = ""
    """Language model that answers; empty: what the endpoint serves, `none`: quote without one."""
    model_window: int = 8192
    """Tokens that the model can read and write at once."""
    model_passages: int = 16
    """How many passages the model is given at most, as far as they fit into its window."""
    model_refuse_below: float = 0.2
    """Chance of an answer below which the model is not even asked."""
    reply_tokens: int = 1000
    """Room in the window that is kept for the reply."""
    model_timeout: float = 120.0
    """Seconds to wait for the model's next words."""
    model_retries: int = 2
    """How often a request is repeated when the endpoint is busy or fails."""
    price_input: float = 0.0
    """Price of a million tokens read, in any currency; with either price set, answers cost."""
    price_output: float = 0.0
    """Price of a million tokens written."""

    def __post_init__(self) -> None:
        _check_name("index", self.index)
        _check_name("encoder", self.encoder)
        _check_workers(self.workers)
        _check_range("k", self.k, 1, 1000)
        _check_range("passage_tokens", self.passage_tokens, 50, 8000)
        _check_range("dense_weight", self.dense_weight, 0, 100)
        _check_range("dense_weight_across", self.dense_weight_across, 0, 100)
        _check_range("refuse_below", self.refuse_below, 0, 1)
        _check_range("model_window", self.model_window, 1024, 100_000_000)
        _check_range("model_passages", self.model_passages, 1, 1000)
        _check_range("model_refuse_below", self.model_refuse_below, 0, 1)
        _check_range("reply_tokens", self.reply_tokens, 50, self.model_window // 2)
        _check_range("model_timeout", self.model_timeout, 0.1, 86_400)
        _check_range("model_retries", self.model_retries, 0, 100)
        _check_range("price_input", self.price_input, 0, 1e9)
        _check_range("price_output", self.price_output, 0, 1e9)


def _check_name(name: str, value: str) -> None:
    if not value.strip() or "\0" in value:
        raise UsageError(f"{name} is {value!r}", "give a name or a path")


def _check_workers(value: str) -> None:
    number = value.isascii() and value.isdecimal() and 1 <= int(value[:5]) <= 1024
    if not number and value != "auto" and not _CLUSTER.fullmatch(value):
        what = "give a number from 1 to 1024, auto, or ray://host:port"
        raise UsageError(f"workers is {value!r}", what)


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} is {value}", f"give a number from {low} to {high}")


def load(
    project: Path | None, environment: Mapping[str, str], flags: Mapping[str, Value | None]
) -> Settings:
    """Merge all sources; `project` may hold a `rag.toml`, flags that are None are unset.

    Raises:
        UsageError: for an unknown name or a value of the wrong kind, naming where it was given.
    """
    settings = Settings()
    if project is not None and (project / "rag.toml").is_file():
        path = project / "rag.toml"
        settings = _apply(settings, _anchored(_read_toml(path), project), str(path))
        _check_token(settings, environment, flags, path)
    known = {field.name for field in fields(Settings)}
    from_environment: dict[str, object] = {
        name: environment[f"RAG_{name.upper()}"]
        for name in known
        if environment.get(f"RAG_{name.upper()}")
    }
    settings = _apply(settings, from_environment, "the environment (RAG_*)")
    given = {name: value for name, value in flags.items() if value is not None}
    return _apply(settings, given, "the command line")


def _check_token(
    settings: Settings, environment: Mapping[str, str], flags: Mapping[str, object], path: Path
) -> None:
    """See to it that the file of a project does not choose where a token is sent."""
    chosen = environment.get("RAG_STORE") or flags.get("store") is not None
    if settings.store and environment.get("RAG_STORE_TOKEN") and not chosen:
        raise UsageError(
            f"{path}: store is set there, and RAG_STORE_TOKEN in the environment",
            "say yourself where the token is sent: set RAG_STORE or give --store",
        )


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"{path}: {reason}", "correct the file or remove it") from error


def _anchored(values: dict[str, object], project: Path) -> dict[str, object]:
    """Make paths in `rag.toml` relative to its folder, wherever in the project we stand."""
    index, encoder, store = values.get("index"), values.get("encoder"), values.get("store")
    changed: dict[str, object] = {}
    if isinstance(index, str) and "/" in index and not index.startswith("~"):
        changed["index"] = str(project / index)
    if isinstance(store, str) and store.endswith(".db") and "://" not in store:
        changed["store"] = store if store.startswith("~") else str(project / store)
    if isinstance(encoder, str) and encoder != "builtin" and (project / encoder).is_dir():
        changed["encoder"] = str(project / encoder)
    return values | changed


def _apply(settings: Settings, values: Mapping[str, object], where: str) -> Settings:
    kinds = {field.name: type(getattr(settings, field.name)) for field in fields(Settings)}
    changed: dict[str, Value] = {}
    for name, value in values.items():
        if name not in kinds:
            known = ", ".join(kinds)
            raise UsageError(f"{where}: no setting is called {name!r}", f"known: {known}")
        changed[name] = _convert(name, value, kinds[name], where)
    try:
        return replace(settings, **changed)  # type: ignore[arg-type]  # kinds were just checked
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}", error.hint) from None


def _convert(name: str, value: object, kind: type, where: str) -> Value:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        converted: Value = kind(value)
        if kind is int and float(value) != converted:
            raise ValueError
    except (ValueError, OverflowError):
        raise UsageError(f"{where}: {name} is {value!r}", f"give {_KINDS[kind]}") from None
    return converted
