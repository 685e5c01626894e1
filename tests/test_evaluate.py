"""Cases of every form, and the indexes that they are asked of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import HashEncoder, build
from samples import TEA, VIOLIN

from rag.errors import UsageError
from rag.evaluate import beir, building, cases, gold, spans, suites
from rag.evaluate.building import Shelf
from rag.evaluate.ranking import rank
from rag.evaluate.suites import Setup, Suite
from rag.settings import Settings
from rag.store import Store
from rag.types import Address


def write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    shelf = Shelf()
    place = tmp_path / "project" / "index" / "default"
    yield Setup(Settings(index=str(place)), HashEncoder(), None, shelf)
    shelf.close()


def first(suite: Suite, id_: str, leg: str = "fused") -> str:
    """The best address for a question."""
    task = next(task for task in suite.tasks if task.case.id == id_)
    return str(rank(suite.rag, task, leg, 5).hits[0].passage.address)


# JSONL.


def test_a_case_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl", {
        "id": "a", "question": "那多少钱？", "history": ["茶呢？"], "relevant": ["tea:4"],
        "must_say": ["八块"], "answerable": True, "kind": "follow-up", "language": "zh",
        "other": 1,
    }, "", {"question": "What is the capital of France?", "answerable": False})  # fmt: skip
    one, other = cases.read(path)
    assert one == cases.Case(
        "a", "那多少钱？", ("茶呢？",), ("tea:4",), ("八块",), True, "follow-up", "zh",
        where=f"{path}:1",
    )  # fmt: skip
    assert (other.id, other.language, other.answerable) == ("line 3", "en", False)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no question in it"),
        ('{"question": " "}', "no question in it"),
        ('{"question": 3}', "question is 3"),
        ('{"question": "q", "relevant": "tea:4"}', "relevant is 'tea:4'"),
        ('{"question": "q", "relevant": [4]}', "relevant is 4"),
        ('{"question": "q", "answerable": "no"}', "answerable is 'no'"),
        ('{"question": "q", "answerable": false, "relevant": ["tea:4"]}', "not answerable"),
        ('{"question": "q", "id": "a"}', "the id 'a' again, as in .*:1"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = write(tmp_path / "c.jsonl", {"question": "q", "id": "a"}, line)
    with pytest.raises(UsageError, match=rf"c\.jsonl:2: {said}"):
        cases.read(path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(b'{"question": "q"}\n{"question": "\xff"}\n')
    with pytest.raises(UsageError, match=r"c\.jsonl:2: not UTF-8"):
        cases.read(tmp_path / "c.jsonl")
    with pytest.raises(UsageError, match="no cases in it"):
        cases.read(write(tmp_path / "empty.jsonl"))


def test_gold_is_an_address_or_what_somebody_says_there(corpus: Path, folder: Path) -> None:
    build(folder, corpus)
    opened = Store.open(folder)
    assert gold.locate("tea:4", opened) == Address("tea", 4, 4)
    assert gold.locate("[violin:2]", opened) == Address("violin", 2, 2)
    assert gold.locate("最便宜的花茶八塊錢一壺", opened) == Address("tea", 4, 4)
    assert gold.locate("most of it is WAITING for varnish", opened) == Address("violin", 2, 2)
    assert gold.locate("最便宜的花茶九块钱一壶", opened) is None
    assert gold.locate("tea:99", opened) is None
    assert gold.locate("coffee:1", opened) is None


def test_what_is_not_in_the_index_is_listed_and_not_counted(
    corpus: Path, folder: Path, setup: Setup, tmp_path: Path
) -> None:
    build(folder, corpus)
    path = write(
        tmp_path / "c.jsonl",
        {"id": "half", "question": "茶多少钱一壶？", "relevant": ["tea:4", "tea:44"]},
        {"id": "lost", "question": "咖啡多少钱？", "relevant": ["coffee:1"]},
    )
    suite = suites.load(path, setup)
    assert suite.notes == (
        f"{path}:1: not in the index: tea:44",
        f"{path}:2: not in the index: coffee:1",
    )
    assert [task.judged for task in suite.tasks] == [True, False]
    assert first(suite, "half") == "tea:3-4"


def test_cases_about_another_index_are_an_error(
    corpus: Path, folder: Path, setup: Setup, tmp_path: Path
) -> None:
    build(folder, corpus)
    path = write(tmp_path / "c.jsonl", {"question": "咖啡多少钱？", "relevant": ["coffee:1"]})
    with pytest.raises(UsageError, match=r"c\.jsonl:1: 'coffee:1' is not in the index, nor"):
        suites.load(path, setup)


def test_cases_beside_their_transcripts_need_no_index(corpus: Path, setup: Setup) -> None:
    write(corpus / "cases.jsonl", {"id": "a", "question": "开门几点？", "relevant": ["tea:2"]})
    suite = suites.load(corpus, setup)
    assert (suite.name, suite.form) == ("corpus", "cases")
    assert first(suite, "a") == "tea:1-2"


def test_a_case_may_name_its_transcript(corpus: Path, setup: Setup) -> None:
    asked = {"question": "which wood is the bridge of a violin?"}
    write(
        corpus / "cases.jsonl",
        {"id": "free", **asked, "relevant": ["violin:4"]},
        {"id": "bound", **asked, "transcript": "tea"},
    )
    suite = suites.load(corpus, setup)
    for leg in ("fused", "lexical", "dense"):
        assert first(suite, "free", leg) == "violin:3-4"
    assert first(suite, "bound").startswith("tea:")
    assert first(suite, "bound", "dense").startswith("tea:")


def test_nothing_to_evaluate_is_said(setup: Setup, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        suites.load(tmp_path / "none", setup)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: no cases in it"):
        suites.load(tmp_path / "empty", setup)


# BEIR.


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Four documents; the question of `self` is one of them, and `two` has negatives."""
    folder = tmp_path / "small"
    write(
        folder / "corpus.jsonl",
        {"_id": "a:1", "title": "T", "text": "How does the varnish dry?"},
        {"_id": "b", "title": "T", "text": "The varnish of a violin dries slowly in the dark."},
        {"_id": "c", "title": "T", "text": "Tea is cheap in the morning\nand dear at night."},
        {"_id": "d", "title": "T", "text": "Tea grows on hills."},
    )
    write(
        folder / "queries.jsonl",
        {"_id": "self", "text": "How does the varnish dry?", "exclude": ["a:1"], "type": "turn"},
        {"_id": "two", "text": "When is tea cheap?", "negatives": ["d"]},
        {"_id": "unjudged", "text": "What is a hill?"},
    )
    write(
        folder / "qrels.tsv", "query-id\tcorpus-id\tscore", "self\tb\t1", "two\tc\t2", "two\td\t0"
    )
    return folder


