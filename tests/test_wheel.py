"""The wheel carries what it must, all of it, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from samples import ROOT

import rag

CARRIED = {"prompts": "rag/data/prompts", "corpus": "rag/data/corpus"}
IGNORED = shutil.ignore_patterns(
    ".git",
    ".venv",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "dist",
    "build",
    "*.egg-info",
    "index",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, with things lying about that are nobody's business."""
    folder = tmp_path_factory.mktemp("wheel") / "checkout"
    shutil.copytree(ROOT, folder, ignore=IGNORED)
    for name in ("index/default/CURRENT", ".env", "rag/__pycache__/x.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret")
    return folder


@pytest.fixture(scope="module")
def wheel(checkout: Path) -> zipfile.ZipFile:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", checkout / "out"],
        cwd=checkout,
        check=True,
        capture_output=True,
    )
    (path,) = (checkout / "out").glob("*.whl")
    assert path.name.startswith(f"transcript_rag-{rag.__version__}-py3-none-any")
    return zipfile.ZipFile(path)


def files(folder: Path) -> set[PurePosixPath]:
    return {
        PurePosixPath(path.relative_to(folder).as_posix())
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_the_package_and_the_folders_that_it_carries(
    checkout: Path, wheel: zipfile.ZipFile
) -> None:
    expected = {"rag" / path for path in files(checkout / "rag")}
    for name, place in CARRIED.items():
        expected |= {place / path for path in files(checkout / name)}
    found = {PurePosixPath(name) for name in wheel.namelist()}
    assert {path for path in found if ".dist-info" not in path.parts[0]} == expected


def test_it_holds_the_model_the_types_and_the_samples(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {
        "rag/py.typed",
        "rag/data/han_simplified.txt",
        "rag/data/builtin/model.safetensors",
        "rag/data/builtin/tokenizer.json",
        "rag/data/corpus/cases.jsonl",
    } <= names
    assert not [name for name in names if "index/" in name or "tests/" in name or ".env" in name]


def test_it_says_who_may_use_it_and_how_it_is_called(wheel: zipfile.ZipFile) -> None:
    about = f"transcript_rag-{rag.__version__}.dist-info"
    assert {f"{about}/licenses/LICENSE", f"{about}/licenses/NOTICE"} <= set(wheel.namelist())
    assert "rag = rag.cli:main" in wheel.read(f"{about}/entry_points.txt").decode()
    metadata = wheel.read(f"{about}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Metadata-Version: 2.4" in metadata


def test_every_public_name_resolves() -> None:
    assert sorted(rag.__all__) == list(rag.__all__)
    for name in rag.__all__:
        assert getattr(rag, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = rag.Nothing
