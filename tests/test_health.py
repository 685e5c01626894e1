"""`rag doctor` finds what is wrong and names the command that mends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fakes import HashEncoder
from samples import Run

from rag import store
from rag.errors import NotReady
from rag.health import Check, examine
from rag.pipeline import configured
from rag.settings import Settings
from rag.types import Encoder


def found(settings: Settings | None = None) -> dict[str, Check]:
    return {check.name: check for check in examine(settings or configured())}


def test_all_is_well_after_indexing(indexed: Path) -> None:
    checks = found()
    assert all(check.ok and not check.hint for check in checks.values())
    assert "2 transcripts, 6 passages of" in checks["index"].found
    assert checks["index"].found.endswith("sound")
    assert checks["folder"].found == str(indexed)


def test_without_an_index_it_names_the_command(project: Path) -> None:
    checks = found()
    assert (checks["packages"].ok, checks["encoder"].ok) == (True, True)
    assert not checks["index"].ok
    assert checks["index"].hint == "build one: rag index PATH -i default"


@pytest.mark.parametrize("change", ["new", "changed", "gone"])
def test_files_that_changed_are_named(indexed: Path, run: Run, change: str) -> None:
    corpus = indexed / "corpus"
    if change == "gone":
        (corpus / "tea.md").unlink()
    else:
        name = "tea.md" if change == "changed" else "new.txt"
        (corpus / name).write_text("Ann: Hello?\n\nBob: Hello to you.\n")
    check = found()["freshness"]
    assert not check.ok
    assert ("new.txt" if change == "new" else "tea.md") in check.found
    assert check.hint == "rag index -i default"
    assert run(*check.hint.split()[1:]).code == 0
    assert found()["freshness"].ok


def test_a_folder_that_is_gone_is_named(indexed: Path) -> None:
    shutil.rmtree(indexed / "corpus")
    check = found()["freshness"]
    assert not check.ok
    assert str(indexed / "corpus") in check.found


def test_every_file_of_the_index_is_compared_with_its_checksum(indexed: Path) -> None:
    path = store.current(indexed / "index" / "default") / "vectors.faiss"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    check = found()["index"]
    assert not check.ok
    assert "vectors.faiss is damaged" in check.found
    assert check.hint == "rebuild it: rag index -i default"


def test_an_encoder_that_is_not_there_is_named(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> Encoder:
        raise NotReady(f"encoder {name!r} cannot be loaded", "give another")

    monkeypatch.setattr("rag.embedder.load", absent)
    checks = found(Settings(encoder="no-model"))
    assert not checks["encoder"].ok
    assert (checks["encoder"].found, checks["encoder"].hint) == (
        "encoder 'no-model' cannot be loaded",
        "give another",
    )
    assert not checks["encoder of the index"].ok
    assert checks["index"].ok


def test_an_index_of_another_encoder_names_the_command(
    indexed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.embedder.load", lambda _: HashEncoder())
    check = found()["encoder of the index"]
    assert "built with 'builtin'" in check.found
    assert check.hint == "rag index -i default"
    check = found(Settings(encoder="my model"))["encoder of the index"]
    assert check.hint == "rag index -i default --encoder 'my model'"


def test_hints_name_the_index_that_was_asked_about(indexed: Path, tmp_path: Path) -> None:
    check = found(Settings(index=str(tmp_path / "my index")))["index"]
    assert check.hint == f"build one: rag index PATH -i '{tmp_path / 'my index'}'"
