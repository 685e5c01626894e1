"""Passages embedded by several workers are those that one process makes, byte for byte."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import HashEncoder
from samples import ROOT, Run

from rag import embedder, store
from rag.errors import NotReady, UsageError
from rag.settings import Settings
from rag.store import Store, cluster, embedding, workers
from rag.store.blocks import Blocks

if TYPE_CHECKING:
    from rag.types import Encoder, Matrix

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'transcript-rag[ray]'"
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's, of its own code
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])  # workers need what is made here
BLOCK = 4
WORDS = (
    "harbour willow ember falcon copper anchor summit cedar stone river 河流 水库 茶叶 城市".split()
)


def talk(turns: int) -> str:
    """An interview of which every exchange is a passage of its own."""
    said = []
    for number in range(turns):
        words = " ".join(WORDS[(number * 7 + at * 3) % len(WORDS)] for at in range(20 + number % 9))
        said.append(f"{'Ann' if number % 2 == 0 else 'Bob'}: {number} {words}{'.?'[~number % 2]}")
    return "\n\n".join(said) + "\n"


@pytest.fixture
def long_corpus(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A corpus of several blocks."""
    (corpus / "long.md").write_text(talk(40), encoding="utf-8")
    monkeypatch.setattr(embedding, "_AT_ONCE", BLOCK)
    return corpus


def build(folder: Path, corpus: Path, encoder: Encoder, name: str, at_once: str = "1") -> None:
    store.build(
        folder, [corpus], encoder, encoder_name=name, passage_tokens=60, base=corpus.parent,
        version="1", workers=at_once,
    )  # fmt: skip


def content(folder: Path) -> tuple[list[str], bytes]:
    """The passages of an index in their order, and the bytes of their vectors."""
    opened = Store.open(folder)
    ids = opened.catalog.ids()
    found = [f"{one.address} {one.searchable}" for one in opened.catalog.passages(ids)]
    vectors = opened.vectors(ids).tobytes()
    opened.close()
    return found, vectors