def test_a_collection_is_asked_document_by_document(collection: Path, setup: Setup) -> None:
    suite = suites.load(collection, setup)
    assert suite.rag.store.manifest.passages == 4
    assert [task.case.id for task in suite.tasks] == ["self", "two", "two only negatives"]
    for leg in ("fused", "lexical", "dense"):
        assert first(suite, "self", leg) == "b:s1"
    assert first(suite, "two") == "c:s1"
    assert suite.tasks[0].case.kind == "turn"
    assert suite.tasks[0].found_in(rank(suite.rag, suite.tasks[0], "fused", 1).hits[0].passage)


def test_with_negatives_it_is_asked_again_without_the_answer(
    collection: Path, setup: Setup
) -> None:
    suite = suites.load(collection, setup)
    silent = suite.tasks[2]
    assert (silent.case.answerable, silent.case.kind) == (False, beir.NEGATIVES)
    assert not silent.judged
    found = [hit.passage.transcript for hit in rank(suite.rag, silent, "fused", 4).hits]
    assert found[0] == "d"
    assert "c" not in found


def test_a_second_corpus_is_read_when_judged_documents_are_there(collection: Path) -> None:
    write(collection / "corpus_more.jsonl", {"_id": "e", "text": "Hills are high."})
    assert sorted(beir.documents(collection)) == ["a:1", "b", "c", "d"]
    with (collection / "qrels.tsv").open("a") as file:
        file.write("unjudged\te\t1\n")
    assert sorted(beir.documents(collection)) == ["a:1", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("line", "said"), [("two\tc", "2 columns"), ("two\tc\tyes", "'yes' is no judgement")]
)
def test_a_judgement_that_cannot_be_read_is_named(collection: Path, line: str, said: str) -> None:
    with (collection / "qrels.tsv").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(UsageError, match=rf"qrels\.tsv:5: {said}"):
        beir.tasks(collection, set())


def test_a_judged_document_that_is_nowhere_is_listed(collection: Path, setup: Setup) -> None:
    with (collection / "qrels.tsv").open("a") as file:
        file.write("two\tlost\t1\nunjudged\tgone\t1\n")
    suite = suites.load(collection, setup)
    assert suite.notes == (
        f"{collection}/queries.jsonl:2: not in the index: lost",
        f"{collection}/queries.jsonl:3: not in the index: gone",
    )
    assert [str(place) for place in suite.tasks[1].gold] == ["c:s1"]
    assert not suite.tasks[-1].judged


