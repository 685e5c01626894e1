"""The chance of an answer: high where it is there, low where nothing is like the question."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEncoder, build

from rag import embedder, retrieve
from rag.embedder import StaticEncoder
from rag.pipeline import Rag
from rag.retrieve.words import Worded, coverage, rescored, words_asked
from rag.settings import Settings
from rag.store.index import Store

CLINIC = """\
**Host:** How did the clinic cut its waiting times?

**Dr. Amara Oduya:** We opened two evening sessions and stopped booking follow-ups by default.

**Host:** Did the nurses agree to work in the evening?

**Dr. Amara Oduya:** Half of them did, in exchange for every third Friday off.

**主持人：**病人最不满意的是什么？

**护士长：**停车位太少，来看病的老人要在门口等半个小时。
"""


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Rag:
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "clinic.md").write_text(CLINIC, encoding="utf-8")
    return Rag.build([folder], str(folder / "index"), Settings())


@pytest.fixture(scope="module")
def builtin() -> StaticEncoder:
    encoder = embedder.load("builtin")
    assert isinstance(encoder, StaticEncoder)
    return encoder


def chance(rag: Rag, question: str, *history: str) -> float:
    query = rag.query(question, history)
    hits = rag.hits(query, None, retrieve.Filters())
    return retrieve.confidence(hits, query, rag.store)


@pytest.mark.parametrize(
    "question",
    [
        "How did they cut the waiting times?",
        "Did the nurses agree to evening work?",
        "病人对什么最不满意",
        "What did patients complain about, parking?",
    ],
)
def test_what_is_answered_is_likelier_than_what_is_not(rag: Rag, question: str) -> None:
    foreign = [
        "which volcano erupted in Iceland",
        "红烧肉怎么做才不腻",
        "how do chess engines work",
    ]
    assert chance(rag, question) > max(chance(rag, other) for other in foreign)


def test_a_follow_up_counts_with_the_question_that_it_leans_on(rag: Rag) -> None:
    before = "Did the nurses agree to work in the evening?"
    assert chance(rag, "And for what?", before) > chance(rag, "And for what?")


def test_without_hits_there_is_no_chance(rag: Rag) -> None:
    assert retrieve.confidence([], rag.query("waiting times"), rag.store) == 0


def test_an_encoder_without_vectors_of_words_gives_a_chance_too(tmp_path: Path) -> None:
    source = tmp_path / "clinic.md"
    source.write_text(CLINIC, encoding="utf-8")
    encoder = HashEncoder()
    assert not isinstance(encoder, Worded)
    build(tmp_path / "index", source, encoder=encoder)
    rag = Rag(Store.open(tmp_path / "index"), encoder, Settings())
    assert 0 < chance(rag, "xylophone") < chance(rag, "waiting times of the clinic") < 1
    rag.store.close()


def test_coverage_sees_the_same_word_and_its_translation(builtin: StaticEncoder) -> None:
    question = builtin.words("how long do patients wait for the doctor")
    said = "Patients wait long for the doctor, how do we help?"
    same, translated, other = coverage(
        question, [said, "病人要等医生很久", "乐队在火山上录了一张唱片"], builtin
    )
    assert same > translated > other


def test_coverage_of_and_by_nothing_is_none(builtin: StaticEncoder) -> None:
    assert coverage(builtin.words("？！"), ["waiting times"], builtin) == [0]
    covered = coverage(builtin.words("waiting times"), ["……", "times", ""], builtin)
    assert covered[0] == covered[2] == 0 < covered[1]


def test_words_add_up_to_the_vector_of_a_text(builtin: StaticEncoder) -> None:
    text = "retired batteries under street lamps"
    directions, weights = builtin.words(text)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-5)
    together = weights @ directions
    together /= np.linalg.norm(together)
    assert float(together @ builtin.question(text)) > 0.999
    assert len(builtin.words("lamps lamps lamps")[1]) == len(builtin.words("lamps")[1])


def test_an_earlier_question_weighs_its_share(builtin: StaticEncoder) -> None:
    alone = words_asked((("students", 1.0),), builtin)
    both = words_asked((("students", 1.0), ("weekly", 0.5)), builtin)
    texts = ["students", "weekly"]
    assert coverage(both, texts, builtin)[0] > coverage(both, texts, builtin)[1]
    assert coverage(alone, texts, builtin)[0] > coverage(both, texts, builtin)[0]


def test_the_nearest_word_is_that_of_each_text(builtin: StaticEncoder) -> None:
    directions, _ = builtin.words("doctor students")
    cosines = builtin.closest(directions, ["the doctor said", "", "students learn"])
    assert cosines.shape == (3, len(directions))
    assert np.allclose(cosines.max(axis=1), [1, 0, 1], atol=1e-5)
    for text, row in zip(["the doctor said", "students learn"], cosines[[0, 2]], strict=True):
        assert np.allclose(row, (directions @ builtin.words(text)[0].T).max(axis=1), atol=1e-5)


def test_hits_are_read_word_by_word_only_by_an_encoder_that_can(rag: Rag) -> None:
    hits = rag.search("病人对什么最不满意", 3)
    question = (("what do patients complain about: parking", 1.0),)
    counts = {hit.passage.address: 3.0 for hit in hits}
    assert rescored(hits, question, None, counts) == hits
    assert isinstance(rag.encoder, Worded)
    raised = rescored(hits, question, rag.encoder, counts)
    assert {hit.passage.address for hit in raised} == {hit.passage.address for hit in hits}
    assert all(one.score >= other.score for one, other in pairwise(raised))
    before = {hit.passage.address: hit.score for hit in hits}
    assert all(0 < hit.score - before[hit.passage.address] <= 3 for hit in raised)
