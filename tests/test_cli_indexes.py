"""The command line and its indexes: absent, damaged, of another encoder, not writable."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from samples import (
    OPENING,
    VIOLIN,
    WOOD,
    Run,
    is_one_line,
    process,
    without_privileges,
)

from rag import store


def test_an_index_that_does_not_exist_names_the_command(project: Path, run: Run) -> None:
    for command in (["ask", WOOD], ["search", WOOD], ["chat"], ["speakers"], ["show", "tea:1"]):
        result = run(*command)
        assert (result.code, result.out) == (3, "")
        assert is_one_line(result.err)
        assert "rag index PATH -i default" in result.err


def test_an_index_has_a_name_or_a_path_or_is_set(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("index", "corpus", "-i", "named").code == 0
    assert (project / "index" / "named" / "CURRENT").is_file()
    assert run("index", "corpus", "-i", "./a folder/x").code == 0
    assert run("search", WOOD, "-i", project / "a folder" / "x").code == 0
    monkeypatch.setenv("RAG_INDEX", "named")
    assert run("search", WOOD).code == 0
    monkeypatch.setenv("RAG_INDEX", "other")
    assert "-i other" in run("search", WOOD).err
    assert run("search", WOOD, "-i", "named").code == 0


def test_the_command_in_a_hint_can_be_pasted(
    project: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("ask", WOOD, "-i", "./my index")
    command = result.err.split("rag index PATH ")[1].rstrip(")\n")
    assert command == f"-i '{tmp_path / 'my index'}'"
    assert run("index", project / "corpus", "-i", "./my index").code == 0
    (tmp_path / "my index" / "CURRENT").write_text("gen-000099\n")
    result = run("ask", WOOD, "-i", "./my index")
    assert result.code == 3
    assert f"(rebuild it: rag index {command})" in result.err
    assert run("index", "-i", str(tmp_path / "my index")).code == 0
    assert run("search", WOOD, "-i", "./my index").code == 0


@pytest.fixture
def other_encoder(tmp_path: Path) -> Path:
    """A second static model, made of the built-in one: as good, and not the same."""
    from rag import paths

    folder = tmp_path / "other-model"
    shutil.copytree(paths.builtin_model(), folder)
    return folder


def test_an_index_of_another_encoder_is_refused_until_rebuilt(
    indexed: Path, run: Run, other_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import load_file, save_file

    path = other_encoder / "model.safetensors"
    tensors = load_file(path)
    scales = next(name for name, tensor in tensors.items() if tensor.dtype == np.float32)
    tensors[scales] = tensors[scales] * np.float32(2)
    save_file(tensors, path)
    monkeypatch.setattr("rag.paths.builtin_model", lambda: other_encoder)
    result = run("ask", OPENING)
    assert (result.code, result.out) == (3, "")
    assert is_one_line(result.err)
    assert "'builtin'" in result.err
    assert "rag index -i default" in result.err
    assert run("doctor").code == 3
    assert "6 embedded, 0 reused" in run("index", "-i", "default").out
    assert run("ask", OPENING).code == 0


def test_a_truncated_file_is_named_and_rag_index_mends_it(indexed: Path, run: Run) -> None:
    path = store.current(indexed / "index" / "default") / "vectors.faiss"
    path.write_bytes(path.read_bytes()[:100])
    result = run("ask", OPENING)
    assert result.code == 3
    assert is_one_line(result.err)
    assert "vectors.faiss" in result.err
    assert "rag index -i default" in result.err
    assert run("doctor").code == 3
    (indexed / "corpus" / "violin.txt").rename(indexed / "corpus" / "luthier.txt")
    assert run("index").code == 0
    assert run("ask", OPENING).code == 0
    assert "luthier:3-4" in run("search", WOOD).out


def test_a_damaged_index_is_never_replaced_by_the_samples(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "violin.txt").write_text(VIOLIN)
    (tmp_path / "index").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("index", "mine").code == 0
    (store.current(tmp_path / "index" / "default") / "manifest.json").unlink()
    assert "1 transcripts" in run("index").out


def test_a_mistyped_path_keeps_the_index(indexed: Path, run: Run) -> None:
    result = run("index", "korpus")
    assert (result.code, result.out) == (2, "")
    assert is_one_line(result.err)
    assert "korpus: no such file or folder" in result.err
    assert run("ask", OPENING).code == 0


def test_outside_any_project_things_are_in_the_users_folder(
    corpus: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setattr("rag.paths.project", lambda: None)  # whatever lies above the test's folder
    assert run("index", corpus).code == 0
    assert (tmp_path / "data-home" / "rag" / "index" / "default" / "CURRENT").is_file()
    assert run("ask", OPENING).code == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(project: Path, run: Run) -> None:
    (project / "file").write_text("no folder")
    for place in ("/proc/rag/index", "./file", "./file/index"):
        result = run("index", "corpus", "-i", place)
        assert result.code == 2
        assert is_one_line(result.err)
        assert place.removeprefix("./") in result.err
        assert "-i /some/folder" in result.err


def test_an_index_in_a_folder_that_only_can_be_read_answers(indexed: Path) -> None:
    before = without_privileges()
    folder = indexed / "index" / "default"
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for lock in folder.rglob("*.lock"):
        lock.unlink()
    for path in places:
        path.chmod(0o555)
    try:
        asked = process("ask", OPENING, before=before)
        assert (asked.code, asked.err) == (0, "rag: answers are quoted, no model is used\n")
        assert asked.out.startswith("王秀兰")
        assert process("doctor", before=before).code == 0
        refused = process("index", before=before)
        assert refused.code == 2
        assert is_one_line(refused.err)
    finally:
        for path in places:
            path.chmod(0o755)