@pytest.mark.parametrize(
    ("given", "name", "blocks", "meant"),
    [
        ("1", "some/model", 100, "1"),
        ("3", "builtin", 100, "3"),
        ("3", "builtin", 2, "2"),  # a worker without a block would wait for nothing
        ("3", "builtin", 0, "1"),
        ("auto", "builtin", 10_000, "1"),  # it is done before workers are there
        ("auto", "some/model", 3, "1"),
        ("auto", "some/model", 8, "2"),
        ("auto", "some/model", 10_000, "4"),
        ("ray://head:10001", "builtin", 1, "ray://head:10001"),
        ("ray://head:10001", "builtin", 0, "1"),  # nothing to do, nobody is asked
    ],
)
def test_as_many_workers_as_are_worth_their_start(
    given: str, name: str, blocks: int, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_cores", lambda: 4)
    monkeypatch.setattr(workers, "find_spec", lambda _: object())
    assert workers.wanted(given, name, blocks) == meant
    monkeypatch.setattr(workers, "find_spec", lambda _: None)
    assert workers.wanted("auto", name, blocks) == "1"


def test_a_cluster_gives_a_worker_for_each_gpu_else_for_each_core() -> None:
    head, there = "ray://head:10001", {"CPU": 16.0, "GPU": 2.0}
    assert workers.pool(head, "some/model", there) == (1, 2, 1)
    assert workers.pool(head, "builtin", there) == (1, 16, 0)
    assert workers.pool(head, "some/model", {"CPU": 6.0}) == (1, 6, 0)
    assert workers.pool("3", "some/model", there) == (3, 3, 0)


@pytest.mark.parametrize("good", ["1", "64", "auto", "ray://head:10001", "ray://[::1]:10001"])
def test_a_number_auto_or_an_address_are_workers(good: str) -> None:
    assert Settings(workers=good).workers == good


@pytest.mark.parametrize("bad", ["0", "-1", "2.5", "many", "٣", "http://head:1", "ray://head", ""])
def test_anything_else_is_refused(bad: str) -> None:
    with pytest.raises(UsageError, match=r"workers is .* auto, or ray://host:port"):
        Settings(workers=bad)


@pytest.fixture(scope="module", autouse=True)
def _reaped() -> Iterator[None]:
    """Forget Ray's processes, which it stops and does not wait for."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def builtin() -> Encoder:
    return embedder.load("builtin")


class Failing(HashEncoder):
    """An encoder that is killed after some blocks."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.left = blocks

    def passages(self, texts: Sequence[str], /) -> Matrix:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return super().passages(texts)


def test_a_build_goes_on_where_it_was_killed(folder: Path, long_corpus: Path) -> None:
    build(folder.with_name("other"), long_corpus, whole := HashEncoder(), "hash")
    with pytest.raises(KeyboardInterrupt):
        build(folder, long_corpus, first := Failing(2), "hash")
    assert len(list((folder / "embedded").iterdir())) == 2
    build(folder, long_corpus, second := HashEncoder(), "hash")
    assert len(first.seen) == 2 * BLOCK
    assert first.seen + second.seen == whole.seen
    assert content(folder) == content(folder.with_name("other"))
    assert not (folder / "embedded").exists()


def test_blocks_of_another_encoder_or_other_texts_are_not_used(
    folder: Path, long_corpus: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(folder, long_corpus, Failing(3), "hash")
    build(folder, long_corpus, other := HashEncoder(name="other"), "other")
    build(folder.with_name("other"), long_corpus, whole := HashEncoder(name="other"), "other")
    assert other.seen == whole.seen
    assert content(folder) == content(folder.with_name("other"))
    kept = Blocks(folder, "one", 8)
    assert kept.key([b"a", b"b"]) != kept.key([b"b", b"a"])
    assert kept.key([b"a"]) != Blocks(folder, "two", 8).key([b"a"])


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "foreign"])
def test_a_damaged_block_is_made_again(tmp_path: Path, damage: str) -> None:
    kept = Blocks(tmp_path, "one", 8)
    made = np.arange(24, dtype=np.float32).reshape(3, 8)
    kept.write(key := kept.key([b"a"]), made)
    found = kept.read(key, 3)
    assert found is not None
    assert found.tobytes() == made.tobytes()
    assert kept.read(key, 2) is None
    (path,) = (tmp_path / "embedded").iterdir()
    data = path.read_bytes()
    damaged = {
        "cut": data[:-5],
        "flip": data[:-1] + bytes([data[-1] ^ 1]),
        "empty": b"",
        "foreign": b"not a block",
    }
    path.write_bytes(damaged[damage])
    assert kept.read(key, 3) is None


