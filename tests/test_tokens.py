from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import tokens
from rag.tokens import cautious, estimate, exact


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


@settings(deadline=None)
@given(st.text())
def test_caution_never_counts_less_than_the_estimate(text: str) -> None:
    assert estimate(text) < cautious(text) <= estimate(text) * tokens.MARGIN + 1


# --- the model's own tables, which may have to be downloaded


Load = Callable[[str], object]
WARNING = "tokens are estimated"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Load], list[str]]]:
    """Have tiktoken load its tables in another way; returns which it was asked for."""

    def loaded_by(load: Load) -> list[str]:
        asked: list[str] = []

        def get_encoding(name: str) -> object:
            asked.append(name)
            return load(name)

        monkeypatch.setattr(tiktoken, "get_encoding", get_encoding)
        tokens._counter.cache_clear()
        return asked

    yield loaded_by
    tokens._counter.cache_clear()


def words(name: str) -> object:
    return SimpleNamespace(encode_ordinary=lambda text: [name, *text.split()])


def test_a_models_own_table_counts(
    tables: Callable[[Load], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    asked = tables(words)
    for name in ("gpt-5-mini", "gpt-4", "qwen3:4b", "127.0.0.1:11434", "gpt-5-mini", ""):
        count = exact(name)
        assert count is not None
        assert count("one two") == 3
    assert asked == ["o200k_base", "cl100k_base"]
    assert WARNING not in caplog.text


@pytest.mark.parametrize("error", [OSError("no network"), ValueError("a hash differs"), KeyError()])
def test_without_a_table_there_is_an_estimate_and_one_warning(
    tables: Callable[[Load], list[str]], caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(_: str) -> object:
        raise error

    asked = tables(fail)
    with caplog.at_level(logging.WARNING, "rag"):
        assert [exact(name) for name in ("m", "m", "127.0.0.1:11434")] == [None, None, None]
    assert asked == ["o200k_base"]
    assert [WARNING in record.getMessage() for record in caplog.records] == [True]


def test_a_download_that_says_nothing_is_waited_for_once(
    tables: Callable[[Load], list[str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever asks meanwhile waits with the first, and not after it."""
    monkeypatch.setattr(tokens, "_SECONDS", 0.05)
    late = threading.Event()

    def silent(name: str) -> object:
        late.wait(60)
        return words(name)

    asked = tables(silent)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(exact, ["a", "b", "a", "b"])) == [None] * 4
    finally:
        late.set()
    assert asked == ["o200k_base"]
    assert caplog.text.count(WARNING) == 1
    assert exact("a") is None  # what is packed stays packed by one measure
