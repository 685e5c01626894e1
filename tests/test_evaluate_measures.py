"""The measures of rankings whose values are known."""

from __future__ import annotations

import math

import pytest

from rag.evaluate.measures import of_rankings, rankings, shown


def of(*held: list[int], places: int = 1, k: int = 10) -> dict[str, float]:
    """The measures of one ranking."""
    (values,) = rankings([(held, places)], k)
    return values


def test_right_at_once() -> None:
    assert of([0], [], []) == {
        "hit@1": 1, "hit@5": 1, "hit@10": 1, "recall@10": 1, "mrr@10": 1, "ndcg@10": 1,
    }  # fmt: skip


def test_right_in_the_third_place() -> None:
    values = of([], [], [0])
    assert (values["hit@1"], values["hit@5"], values["recall@10"]) == (0, 1, 1)
    assert values["mrr@10"] == pytest.approx(1 / 3)
    assert values["ndcg@10"] == pytest.approx(1 / math.log2(4))


def test_never_right_and_nothing_found() -> None:
    assert set(of([], []).values()) == {0}
    assert set(of().values()) == {0}


def test_too_late_for_a_measure() -> None:
    values = of(*[[]] * 10, [0], k=20)
    assert (values["hit@5"], values["hit@20"], values["recall@20"]) == (0, 1, 1)
    assert (values["mrr@10"], values["ndcg@10"]) == (0, 0)


def test_recall_counts_places_and_hit_is_content_with_one() -> None:
    values = of([], [2], [], [0], places=4)
    assert (values["hit@5"], values["recall@10"]) == (1, 0.5)
    assert values["mrr@10"] == 0.5


def test_a_place_found_again_counts_as_nothing() -> None:
    assert of([0], [0], [1], places=2) == of([0], [], [1], places=2)


def test_a_passage_with_two_places_finds_both() -> None:
    values = of([0, 1], places=2)
    assert (values["recall@10"], values["ndcg@10"]) == (1, 1)


def test_questions_do_not_mix() -> None:
    first, second = rankings([([[0]], 1), ([[], [0]], 1)], 10)
    assert (first["mrr@10"], second["mrr@10"]) == (1, 0.5)
    assert rankings([], 10) == []


def test_k_adds_its_own_cut() -> None:
    assert [m.name for m in of_rankings(3)] == [
        "hit@1", "hit@3", "hit@5", "recall@3", "mrr@10", "ndcg@10",
    ]  # fmt: skip
    assert [m.name for m in shown({"mrr@10", "keys", "hit@1", "other"}, 5)] == [
        "hit@1", "mrr@10", "keys",
    ]  # fmt: skip
