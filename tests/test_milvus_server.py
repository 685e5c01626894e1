"""A real Milvus server, 2.3.5 from its package: what that version has, and what it survives.

It has no sparse vectors yet, so that words do not rank there; all else is what it is elsewhere.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from copied import indexed_in, needs_lite, renewed
from fakes import HashEncoder
from samples import ROOT, WOOD, Run
from test_milvus_copying import change, clean_on, held

from rag.errors import NotReady
from rag.pipeline import Rag
from rag.settings import Settings
from rag.store import Store as OnDisk
from rag.store.copying import Copied, copy_to
from rag.store.milvus import client
from rag.store.milvus.address import Place
from rag.store.milvus.client import Server
from rag.store.milvus.reading import MilvusStore

SERVER = ROOT / ".venv" / "milvus" / "bin" / "milvus-server"
ENCODER = HashEncoder()
NAME = "default"
_PEERS = (2379, 2380)  # the etcd inside wants these two
COPY = """
import sys
sys.path[:0] = sys.argv[1:3]
from pathlib import Path
from rag.store import Store
from rag.store.copying import copy_to
from rag.store.milvus.client import Server
insert = Server.insert
def told(self, *arguments):
    insert(self, *arguments)
    print("sent", flush=True)
Server.insert = told
copy_to(Store.open(Path(sys.argv[3])), sys.argv[4], "default", grace=0.5)
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Milvus:
    """The server, which can be killed and started again on what it has written."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.folder = folder

    def start(self) -> None:
        """Start it; again without its launcher, which takes another port where this one lingers."""
        program, environment = self.folder / "bin" / "milvus", dict(os.environ)
        command = [str(SERVER), "--data", str(self.folder), "--proxy-port", str(self.port)]
        # It waits for the lease of one that was killed before it takes over what that one held.
        command += ["--extra-config", "common.session.ttl=5"]
        if program.exists():
            command = [str(program), "run", "standalone"]
            environment |= {
                "DEPLOY_MODE": "STANDALONE",
                "LD_LIBRARY_PATH": str(program.parent),
                "METRICS_PORT": str(free_port()),
                "MILVUS_RUN_DIR": str(self.folder / "run"),
            }
        self._process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(240):
            with suppress(NotReady), closing(Server.connect(Place.parse(self.address))) as server:
                server.collections()
                return
            time.sleep(0.25)
        self.kill()
        pytest.fail("the server did not start within a minute")

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self._process.wait()


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Milvus]:
    needs_lite()
    if not SERVER.exists():
        pytest.skip("no server in .venv/milvus, where make test puts it")
    for port in _PEERS:
        with socket.socket() as free:
            if free.connect_ex(("127.0.0.1", port)) == 0:
                pytest.skip(f"port {port} is taken: another etcd or Milvus runs here")
    folder = tmp_path_factory.mktemp("milvus")
    server = Milvus(folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory, milvus: Milvus) -> Path:
    """A folder with an index that is on the server, too."""
    folder = tmp_path_factory.mktemp("disk")
    with closing(OnDisk.open(indexed_in(folder))) as source:
        done = copy(milvus, source)
    assert done.sent == 5
    assert "v2.3.5" in done.note
    assert "no sparse vectors" in done.note
    return folder


def copy(milvus: Milvus, source: OnDisk) -> Copied:
    return copy_to(source, milvus.address, NAME, grace=0.5)


def opened(milvus: Milvus) -> MilvusStore:
    return MilvusStore.open(milvus.address, NAME)


def same(milvus: Milvus, source: OnDisk) -> None:
    """Nothing is lost, doubled or attributed to another, and meaning ranks the same."""
    with closing(opened(milvus)) as there:
        assert held(there) == held(source)
        for question in (WOOD, "Who sails the ferry in a storm?"):
            vector = ENCODER.question(question)
            near = [dict(named(store, store.nearest(vector, 5))) for store in (there, source)]
            assert near[0] == pytest.approx(near[1], abs=1e-3)
        count = len(source.lexical.containing([["wind"]]))
        assert len(there.lexical.containing([["wind"]])) == count


def named(
    store: OnDisk | MilvusStore, found: list[tuple[int, float]]
) -> Iterator[tuple[str, float]]:
    passages = store.catalog.passages([id_ for id_, _ in found])
    return ((str(p.address), score) for p, (_, score) in zip(passages, found, strict=True))


def test_a_copy_holds_what_the_index_holds(milvus: Milvus, disk: Path) -> None:
    with closing(OnDisk.open(disk / "index" / "default")) as source:
        same(milvus, source)
        assert not copy(milvus, source).changed
    clean_on(milvus.address, NAME)


def test_meaning_finds_and_filters_restrict(milvus: Milvus, disk: Path) -> None:
    with closing(opened(milvus)) as there:
        rag = Rag(there, ENCODER, Settings())
        (best, *_) = rag.search(WOOD)
        assert (str(best.passage.address), best.lexical) == ("violin:3-4", 0.0)
        assert best.passage.speakers == ("Host", "Marta Lindqvist")
        for hit in rag.search("What did the crane lift?", speaker="Bob"):
            assert "Bob" in hit.passage.speakers
        assert {h.passage.transcript for h in rag.search(WOOD, transcript="tea")} == {"tea"}
        assert rag.search("storm", speaker="Captain O'Neil")[0].passage.transcript == "storm"
        assert rag.quote("swung over the quay for an hour").speaker == "Bob"
        assert rag.quote("swung over the quay for an hour", speaker="Ann").verdict == "absent"
        assert "王秀兰" in rag.ask("谁说得最多？", transcript="tea").text
        with pytest.raises(NotReady, match="no index 'other' there"):
            MilvusStore.open(milvus.address, "other")


def test_whoever_asks_is_told_that_words_do_not_rank(
    milvus: Milvus, disk: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = disk / "index" / "default"
    monkeypatch.setattr("rag.embedder.load", lambda _: ENCODER)
    found = run("search", WOOD, "--store", milvus.address, "-i", index)
    assert found.code == 0
    assert "violin:3-4" in found.out.splitlines()[0]
    assert found.err.count("\n") == 1
    assert (
        "has no sparse vectors (2.4 and later do): passages are found by meaning only" in found.err
    )


def sending(milvus: Milvus, index: Path, portions: int) -> subprocess.Popen[str]:
    """Copy in a process of its own; return when it has sent so many portions."""
    process = subprocess.Popen(
        [sys.executable, "-c", COPY, ROOT, ROOT / "tests", index, milvus.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for _ in range(portions):
        assert process.stdout.readline() == "sent\n"
    return process


@pytest.fixture
def changed(disk: Path) -> Callable[[int], OnDisk]:
    """Bring the index up to date with a change that no test made before."""

    def make(number: int) -> OnDisk:
        (disk / "talks" / f"more-{number}.txt").write_text(
            f"Host: Who rings bell {number}?\n\nIda Moe: Bell {number} is rung by the wind.\n"
        )
        return renewed(disk / "index" / "default")

    return make


def test_a_copy_that_is_killed_leaves_the_old_state_and_the_next_one_is_whole(
    milvus: Milvus, disk: Path, changed: Callable[[int], OnDisk]
) -> None:
    for portions in (2,):
        with closing(OnDisk.open(disk / "index" / "default")) as before:
            was = held(before)
        source = changed(portions)
        with sending(milvus, disk / "index" / "default", portions) as process:
            process.send_signal(signal.SIGKILL)
        with closing(opened(milvus)) as there:
            assert held(there) in (was, held(source))
        copy(milvus, source)
        same(milvus, source)
        source.close()
    clean_on(milvus.address, NAME)


def test_a_server_that_does_not_answer_is_not_waited_for(
    milvus: Milvus, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_READ", 1.0)
    with closing(opened(milvus)) as there:
        rag = Rag(there, ENCODER, Settings())
        milvus.signal(signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(NotReady, match="does not answer in time"):
                rag.search(WOOD)
            assert time.monotonic() - started < 10
        finally:
            milvus.signal(signal.SIGCONT)
        assert rag.search(WOOD)[0].passage.transcript == "violin"


def test_a_server_killed_during_a_copy_comes_back_with_the_old_state(
    milvus: Milvus, disk: Path
) -> None:
    with closing(OnDisk.open(disk / "index" / "default")) as before:
        was = held(before)
    source = change(disk)
    with sending(milvus, disk / "index" / "default", 3) as process:
        milvus.kill()
        _, told = process.communicate()
    assert process.returncode == 1
    assert "NotReady" in told
    with pytest.raises(NotReady, match="cannot be reached"):
        opened(milvus)
    milvus.start()
    with closing(opened(milvus)) as there:
        assert held(there) == was
    done = copy(milvus, source)
    assert (done.sent, done.removed) == (2, 1)
    same(milvus, source)
    clean_on(milvus.address, NAME)
