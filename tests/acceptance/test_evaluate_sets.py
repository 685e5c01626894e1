"""The evaluation sets of others, as `rag eval` reads them: right numbers, and nothing left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import embedder
from rag.evaluate import beir, spans, suites
from rag.evaluate.building import Shelf
from rag.evaluate.suites import Setup
from rag.evaluate.work import Plan, run
from rag.settings import Settings

COLLECTIONS = {
    "cmrc2018_dev": (848, 3219),
    "drcd_dev": (1000, 3524),
    "btc_bilingual": (553, 473),
    "tatoeba_zh_en": (1000, 1000),
    "rgb_en_fact": (969, 200),  # each question a second time, with negatives only
}


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    if not (shared / "eval").is_dir():
        pytest.skip(f"{shared / 'eval'} is not here")
    return shared / "eval"


@pytest.fixture(scope="module")
def setup() -> Iterator[Setup]:
    shelf = Shelf()
    yield Setup(Settings(), embedder.load("builtin"), None, shelf)
    shelf.close()


@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections_are_read_whole(data: Path, name: str) -> None:
    documents = beir.documents(data / name)
    tasks = beir.tasks(data / name, documents.keys())
    assert (len(documents), len(tasks)) == COLLECTIONS[name]
    assert [task.missing for task in tasks if task.missing] == []


def test_friends_are_asked_within_their_scene(data: Path, setup: Setup) -> None:
    suite = suites.load(data / "friendsqa_dev", setup)
    assert len(suite.tasks) == 1182
    assert suite.notes == ()
    task = suite.tasks[0]
    assert task.case.question == "What does Ross want to name his son ?"
    assert task.case.transcript == "s01_e23_c06"
    assert [(place.first, place.last) for place in task.gold] == [(10, 10), (13, 13)]


def test_gold_spans_lie_on_turns(data: Path, setup: Setup) -> None:
    suite = suites.load(data / "vcsum_dev", setup)
    assert len(suite.tasks) == 270
    assert suite.notes == ()
    assert all(task.judged for task in suite.tasks)


def test_a_turn_that_is_asked_for_itself_is_hidden(data: Path) -> None:
    from rag.transcripts import read

    folder = data / "changelog_open"
    item = read(folder / "transcripts" / "brain-science-12.md")
    hidden = spans.hidden(folder, [item])[item.id]
    by_number = {turn.number: turn for turn in item.turns}
    assert "You may not feel" not in by_number[min(hidden)].text
    assert by_number[min(hidden)].text.startswith("It seems we always have a choice.")


@pytest.mark.parametrize(
    ("name", "least"), [("btc_bilingual", 0.6), ("friendsqa_dev", 0.6), ("tatoeba_zh_en", 0.2)]
)
def test_retrieval_is_what_it_was(data: Path, name: str, least: float) -> None:
    found = run(Plan((data / name,), limit=60), Settings())
    hits = [result.measures["hit@1"] for result in found.results if "hit@1" in result.measures]
    assert len(hits) == 60
    assert sum(hits) / 60 >= least