def test_an_id_that_is_there_twice_is_named(collection: Path, setup: Setup) -> None:
    with (collection / "queries.jsonl").open("a") as file:
        file.write('{"_id": "self", "text": "again?"}\n')
    with pytest.raises(UsageError, match=r"queries\.jsonl:4: the id 'self' again"):
        suites.load(collection, setup)


def test_a_sample_is_always_the_same(collection: Path) -> None:
    tasks = beir.tasks(collection, set()) * 10
    assert suites.sample(tasks, 7) == suites.sample(tasks, 7)
    assert len(suites.sample(tasks, 7)) == 7
    assert suites.sample(tasks, None) == suites.sample(tasks, 30) == tuple(tasks)


# Transcripts with gold spans.


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """The two interviews; the question of `own` is a turn of the second."""
    folder = tmp_path / "spoken"
    (folder / "transcripts").mkdir(parents=True)
    (folder / "transcripts" / "tea.md").write_text(TEA, encoding="utf-8")
    (folder / "transcripts" / "violin.txt").write_text(VIOLIN, encoding="utf-8")
    write(
        folder / "queries.jsonl",
        {"_id": "price", "text": "花茶多少钱一壶", "doc": "tea"},
        {"_id": "own", "text": "Which wood do you use for the bridge?",
         "doc": "violin", "exclude": ["violin#t2"]},
        {"_id": "nowhere", "text": "What?", "doc": "violin"},
    )  # fmt: skip
    write(
        folder / "corpus.jsonl",
        {"_id": "violin#t1", "text": "…", "doc": "violin", "line": 3},
        {"_id": "violin#t2", "text": "…", "doc": "violin", "line": 5},
    )
    write(
        folder / "gold_spans.jsonl",
        {"query_id": "price", "transcript": "tea.md", "line_spans": [[13, 13]]},
        {"query_id": "own", "transcript": "violin.txt", "line_spans": [[7, 7], [11, 11]]},
        {"query_id": "nowhere", "transcript": "violin.txt", "line_spans": [[90, 99]]},
    )
    return folder


def test_spans_are_the_turns_in_their_lines(spoken: Path, setup: Setup) -> None:
    suite = suites.load(spoken, setup)
    places = {task.case.id: [str(place) for place in task.gold] for task in suite.tasks}
    assert places == {"price": ["tea:4"], "own": ["violin:4", "violin:6"], "nowhere": []}
    assert suite.notes == (f"{spoken}/gold_spans.jsonl:3: not in the index: violin.txt:90-99",)
    assert first(suite, "price") == "tea:3-4"


def test_the_turn_that_asked_is_kept_out_of_the_index(spoken: Path, setup: Setup) -> None:
    suite = suites.load(spoken, setup)
    assert first(suite, "own") == "violin:4"
    store = suite.rag.store
    indexed = "\n".join(
        p.searchable for p in store.catalog.passages(range(store.manifest.passages))
    )
    assert "The bridge is always maple" in indexed
    assert "Which wood do you use" not in indexed
    assert "How many weeks" in indexed


def test_what_only_a_hidden_turn_answers_is_not_ranked(spoken: Path, setup: Setup) -> None:
    write(
        spoken / "gold_spans.jsonl",
        {"query_id": "price", "transcript": "violin.txt", "line_spans": [[5, 5]]},
        {"query_id": "own", "transcript": "violin.txt", "line_spans": [[5, 7]]},
    )
    suite = suites.load(spoken, setup)
    assert [task.judged for task in suite.tasks] == [False, True]
    (note,) = suite.notes
    assert note.startswith("spoken: 1 questions are answered only by turns that ask others")


def test_within_asks_inside_the_transcript(spoken: Path, setup: Setup) -> None:
    across = suites.load(spoken, setup)
    assert {task.case.transcript for task in across.tasks} == {""}
    inside = suites.load(
        spoken, Setup(setup.settings, setup.encoder, None, setup.shelf, within=True)
    )
    assert [task.case.transcript for task in inside.tasks] == ["tea", "violin", "violin"]
    meetings = spoken.rename(spoken.parent / "qmsum_small")
    assert suites.load(meetings, setup).tasks[0].case.transcript == "tea"


@pytest.mark.parametrize("wrong", [[[3]], [[0, 2]], [[5, 4]], "1-2", None])
def test_a_span_that_is_no_range_is_named(spoken: Path, setup: Setup, wrong: object) -> None:
    write(
        spoken / "gold_spans.jsonl",
        {"query_id": "price", "transcript": "tea.md", "line_spans": wrong},
    )
    with pytest.raises(UsageError, match=r"gold_spans\.jsonl:1: line_spans is"):
        suites.load(spoken, setup)


