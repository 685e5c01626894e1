"""Where things are: in the project, or in the user's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import paths


def test_the_project_is_the_nearest_folder_with_a_rag_toml(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "project" / "rag.toml").touch()
    assert paths.project(inner) == tmp_path / "project"
    (inner.parent / "rag.toml").touch()
    assert paths.project(inner) == inner.parent


def test_a_folder_with_an_index_is_a_project_for_itself_only(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "sub").mkdir()
    assert paths.project(tmp_path) == tmp_path
    assert paths.project(tmp_path / "sub") is None


def test_outside_of_any_project_it_is_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.home() == tmp_path / "data-home" / "rag"
    assert paths.index("default") == tmp_path / "data-home" / "rag" / "index" / "default"


def test_an_index_has_a_name_or_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert paths.index("访谈") == tmp_path / "index" / "访谈"
    assert paths.index("./x") == Path("x")
    assert paths.index("/srv/x") == Path("/srv/x")
    assert paths.index("~/x") == Path("/home/ann/x")
    assert paths.index(".") == Path()


def test_what_is_shipped_is_there() -> None:
    assert (paths.builtin_model() / "model.safetensors").is_file()
    assert (paths.shipped("corpus") / "cases.jsonl").is_file()
