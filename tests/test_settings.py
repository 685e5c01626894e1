"""Settings come from defaults, `rag.toml`, the environment and flags, in this order."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.settings import Settings, load


def toml(folder: Path, text: str) -> Path:
    (folder / "rag.toml").write_text(text, encoding="utf-8")
    return folder


def test_later_sources_win(tmp_path: Path) -> None:
    project = toml(tmp_path, 'index = "a"\nk = 3\npassage_tokens = 300\n')
    assert load(None, {}, {}) == Settings()
    assert load(project, {}, {}) == Settings(index="a", k=3, passage_tokens=300)
    chosen = load(project, {"RAG_K": "4", "RAG_INDEX": "b"}, {"k": 5, "index": None})
    assert (chosen.index, chosen.k, chosen.passage_tokens) == ("b", 5, 300)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().k = 3  # type: ignore[misc]


def test_an_unknown_name_in_the_file_is_an_error_and_in_the_environment_is_not_ours(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError) as raised:
        load(toml(tmp_path, "kk = 3\n"), {}, {})
    assert str(tmp_path / "rag.toml") in raised.value.message
    assert "'kk'" in raised.value.message
    assert "passage_tokens" in raised.value.hint
    assert load(None, {"RAG_SOMETHING_ELSE": "x", "RAG_K": ""}, {}) == Settings()


@pytest.mark.parametrize(
    "text",
    ["k = ", "k = 0", "k = 1001", 'k = "many"', "k = 1.5", "k = true", "k = inf", "k = [1]",
     "refuse_below = nan", "refuse_below = 2", 'index = ""', 'index = "  "', "[table]\nk = 1"],
)  # fmt: skip
def test_a_wrong_value_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"rag\.toml") as raised:
        load(toml(tmp_path, text), {}, {})
    assert raised.value.hint


def test_a_wrong_value_says_where_it_was_given() -> None:
    with pytest.raises(UsageError, match=r"the environment \(RAG_\*\): k is 'x'"):
        load(None, {"RAG_K": "x"}, {})
    with pytest.raises(UsageError, match="the command line: k is 0"):
        load(None, {}, {"k": 0})
    with pytest.raises(UsageError, match="k is -1"):
        Settings(k=-1)


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"rag\.toml"):
        load(tmp_path, {}, {})


def test_paths_in_the_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "models" / "mine").mkdir(parents=True)
    project = toml(tmp_path, 'index = "./here"\nencoder = "models/mine"\n')
    chosen = load(project, {}, {})
    assert Path(chosen.index) == tmp_path / "here"
    assert Path(chosen.encoder) == tmp_path / "models" / "mine"
    chosen = load(toml(tmp_path, 'index = "name"\nencoder = "some/hub-model"\n'), {}, {})
    assert (chosen.index, chosen.encoder) == ("name", "some/hub-model")
