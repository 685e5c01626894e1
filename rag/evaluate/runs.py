"""A run in a file: what was asked of what, with which settings, what was found, how good it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rag.errors import UsageError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """One hit of a ranking; `relevant` tells whether it is right."""

    address: str
    score: float
    dense: float
    lexical: float
    relevant: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One question: what was found, what is relevant, and one value a measure.

    `measures` holds those that are defined for it. `missing` is what the case calls relevant and
    the index does not have; `texts` has the words at gold places and best hits of a question whose
    first hit is wrong; `answer` the facts of an answer, if one was asked for.
    """

    suite: str
    id: str
    question: str
    kind: str
    language: str
    answerable: bool
    relevant: tuple[str, ...]
    ranking: tuple[Place, ...]
    measures: Mapping[str, float]
    history: tuple[str, ...] = ()
    transcript: str = ""
    missing: tuple[str, ...] = ()
    confidence: float | None = None
    search: float = 0.0
    texts: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, object] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What names a question in all runs."""
        return self.suite, self.id


@dataclass(frozen=True, slots=True)
class Run:
    """An evaluation: its results, and everything that they may depend on.

    `suites` describes each: form, hash of the corpus, numbers of transcripts, passages and
    questions, what was left out. `judge` is the agreement of a judge with people, if one was asked.
    """

    version: str
    date: str
    legs: str
    k: int
    settings: Mapping[str, object]
    encoder: str
    suites: tuple[Mapping[str, object], ...]
    results: tuple[Result, ...]
    model: str = ""
    seconds: float = 0.0
    judge: Mapping[str, object] | None = None
    format: int = FORMAT


def save(run: Run, path: Path) -> None:
    """Write a run, one result a line, whole or not at all.

    Raises:
        UsageError: when the file cannot be written.
    """
    values = asdict(run)
    results = ",\n".join(json.dumps(item, ensure_ascii=False) for item in values.pop("results"))
    text = f'{json.dumps(values, ensure_ascii=False)[:-1]}, "results": [\n{results}\n]}}'
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "name a writable file") from error


def load(path: Path) -> Run:
    """Read a run.

    Raises:
        UsageError: when it cannot be read, or is none.
    """
    hint = "make one: rag eval CASES --out run.json"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", hint) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a run", hint) from error
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        raise UsageError(f"{path}: not a run of format {FORMAT}", hint)
    try:
        results = tuple(_result(item) for item in value["results"])
        suites = tuple(value["suites"])
        return Run(**{**_known(value, Run), "results": results, "suites": suites})
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path}: not a run: {error}", hint) from error


def _result(value: dict[str, Any]) -> Result:
    ranking = tuple(Place(**_known(place, Place)) for place in value["ranking"])
    lists = {name: tuple(value[name]) for name in ("relevant", "history", "missing")}
    return Result(**{**_known(value, Result), **lists, "ranking": ranking})


def _known(value: dict[str, Any], kind: type) -> dict[str, Any]:
    """Leave out fields that a later version may have added."""
    names = {item.name for item in fields(kind)}
    return {name: content for name, content in value.items() if name in names}
