"""The law of growth that the benchmark states."""

from __future__ import annotations

import pytest

from bench.growth import slope


def test_the_exponent_is_that_of_the_power_law_that_made_the_figures() -> None:
    sizes = [10.0**power for power in range(3, 7)]
    assert slope(sizes, [3 * size**0.5 for size in sizes]) == pytest.approx(0.5)
    assert slope(sizes, [7.0] * 4) == pytest.approx(0)
    assert slope(sizes[-2:], [2.0, 20.0]) == pytest.approx(1)
