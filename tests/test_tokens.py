from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.tokens import estimate


def test_nothing_costs_nothing() -> None:
    assert estimate("") == 0
    assert estimate(" \n\t") == 0


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("We mend the nets in winter.", 6, 8),
        ("我们冬天修补渔网。", 6, 10),
        ("internationalisation", 2, 5),
        ("20250614", 3, 3),
        ("我们用 Python 3.11 写脚本。", 8, 14),
    ],
)
def test_the_estimate_is_near_what_models_count(text: str, least: int, most: int) -> None:
    assert least <= estimate(text) <= most


@settings(deadline=None)
@given(st.text(), st.text())
def test_a_text_never_costs_more_than_its_parts(one: str, other: str) -> None:
    assert estimate(f"{one}\n{other}") <= estimate(one) + estimate(other)


@settings(deadline=None)
@given(st.text())
def test_a_text_never_costs_more_than_its_characters(text: str) -> None:
    assert 0 <= estimate(text) <= len(text)


def test_lines_of_underscores_are_not_free() -> None:
    assert estimate("_" * 60) > 0
