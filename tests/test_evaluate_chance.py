"""Intervals and tests against values that are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluate import chance

VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (1, 0, 1.0),
        (0, 6, 0.03125),
        (1, 9, 0.021484375),
        (2, 10, 0.03857421875),
        (25, 8, 0.0045513841),  # scipy.stats.binomtest(8, 33).pvalue
    ],
)
def test_mcnemar_is_the_exact_binomial_test(wins: int, losses: int, p: float) -> None:
    assert chance.mcnemar(wins, losses) == pytest.approx(p, rel=1e-4)
    assert chance.mcnemar(losses, wins) == chance.mcnemar(wins, losses)


@given(VALUES)
def test_an_interval_holds_the_mean_and_is_the_same_every_time(values: list[float]) -> None:
    low, high = chance.interval(values)
    assert low - 1e-9 <= chance.mean(values) <= high + 1e-9
    assert (low, high) == chance.interval(values)
    assert (low, high) == chance.interval(list(reversed(values)))


def test_an_interval_is_as_wide_as_theory_has_it() -> None:
    low, high = chance.interval([1.0] * 300 + [0.0] * 100)
    # 0.75 ± 1.96 √(0.75 · 0.25 / 400)
    assert low == pytest.approx(0.7076, abs=0.004)
    assert high == pytest.approx(0.7924, abs=0.004)


def test_what_never_changes_has_no_width() -> None:
    assert chance.interval([1.0] * 7) == (1.0, 1.0)


def test_randomization_agrees_with_all_sign_changes_counted() -> None:
    # Of the 16 ways to give 1, 2, 3 and 4 their signs, 2 have a sum of 10 or more in size.
    assert chance.randomization([1, 2, 3, 4]) == pytest.approx(2 / 16, abs=0.01)
    # 8 or more: all alike, and the 1 alone otherwise.
    assert chance.randomization([-1, 2, 3, 4]) == pytest.approx(4 / 16, abs=0.015)
    assert chance.randomization([0.0, 0.0]) == 1.0
    assert chance.randomization([1.0, -1.0]) == 1.0


def test_holm_adjusts_as_in_the_textbook() -> None:
    adjusted = chance.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert chance.holm({}) == {}


def test_kappa_is_agreement_beyond_chance() -> None:
    one = [True] * 25 + [False] * 25
    other = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert chance.kappa(one, other) == pytest.approx(0.4)
    assert chance.kappa(one, one) == 1.0
    assert chance.kappa([True, True], [True, True]) == 1.0
    assert chance.kappa([True, False], [False, True]) == -1.0


def test_spearman_looks_at_the_order_only() -> None:
    assert chance.spearman([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1)
    assert chance.spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    # scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4]).statistic
    assert chance.spearman([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(0.9486833)


def test_quantiles_are_values_that_occurred() -> None:
    assert chance.quantile([5.0, 1.0, 4.0, 2.0, 3.0], 0.5) == 3.0
    assert chance.quantile([float(n) for n in range(1, 101)], 0.95) == 95.0
    assert chance.quantile([7.0], 0.95) == 7.0
