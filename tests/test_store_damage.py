"""What an index survives: damage to every file of it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import best, build, ids
from samples import VIOLIN

from rag import store
from rag.errors import NotReady, RagError
from rag.store import Store
from rag.store.generation import FORMAT

BRIDGE = "the bridge is always maple"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an index, built once and copied by every test that damages it."""
    project = tmp_path_factory.mktemp("sound")
    corpus = project / "corpus"
    corpus.mkdir()
    (corpus / "violin.txt").write_text(VIOLIN)
    build(project / "index" / "default", corpus)
    return project


def parts(project: Path) -> Iterator[str]:
    index = project / "index" / "default"
    yield "CURRENT"
    for path in sorted(store.current(index).rglob("*")):
        if path.is_file() and path.suffix != ".lock":
            yield path.relative_to(index).as_posix()


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x15]) + data[place + 1 :]


@pytest.mark.parametrize("damage", ["missing", "truncated", "emptied", "flipped"])
def test_a_damaged_file_is_named_and_one_command_mends_it(
    sound: Path, tmp_path: Path, damage: str
) -> None:
    for name in parts(sound):
        project = tmp_path / name.replace("/", "-")
        shutil.copytree(sound, project)
        folder = project / "index" / "default"
        path = folder / name
        data = path.read_bytes()
        if damage == "missing":
            path.unlink()
        else:
            half = len(data) // 2
            left = {"truncated": data[:half], "emptied": b"", "flipped": flipped(data, half)}
            path.write_bytes(left[damage])
        with pytest.raises(NotReady) as raised:
            Store.open(folder)
        assert path.name in raised.value.message
        assert f"rag index -i {folder}" in raised.value.hint
        build(folder)  # what `rag index` does without a path
        assert best(Store.open(folder), BRIDGE) == "violin:3-4"


def test_no_flipped_byte_goes_unseen(sound: Path, tmp_path: Path) -> None:
    project = tmp_path / "copy"
    shutil.copytree(sound, project)
    folder = project / "index" / "default"
    chance = random.Random(5)
    for name in parts(sound):
        path = folder / name
        data = path.read_bytes()
        for place in [0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(10))]:
            path.write_bytes(flipped(data, place))
            if name == "CURRENT" and place == len(data) - 1:
                continue  # its line break means nothing
            with pytest.raises(NotReady):
                Store.open(folder)
        path.write_bytes(data)
    Store.open(folder)


def test_an_index_that_tells_nothing_any_more_asks_for_its_folders(
    sound: Path, tmp_path: Path
) -> None:
    project = tmp_path / "copy"
    shutil.copytree(sound, project)
    folder = project / "index" / "default"
    for name in ("manifest.json", "passages.sqlite"):
        (store.current(folder) / name).write_bytes(b"\0" * 100)
    with pytest.raises(NotReady, match="rag index PATH"):
        build(folder)
    build(folder, project / "corpus")
    assert best(Store.open(folder), BRIDGE) == "violin:3-4"


def test_an_index_of_another_format_is_refused_and_rebuilt(sound: Path, tmp_path: Path) -> None:
    project = tmp_path / "copy"
    shutil.copytree(sound, project)
    folder = project / "index" / "default"
    path = store.current(folder) / "manifest.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, "format": 99}))
    with pytest.raises(NotReady, match=f"format 99, this version reads {FORMAT}"):
        Store.open(folder)
    build(folder)
    assert ids(Store.open(folder)) == ["violin"]


def test_no_index_names_the_command_that_builds_one(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as raised:
        Store.open(tmp_path / "my index")
    assert raised.value.message == f"no index at {tmp_path / 'my index'}"
    assert raised.value.hint == f"build one: rag index PATH -i '{tmp_path / 'my index'}'"
    assert isinstance(raised.value, RagError)
    assert raised.value.exit_code == 3