def test_spans_that_meet_no_turn_are_an_error(spoken: Path, setup: Setup) -> None:
    write(
        spoken / "gold_spans.jsonl",
        {"query_id": "price", "transcript": "coffee.md", "line_spans": [[1, 2]]},
    )
    with pytest.raises(UsageError, match="no gold span lies on a turn"):
        suites.load(spoken, setup)


def test_the_form_may_be_named(spoken: Path, setup: Setup) -> None:
    write(spoken / "qrels.tsv", "own\tviolin#t1\t1")
    assert suites.load(spoken, setup).form == "transcripts"
    assert suites.load(spoken / "qrels.tsv", setup).form == "collection"


# Hidden turns, and indexes that are kept.


def test_hiding_turns_changes_nothing_else(corpus: Path, folder: Path, tmp_path: Path) -> None:
    encoder = HashEncoder()
    build(folder, corpus, encoder=encoder)
    whole = Store.open(folder)
    encoder.seen.clear()
    building.without_turns(tmp_path / "less", whole, {"tea": {3}}, encoder)
    less = Store.open(tmp_path / "less")
    before = whole.catalog.passages(range(whole.manifest.passages))
    after = less.catalog.passages(range(less.manifest.passages))
    assert [str(p.address) for p in before] == [
        "tea:1-2", "tea:3-4", "tea:5-6", "violin:1-2", "violin:3-4", "violin:5-6",
    ]  # fmt: skip
    assert [str(p.address) for p in after] == [
        "tea:1-2", "tea:4", "tea:5-6", "violin:1-2", "violin:3-4", "violin:5-6",
    ]  # fmt: skip
    assert len(encoder.seen) == 1
    assert encoder.seen[0].startswith("最便宜的花茶八块钱")
    for n, passage in enumerate(after):
        assert less.vectors([n])[0] @ encoder.passages([passage.searchable])[0] > 0.999


def test_a_hidden_question_is_gone_from_the_later_parts_of_its_reply(tmp_path: Path) -> None:
    long = " ".join(f"Sentence number {n} about varnish and wood." for n in range(120))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "long.txt").write_text(
        f"Host: What do you do all day long in there?\n\nMarta Lindqvist: {long}\n\n"
        "Host: Is there anything else that you do there?\n\nMarta Lindqvist: Nothing at all.\n"
    )
    build(tmp_path / "index", tmp_path / "in")
    whole = Store.open(tmp_path / "index")
    parts = whole.catalog.passages(range(whole.manifest.passages))
    assert sum("What do you do all day" in part.context for part in parts) >= 2
    building.without_turns(tmp_path / "less", whole, {"long": {1}}, HashEncoder())
    less = Store.open(tmp_path / "less")
    after = less.catalog.passages(range(less.manifest.passages))
    assert len(after) in (len(parts), len(parts) - 1)  # the question may have stood alone
    assert not any("What do you do all day" in part.searchable for part in after)
    assert any("Is there anything else" in part.searchable for part in after)


def test_an_index_that_is_kept_is_used_again(collection: Path, tmp_path: Path) -> None:
    def opened(encoder: HashEncoder, tokens: int = 400) -> None:
        shelf = Shelf(tmp_path / "cache")
        suites.load(collection, Setup(Settings(passage_tokens=tokens), encoder, None, shelf))
        shelf.close()

    one, again, other, smaller = (HashEncoder() for _ in range(4))
    opened(one)
    opened(again)
    assert len(one.seen) == 4
    assert again.seen == []
    opened(smaller, tokens=100)
    assert len(smaller.seen) == 4
    write(collection / "corpus.jsonl", *({"_id": n, "text": n} for n in "abcde"))
    opened(other)
    assert len(other.seen) == 5


def test_lines_lead_to_turns_and_sections(tmp_path: Path) -> None:
    from rag.transcripts import read

    path = tmp_path / "tea.md"
    path.write_text(TEA, encoding="utf-8")
    essay = tmp_path / "essay.md"
    essay.write_text("# On tea\n\nOld.\n\n## Now\n\nCalm.\n", encoding="utf-8")
    lines = spans.Lines.of([read(path), read(essay)])
    assert lines.at("tea.md", 7, 9) == Address("tea", 1, 2)
    assert lines.at("tea.md", 8, 8) is None
    assert lines.at("essay.md", 7, 7) == Address("essay", 2, 2, section=True)
    assert lines.at("other.md", 1, 9) is None
