"""The same is expected of an index on disk and of its copy on a server (here: Milvus Lite)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from copied import indexed_in, needs_lite
from fakes import HashEncoder
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from samples import NOT_THERE, OPENING, WOOD

from rag.errors import UsageError
from rag.pipeline import Rag
from rag.settings import Settings
from rag.store import Store as OnDisk
from rag.store.contract import Store
from rag.types import Address, Section, Turn

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:milvus_lite.*")
ENCODER = HashEncoder()
WORDS = [
    "crane", "timber", "violin", "maple", "winter", "the", "storm", "roofs", "lighthouse", "1902",
    "茶", "龙井", "开", "开门", "司机", "nowhere", "wind", "a", "bolts", "ferry",
]  # fmt: skip


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    """One index, opened on disk and as a copy in a file of Milvus Lite."""
    needs_lite()
    from rag.store.copying import copy_to
    from rag.store.milvus.reading import MilvusStore

    folder = tmp_path_factory.mktemp("contract")
    disk = OnDisk.open(indexed_in(folder))
    copy_to(disk, str(folder / "copy.db"), "default")
    copy = MilvusStore.open(str(folder / "copy.db"), "default")
    yield {"disk": disk, "server": copy}
    copy.close()
    disk.close()


@pytest.fixture(params=["disk", "server"])
def opened(both: dict[str, Store], request: pytest.FixtureRequest) -> Store:
    return both[request.param]


@pytest.fixture
def rag(opened: Store) -> Rag:
    return Rag(opened, ENCODER, Settings())


def found(rag: Rag, question: str, **more: str) -> list[str]:
    return [str(hit.passage.address) for hit in rag.search(question, 3, **more)]


def test_the_best_passage_is_the_one_that_answers_and_its_speaker_said_it(rag: Rag) -> None:
    (best, *_) = rag.search(WOOD)
    assert str(best.passage.address) == "violin:3-4"
    assert best.passage.speakers == ("Host", "Marta Lindqvist")
    assert best.passage.spans[-1].line == 7
    assert best.link.endswith("violin.txt#L5-L7")
    assert found(rag, OPENING)[0] == "tea:1-2"
    assert rag.search(OPENING)[0].link.startswith("https://example.org/tea")


def test_answers_quote_who_said_it(rag: Rag) -> None:
    answer = rag.ask(WOOD)
    assert not answer.refused
    assert "The bridge is always maple" in answer.text
    assert {str(item.address) for item in answer.citations} == {"violin:4"}


def test_speakers_and_transcripts_restrict_a_search(rag: Rag) -> None:
    for hit in rag.search("What did the crane lift?", speaker="Bob"):
        assert "Bob" in hit.passage.speakers
    assert set(found(rag, WOOD, transcript="harbour")) <= {"harbour:1-3", "harbour:4-5"}
    assert found(rag, "storm", speaker="Captain O'Neil")[0].startswith("storm:2.")
    assert found(rag, WOOD, speaker="Bob", transcript="violin") == []
    with pytest.raises(UsageError, match="no speaker 'Zoe'"):
        rag.search(WOOD, speaker="Zoe")


def test_words_of_two_people_are_found_for_each_of_them(rag: Rag) -> None:
    assert "harbour:1-3" in found(rag, "crane bolts", speaker="Ann")
    assert "harbour:1-3" in found(rag, "crane bolts", speaker="Bob")


def test_a_follow_up_stays_with_what_was_talked_about(rag: Rag) -> None:
    assert rag.search("And when?", 3, history=[WOOD])[0].passage.transcript == "violin"
    assert rag.search("那周末呢？", 3, history=[OPENING])[0].passage.transcript == "tea"


def test_quotations_are_checked_against_every_word(rag: Rag) -> None:
    exact = rag.quote("swung over the quay for an hour")
    assert (exact.verdict, exact.speaker, str(exact.address)) == ("exact", "Bob", "harbour:5")
    near = rag.quote("most of it is waiting for the glue to dry")
    assert (near.verdict, near.speaker) == ("near", "Marta Lindqvist")
    assert rag.quote("swung over the quay for an hour", speaker="Ann").verdict == "absent"
    assert rag.quote(NOT_THERE).verdict == "absent"
    # In two parts of a long turn.
    assert str(rag.quote("The barometer in my kitchen is never wrong").address) == "storm:2"
    assert str(rag.quote("冬天冷，炉子要先生起来").address) == "tea:2"


def test_questions_about_structure_are_counted(rag: Rag) -> None:
    assert "Marta Lindqvist" in rag.ask("Who speaks in violin?").text
    assert "王秀兰" in rag.ask("谁说得最多？", transcript="tea").text


def test_texts_are_read_whole_and_in_part(opened: Store) -> None:
    texts = opened.catalog
    assert [item.id for item in texts.transcripts()] == [
        "harbour",
        "storm",
        "talk",
        "tea",
        "violin",
    ]
    turn = texts.whole("harbour", 2, section=False)
    assert isinstance(turn, Turn)
    assert (turn.speaker, turn.line) == ("Ann & Bob", 3)
    section = texts.whole("talk", 2, section=True)
    assert isinstance(section, Section)
    assert "whale oil until 1902" in section.text
    assert texts.whole("harbour", 99, section=False) is None
    assert texts.whole("nowhere", 1, section=False) is None
    assert texts.transcript("nowhere") is None
    (passage,) = texts.passages_at(Address("harbour", 2, 2))
    assert str(passage.address) == "harbour:1-3"
    assert len(texts.passages_at(Address("storm", 2, 2))) > 2
    assert texts.passages([]) == []
    assert texts.described(["tea", "nowhere"])["tea"].title == "老茶馆的早晨"


def test_terms_find_the_passages_that_have_them(opened: Store) -> None:
    def at(ids: list[int]) -> set[str]:
        return {str(passage.address) for passage in opened.catalog.passages(ids)}

    terms = opened.lexical
    assert at(terms.containing([["crane"], ["timber", "bolt"]])) == {"harbour:1-3", "harbour:4-5"}
    assert at(terms.containing([["crane"]], [("speaker", "ann")])) == {"harbour:1-3"}
    assert terms.containing([["crane"], ["nowhere"]]) == []
    assert terms.containing([["crane"]], [("transcript", "nowhere")]) == []
    assert terms.containing([]) == opened.catalog.ids()
    assert terms.search({}, 5) == []
    assert terms.search({"nowhere": 1.0}, 5) == []
    assert terms.search({"crane": 1.0}, 5, [("transcript", "tea")]) == []


def test_vectors_are_those_of_the_encoder(opened: Store) -> None:
    ids = opened.catalog.ids()
    texts = [passage.searchable for passage in opened.catalog.passages(ids)]
    assert np.allclose(opened.vectors(ids), ENCODER.passages(texts), atol=1e-3)
    question = ENCODER.question(WOOD)
    nearest = opened.nearest(question, 4)
    assert [score for _, score in nearest] == sorted((s for _, s in nearest), reverse=True)
    some = ids[3:6]
    assert {id_ for id_, _ in opened.nearest(question, 10, some)} == set(some)
    assert opened.nearest(question, 10, []) == []
    theirs = opened.catalog.ids_where(["Bob"], ["harbour"])
    assert {id_ for id_, _ in opened.nearest(question, 10, theirs)} == set(theirs)
    assert opened.vectors([]).shape == (0, ENCODER.dimension)


def rows(store: Store) -> dict[int, str]:
    """The address of each id: ids are the store's own."""
    ids = store.catalog.ids()
    return dict(zip(ids, (str(p.address) for p in store.catalog.passages(ids)), strict=True))


