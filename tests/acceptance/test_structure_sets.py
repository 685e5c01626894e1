"""None of thousands of real questions on the matter is taken for one about structure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import transcripts
from rag.structure.recognise import recognise
from rag.structure.scope import Known
from rag.text import fold


def known(folder: Path) -> Known:
    """Return the speakers and titles of the transcripts of a set, none where it has none."""
    items = [transcripts.read(path) for path in transcripts.find([folder])]
    there: dict[str, set[str]] = {}
    for item in items:
        for turn in item.turns:
            there.setdefault(turn.speaker, set()).add(item.id)
    speakers = {name: frozenset(ids) for name, ids in there.items()}
    heads = {item.id: fold(f"{item.id} {item.title}") for item in items}
    return Known(tuple(speakers), lambda: speakers, lambda: heads)


@pytest.mark.parametrize("beside", ["own", "sample"])
def test_no_question_on_the_matter_is_counted(shared: Path, beside: str) -> None:
    sample = known(Path(__file__).parents[2] / "corpus")
    taken: list[str] = []
    asked = 0
    for path in sorted((shared / "eval").glob("*/queries.jsonl")):
        own = path.parent / "transcripts"
        has = known(own) if beside == "own" and own.is_dir() else sample
        for line in path.read_text(encoding="utf-8").splitlines():
            question = json.loads(line)["text"]
            asked += 1
            if recognise(question, has) is not None:
                taken.append(question)
    assert asked > 10_000
    assert taken == []
