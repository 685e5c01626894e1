"""The sample corpus and its cases agree with each other."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rag import transcripts
from rag.text import fold
from rag.types import Address, Transcript

CORPUS = Path(__file__).parent.parent / "corpus"
CASES: list[dict[str, Any]] = [
    json.loads(line) for line in (CORPUS / "cases.jsonl").read_text(encoding="utf-8").splitlines()
]
KINDS = {"direct", "paraphrased", "cross-lingual", "follow-up", "structure", "unanswerable"}


@pytest.fixture(scope="module")
def corpus() -> dict[str, Transcript]:
    read = (transcripts.read(path) for path in transcripts.find([CORPUS]))
    return {item.id: item for item in read}


def words_at(corpus: dict[str, Transcript], address: str) -> str:
    place = Address.parse(address)
    item = corpus[place.transcript]
    parts = item.sections if place.section else item.turns
    found = [part.text for part in parts if place.first <= part.number <= place.last]
    assert found, f"nothing stands at {address}"
    return "\n".join(found)


def test_there_are_enough_transcripts_in_both_languages(corpus: dict[str, Transcript]) -> None:
    assert len(corpus) >= 6
    assert {item.language for item in corpus.values()} == {"zh", "en"}


def test_the_retellings_say_that_they_are_retellings_and_of_what() -> None:
    for name, source in (("altman-ai-ascent-2025", "Sequoia"), ("altman-essay-retold", "x.com")):
        text = (CORPUS / f"{name}.md").read_text(encoding="utf-8")
        assert "转述" in text
        assert source in text


def test_ids_are_unique_and_every_kind_and_language_is_there() -> None:
    assert max(Counter(case["id"] for case in CASES).values()) == 1
    assert {case["kind"] for case in CASES} == KINDS
    assert len(CASES) >= 60
    assert {case["language"] for case in CASES} == {"zh", "en"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_a_case_is_answered_where_it_says(
    case: dict[str, Any], corpus: dict[str, Transcript]
) -> None:
    assert case["question"].strip()
    assert bool(case.get("history", [])) == (case["kind"] == "follow-up")
    assert case["answerable"] == (case["kind"] != "unanswerable")
    if case["kind"] == "unanswerable":
        assert case["relevant"] == []
        return
    if case["relevant"]:
        said = fold("\n".join(words_at(corpus, address) for address in case["relevant"]))
        for words in case["must_say"]:
            assert fold(words) in said
    else:
        assert case["kind"] == "structure"
