from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.lexical import MOST_TERMS, Entry, Lexical, build, question_terms, terms

ENTRIES = [
    Entry(0, "大学生把 ChatGPT 当作操作系统，小学生不会", ("Sam Altman",), "talk"),
    Entry(1, "圖書館的罰款要取消", ("周岚",), "library"),
    Entry(2, "The company recycles batteries and sells cobalt", ("Desmond", "Nora"), "batteries"),
    Entry(3, "Our companies sell books", ("Nora",), "books"),
]


@pytest.fixture
def index(tmp_path: Path) -> Lexical:
    build(tmp_path / "lexical", ENTRIES)
    return Lexical.open(tmp_path / "lexical")


def found(index: Lexical, question: str, *only: tuple[str, str]) -> list[int]:
    return [match.id for match in index.search(question_terms(question), 10, only)]


def test_han_runs_become_characters_and_pairs_and_latin_words_stay_whole() -> None:
    assert terms("大学ChatGPT 3.5") == ["大", "学", "大学", "chatgpt", "3.5"]


def test_width_case_and_script_are_one_spelling() -> None:
    assert terms("ＡＩ圖書館") == terms("ai图书馆")


def test_english_plurals_are_one_term_and_other_words_keep_their_s() -> None:
    assert terms("companies cars analysis us gas this") == [
        "company", "car", "analysis", "us", "gas", "this",
    ]  # fmt: skip


def test_question_words_are_not_searched() -> None:
    assert question_terms("大学生是怎么用的？").keys() == {"大", "学", "生", "大学", "学生", "用"}
    assert question_terms("What did they say about cobalt?").keys() == {"cobalt"}


def test_a_question_of_stop_words_alone_is_searched_as_it_is() -> None:
    assert question_terms("what is that") == {"what": 1.0, "is": 1.0, "that": 1.0}


def test_a_pasted_document_is_cut_to_its_commonest_terms() -> None:
    words = " ".join(f"word{number:04}x" for number in range(1000))
    assert len(question_terms(words)) == MOST_TERMS


def test_the_passage_with_the_words_wins(index: Lexical) -> None:
    assert found(index, "大学生怎么用 ChatGPT")[0] == 0
    assert found(index, "图书馆罚款")[0] == 1
    assert found(index, "Which company recycles cobalt?")[0] == 2


def test_a_simplified_question_finds_traditional_text(index: Lexical) -> None:
    assert found(index, "图书馆") == [1]


def test_filters_apply_before_the_cut(index: Lexical) -> None:
    assert found(index, "company", ("speaker", "desmond")) == [2]
    assert found(index, "company", ("transcript", "books")) == [3]
    assert found(index, "company", ("speaker", "nora"), ("transcript", "batteries")) == [2]
    assert found(index, "company", ("speaker", "desmond"), ("transcript", "books")) == []


def test_no_score_exceeds_the_best_thinkable(index: Lexical) -> None:
    weights = question_terms("company cobalt batteries")
    best = index.best(weights)
    assert all(0 < match.score < best for match in index.search(weights, 10))


def test_nothing_matches_nothing(tmp_path: Path, index: Lexical) -> None:
    assert found(index, "zzzz") == []
    assert index.search({}, 10) == []
    build(tmp_path / "empty", [])
    assert Lexical.open(tmp_path / "empty").search(question_terms("company"), 10) == []


@given(st.text(max_size=60))
def test_terms_are_folded_and_have_no_white_space(text: str) -> None:
    for term in terms(text):
        assert term
        assert not any(char.isspace() for char in term)
        assert set(terms(term)) >= {term} or len(terms(term)) >= 1


@given(st.text(max_size=60))
def test_any_text_can_be_a_question(text: str) -> None:
    assert all(weight > 0 for weight in question_terms(text).values())
