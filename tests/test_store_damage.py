"""What an index survives: damage to every file of it, and a kill at any instant."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import HashEncoder, best, build, ids
from samples import ROOT, VIOLIN, passage_at

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


# --- killed at any instant


ZYGOTE = """
import os, sys
from pathlib import Path
import faiss, filelock, numpy, tantivy
sys.path[:0] = sys.argv[1:3]
from fakes import HashEncoder, best, build, ids
from rag import store
from rag import transcripts as reading

while line := sys.stdin.readline():
    child = os.fork()
    if not child:
        folder = Path(line.strip())
        store.build(folder, [], HashEncoder(), encoder_name="fake", passage_tokens=400,
                    base=folder.parent.parent, version="test")
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else os.WEXITSTATUS(status), flush=True)
"""


def talk(edition: int) -> str:
    turns = (
        f"Ann: And number {n}?\n\nBob: In edition {edition} number {n} is worth {n * edition}.\n"
        for n in range(120)
    )
    return "\n".join(turns)


def attempt(zygote: subprocess.Popen[str], folder: Path, delay: float | None) -> tuple[str, float]:
    """Let a process build the index, kill it after `delay`; say how and when it ended."""
    requests, replies = zygote.stdin, zygote.stdout
    assert requests is not None
    assert replies is not None
    started = time.perf_counter()
    print(folder, file=requests, flush=True)
    child = int(replies.readline())
    if delay is not None:
        time.sleep(max(0.0, started + delay - time.perf_counter()))
        os.kill(child, signal.SIGKILL)  # not yet waited for, so the number is still its own
    print("wait", file=requests, flush=True)
    return replies.readline().strip(), time.perf_counter() - started


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_killed_at_any_instant_the_index_opens_as_it_was(tmp_path: Path) -> None:
    corpus, folder = tmp_path / "corpus", tmp_path / "index" / "default"
    corpus.mkdir()
    (corpus / "talk.txt").write_text(talk(1))
    build(folder, corpus)
    zygote = subprocess.Popen(
        [sys.executable, "-c", ZYGOTE, ROOT, ROOT / "tests"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    chance, killed = random.Random(1), 0
    (corpus / "talk.txt").write_text(talk(2))
    ended, whole = attempt(zygote, folder, None)
    assert ended == "0"
    editions = [2]
    for number in range(44):
        edition = number + 3
        (corpus / "talk.txt").write_text(talk(edition))
        ended, took = attempt(zygote, folder, whole * (number % 22 + chance.random()) / 22)
        killed += ended == "killed"
        if ended != "killed":
            whole = min(whole, took)  # the first may have been slowed down by others
        opened = Store.open(folder)
        assert opened.catalog.check() == "ok"
        said = passage_at(opened, "talk", 14)
        found = int(said.spans[-1].text.split()[2])
        assert found == edition or (found == editions[-1] and ended == "killed")
        question = f"in edition {found} number 6 is worth {6 * found}"
        assert opened.nearest(HashEncoder().question(question), 1)[0][1] > 0.5
        assert opened.lexical.search({"worth": 1.0}, 1000)
        editions.append(found)
        if killed >= 22:
            break
    assert killed >= 20
    assert len(set(editions)) < len(editions), "no build was cut short"
    zygote.communicate()
    (corpus / "talk.txt").write_text(talk(1000))
    assert build(folder).changed
    assert len([path for path in folder.iterdir() if path.is_dir()]) == 1