def test_without_ray_one_line_says_how_to_get_it(
    project: Path, long_corpus: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    done = run("index", "--workers", "2", "--passage-tokens", "60")
    assert done.code == 3
    assert done.err.splitlines() == [
        "rag: --workers needs Ray (pip install 'transcript-rag[ray]', or --workers 1)"
    ]


@needs_ray
def test_a_cluster_that_is_not_there_is_named(project: Path, long_corpus: Path, run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"ray://127.0.0.1:{taken.getsockname()[1]}"
        done = run("index", "--workers", address)
    assert done.code == 3
    (line,) = done.err.splitlines()
    assert line.startswith(f"rag: {address}: Connection refused (start it,")


@needs_ray
def test_two_workers_make_the_bytes_of_one_process_and_no_noise(
    folder: Path, long_corpus: Path, builtin: Encoder, capfd: pytest.CaptureFixture[str]
) -> None:
    build(folder, long_corpus, builtin, "builtin")
    build(folder.with_name("other"), long_corpus, builtin, "builtin", "2")
    assert capfd.readouterr() == ("", "")
    assert content(folder.with_name("other")) == content(folder)
    assert not (folder.with_name("other") / "embedded").exists()
    assert not list(Path(tempfile.gettempdir()).glob(f"rag-ray-{os.getpid()}-*"))


class Moody(HashEncoder):
    """An encoder that fails in a worker, as its name says."""

    def passages(self, texts: Sequence[str], /) -> Matrix:
        if self._name == "raises":
            raise ValueError("no such\nword")
        if self._name == "dies" and any("7" in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().passages(texts)


def moody(name: str) -> Encoder:
    if name == "missing":
        raise NotReady("no encoder at missing", "give a folder")
    return Moody(name="another" if name == "changed" else name)


@pytest.fixture(scope="module")
def two() -> Iterator[None]:
    """Two processes of Ray for several tests: they take seconds to start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", PATHS)
        with cluster.connected("2"):
            yield


SAYS = {
    "missing": "a worker cannot load the encoder: no encoder at missing (give a folder)",
    "changed": "the encoder 'changed' is another one where the workers run (copy it to",
    "raises": "the encoder failed in a worker: ValueError: no such (not expected: try",
    "dies": "a worker was killed, most likely for want of memory (give fewer --workers; the",
}


@needs_ray
@pytest.mark.parametrize("mood", ["missing", "changed", "raises"])
def test_a_worker_without_a_usable_encoder_says_why(mood: str) -> None:
    import pyarrow as pa

    made = workers.Worker(workers.Task(mood, Moody(name=mood).fingerprint, moody, 1, 1, 0))
    done = made(pa.table({"number": [3, 4], "texts": [["one"], ["two"]]})).to_pylist()
    assert [row["number"] for row in done] == [3, 4]
    for row in done:
        assert str(NotReady(*row["problem"].split("\n", 1))).startswith(SAYS[mood])


@needs_ray
@pytest.mark.parametrize("mood", ["raises", "dies"])
def test_a_worker_that_fails_says_why_in_one_line(two: None, mood: str) -> None:
    with pytest.raises(NotReady) as failed:
        list(workers.spread(range(9), lambda n: [f"text {n}"], mood, Moody(name=mood), "2", moody))
    assert str(failed.value).startswith(SAYS[mood])
    assert "\n" not in str(failed.value)


@needs_ray
def test_a_transformer_makes_the_same_bytes_in_any_worker(two: None, tmp_path: Path) -> None:
    name = str(tiny_transformer(tmp_path / "tiny"))
    encoder = embedder.load(name)
    blocks = [[f"{' '.join(WORDS[: 1 + (n * at) % 9])}" for at in range(9)] for n in range(6)]
    made = dict(workers.spread(range(6), blocks.__getitem__, name, encoder, "2"))
    for number, texts in enumerate(blocks):
        assert made[number].tobytes() == encoder.passages(texts).tobytes()


def tiny_transformer(folder: Path) -> Path:
    """A BERT of one layer with random weights: what it says means nothing, padding matters."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]"]
    tokenizer = Tokenizer(
        models.WordLevel({word: at for at, word in enumerate([*special, *WORDS])}, "[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # untyped there
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
    )
    config = BertConfig(
        vocab_size=len(WORDS) + 2, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    bert = folder / "bert"
    fast.save_pretrained(bert)
    BertModel(config).save_pretrained(bert)
    layer = Transformer(str(bert))
    whole = SentenceTransformer(modules=[layer, Pooling(16)], device="cpu")
    whole.save(str(folder / "whole"))
    return folder / "whole"


SERVER = """
import sys
import ray
from ray.util.client.server.server import init_and_serve
served = init_and_serve("127.0.0.1", int(sys.argv[1]), "local", num_cpus=2, include_dashboard=False,
                        _temp_dir=sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
served.grpc_server.stop(0)
ray.shutdown()
"""


@pytest.fixture
def head() -> Iterator[tuple[str, dict[str, str]]]:
    """A cluster that somebody else started, with a token: its address, and what opens it."""
    folder = tempfile.mkdtemp(prefix="head-")  # short: sockets are in it
    key = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(port), folder],
        env={**os.environ, **key, **quiet},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as started:
        assert started.stdout is not None
        assert any(line == b"ready\n" for line in iter(started.stdout.readline, b""))
        yield f"ray://127.0.0.1:{port}", key
        started.communicate()
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@needs_ray
def test_a_cluster_makes_the_same_bytes(
    head: tuple[str, dict[str, str]], folder: Path, long_corpus: Path, builtin: Encoder
) -> None:
    address, key = head
    script = (
        "import sys; from pathlib import Path; from test_workers import BLOCK, build, embedding;"
        "from rag import embedder; embedding._AT_ONCE = BLOCK; at = Path(sys.argv[1]);"
        "build(at, Path(sys.argv[2]), embedder.load('builtin'), 'builtin', sys.argv[3])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, folder.with_name("other"), long_corpus, address],
        env={**os.environ, **key, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    build(folder, long_corpus, builtin, "builtin")
    assert content(folder.with_name("other")) == content(folder)