def test_all_that_can_be_read_is_the_same(both: dict[str, Store]) -> None:
    disk, server = both["disk"].catalog, both["server"].catalog
    assert server.transcripts() == disk.transcripts()
    assert [server.transcript(t.id) for t in disk.transcripts()] == [
        disk.transcript(t.id) for t in disk.transcripts()
    ]
    assert server.passages(server.ids()) == disk.passages(disk.ids())
    assert server.languages(server.ids()) == disk.languages(disk.ids())
    assert server.speakers() == disk.speakers()
    assert server.aliases() == disk.aliases()
    assert (server.hashes(), server.roots()) == (disk.hashes(), disk.roots())
    assert server.naming() == disk.naming()


@examples(max_examples=20, deadline=None)
@given(weights=st.dictionaries(st.sampled_from(WORDS), st.floats(0.25, 3), min_size=1, max_size=8))
def test_words_score_the_same(both: dict[str, Store], weights: dict[str, float]) -> None:
    disk, server = both["disk"], both["server"]
    names = rows(disk), rows(server)
    here = {names[0][m.id]: m.score for m in disk.lexical.search(weights, 50)}
    there = {names[1][m.id]: m.score for m in server.lexical.search(weights, 50)}
    assert there == pytest.approx(here, rel=1e-5)
    assert server.lexical.best(weights) == pytest.approx(disk.lexical.best(weights))
    assert server.lexical.weigh(weights) == pytest.approx(disk.lexical.weigh(weights))


def test_a_long_passage_has_the_length_that_tantivy_gives_it() -> None:
    from rag.store.milvus.weights import quantised

    assert [quantised(n) for n in (0, 7, 39, 40, 41, 42, 55, 57, 60, 65, 1000)] == [
        0, 7, 39, 40, 40, 42, 54, 56, 60, 64, 984,
    ]  # fmt: skip
