"""What an index survives beside damage: kills, full disks, other writers, readers that stay."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import best, build, ids
from samples import ROOT

from bench.survive import survive
from rag import store
from rag.errors import NotReady
from rag.store import Store

BRIDGE = "the bridge is always maple"
NEW = "Ann: Any news?\n\nBob: None at all today.\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_killed_at_any_instant_an_index_holds_what_it_held_or_was_to_hold() -> None:
    tally = survive(18, random.Random(6))
    assert sum(tally.kills.values()) == 18
    assert sum(tally.halfway.values()) > 3, "no work was cut short"


# --- a disk that is full


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


FILL = """
import resource, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import faiss, tantivy
from fakes import build
from rag.errors import RagError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), int(sys.argv[4])))
try:
    build(Path(sys.argv[3]))
except RagError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def filled(folder: Path, limit: int) -> subprocess.CompletedProcess[str]:
    """Update an index where no file can grow beyond a limit."""
    return subprocess.run(
        [sys.executable, "-c", FILL, ROOT, ROOT / "tests", folder, str(limit)],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_when_nothing_more_can_be_written_the_index_is_as_it_was(built: Path, corpus: Path) -> None:
    (corpus / "new.txt").write_text(NEW)
    sizes = sorted(path.stat().st_size for path in store.current(built).rglob("*"))
    for limit in (0, 60, 500, sizes[-1] // 2):
        ended = filled(built, limit)
        assert (ended.returncode, ended.stderr) == (3, "")
        assert ended.stdout.count("\n") == 1
        assert str(built) in ended.stdout
        assert "free some space" in ended.stdout
        assert ids(Store.open(built)) == ["tea", "violin"]
        assert files(built) == {".lock", "CURRENT", "gen-000001"}
    assert build(built).embedded == 1
    assert ids(Store.open(built)) == ["new", "tea", "violin"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "rag-test", place],
        capture_output=True, check=False,
    ) if shutil.which("mount") else None  # fmt: skip
    if mounted is None or mounted.returncode:
        pytest.skip("a disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_that_fills_up_leaves_the_index_and_no_litter(
    corpus: Path, small_disk: Path
) -> None:
    folder = small_disk / "index"
    build(folder, corpus)
    for number in range(40):
        (corpus / f"long-{number}.txt").write_text(
            "\n\n".join(f"Ann{n % 3}: What is {n} in file {number}?" for n in range(200))
        )
    with pytest.raises(NotReady, match="free some space"):
        build(folder)
    assert ids(Store.open(folder)) == ["tea", "violin"]
    assert files(folder) == {".lock", "CURRENT", "gen-000001"}
    for path in corpus.glob("long-*.txt"):
        path.unlink()
    (corpus / "new.txt").write_text(NEW)
    build(folder)
    assert ids(Store.open(folder)) == ["new", "tea", "violin"]


# --- damage that an update must not vouch for


def updated(built: Path, corpus: Path) -> Path:
    """An index with a second layer."""
    (corpus / "new.txt").write_text(NEW)
    build(built)
    assert len(Store.open(built).manifest.layers) == 2
    return store.current(built)


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped"])
def test_every_file_of_an_updated_index_is_missed(
    built: Path, corpus: Path, tmp_path: Path, damage: str
) -> None:
    generation = updated(built, corpus)
    names = [path.relative_to(built).as_posix() for path in sorted(generation.rglob("*"))
             if path.is_file() and path.suffix != ".lock"]  # fmt: skip
    assert len([name for name in names if "vectors" in name]) == 2
    for number, name in enumerate(names):
        copy = tmp_path / f"{damage}-{number}" / "index" / "default"
        shutil.copytree(built, copy)
        data = bytearray((copy / name).read_bytes())
        data[len(data) // 2] ^= 1
        if damage == "missing":
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(data if damage == "flipped" else data[:-1])
        with pytest.raises(NotReady) as raised:
            Store.open(copy)
        assert Path(name).name in raised.value.message
        assert raised.value.hint == f"rebuild it: rag index -i {copy}"


@pytest.mark.parametrize("name", ["passages.sqlite", "vectors.faiss"])
def test_large_files_are_compared_before_they_are_vouched_for(
    built: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("rag.store.generation._HASHED_ON_OPEN", -1)
    path = store.current(built) / name
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    Store.open(built)  # too large to be hashed each time
    report = build(built, corpus)  # with nothing else to do, all of it is compared, and mended
    assert (report.changed, report.embedded) == (True, 6)
    monkeypatch.undo()
    assert best(Store.open(built), BRIDGE) == "violin:3-4"


# --- writers and readers at once


def test_a_second_writer_is_turned_away_and_the_first_succeeds(
    built: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "new.txt").write_text(NEW)
    real = store.verify
    refused: list[str] = []

    def meanwhile(*arguments: object, **named: object) -> None:
        if not refused:
            with pytest.raises(NotReady, match="another process") as raised:
                build(built)
            refused.append(str(raised.value))
        real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("rag.store.updating.verify", meanwhile)
    assert build(built).embedded == 1
    assert len(refused) == 1
    assert ids(Store.open(built)) == ["new", "tea", "violin"]


def test_readers_answer_through_many_swaps(built: Path, corpus: Path) -> None:
    """One reader stays with its generation; another opens the index again and again."""
    stays, wrong, over = Store.open(built), list[str](), threading.Event()

    def reopen() -> None:
        while not over.is_set():
            opened = Store.open(built)
            if best(opened, BRIDGE) != "violin:3-4":
                wrong.append(opened.manifest.built)
            opened.close()

    reader = threading.Thread(target=reopen)
    reader.start()
    try:
        for number in range(12):
            (corpus / "new.txt").write_text(f"Ann: Any news {number}?\n\nBob: None, {number}.\n")
            build(built)
            assert best(stays, BRIDGE) == "violin:3-4"
            assert ids(stays) == ["tea", "violin"]
    finally:
        over.set()
        reader.join()
    assert wrong == []
    assert len([path for path in built.iterdir() if path.is_dir()]) == 1


def test_what_crashed_writers_left_is_swept_up(built: Path, corpus: Path) -> None:
    (built / "building-99999").mkdir()
    (built / "building-99999" / "passages.sqlite").write_bytes(b"half")
    shutil.copytree(store.current(built), built / "gen-000002")  # complete, but never named
    assert store.current(built).name == "gen-000001"
    (corpus / "new.txt").write_text(NEW)
    build(built)
    assert store.current(built).name == "gen-000003"
    assert files(built) == {".lock", "CURRENT", "gen-000003"}
