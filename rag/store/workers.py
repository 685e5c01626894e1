"""Bulk embedding by Ray Data: a pool of workers, each with the encoder loaded once.

The unit of work is a block of texts, which goes through the encoder whole, so that a vector does
not depend on which worker made it, or on how many there are. Without an address the workers are
processes of this machine that only this machine can reach; `ray://host:port` is a cluster that
somebody else runs (`docs/decisions/workers.md`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import embedder
from rag.errors import NotReady, RagError
from rag.store.cluster import CLUSTER, check_installed, connected

if TYPE_CHECKING:
    import pyarrow

    from rag.types import Encoder, Matrix

AUTO = "auto"
WORTH = 4
"""Blocks for each worker from which on `auto` starts any: workers with a core each do about 15 %
more a second than one process with all cores, and take some ten seconds to get ready."""


def wanted(workers: str, name: str, blocks: int) -> str:
    """Return how many blocks of the encoder `name` are to be embedded at once, or by which cluster.

    `1` is this process. `auto` starts workers where that saves time: for an encoder that is not the
    built-in one, a machine with several cores, enough blocks, and Ray installed.
    """
    if workers.startswith(CLUSTER):
        return workers if blocks else "1"
    if workers != AUTO:
        return str(min(int(workers), max(blocks, 1)))
    if name == embedder.BUILTIN or find_spec("ray") is None:
        return "1"
    return str(max(1, min(_cores(), blocks // WORTH)))


def spread(
    numbers: Sequence[int],
    texts: Callable[[int], list[str]],
    name: str,
    encoder: Encoder,
    workers: str,
    load: Callable[[str], Encoder] = embedder.load,
) -> Iterator[tuple[int, Matrix]]:
    """Yield the numbers of blocks with their vectors, shape (n, dimension), as they are finished.

    `texts` gives those of a block, `name` is what the workers load, which has to be as `encoder`.

    Raises:
        NotReady: when Ray is not installed, the cluster cannot be reached, or a worker fails.
    """
    import numpy as np

    check_installed()
    with connected(workers):
        import pyarrow as pa
        import ray

        rows = [
            ray.put(pa.table({"number": [number], "texts": [texts(number)]})) for number in numbers
        ]
        shape = pool(workers, name, ray.cluster_resources())
        task = Task(_absolute(name), encoder.fingerprint, load, *shape)
        for number, data, problem in _finished(rows, task, workers):
            if problem:
                raise NotReady(*problem.split("\n", 1))
            flat = np.frombuffer(data, dtype="<f4").astype(np.float32, copy=False)
            yield number, flat.reshape(-1, encoder.dimension)


@dataclass(frozen=True, slots=True)
class Task:
    """What the workers load, how many there are at least and at most, how many GPUs each has."""

    name: str
    fingerprint: str
    load: Callable[[str], Encoder]
    least: int
    most: int
    gpus: int


class Worker:
    """One worker; Ray makes it in a process of its own."""

    def __init__(self, task: Task) -> None:
        self._encoder: Encoder | None = None
        self._problem = ""
        try:
            self._encoder = task.load(task.name)
        except RagError as error:
            self._problem = f"a worker cannot load the encoder: {error.message}\n{error.hint}"
        else:
            if self._encoder.fingerprint != task.fingerprint:
                self._problem = (
                    f"the encoder {task.name!r} is another one where the workers run\n"
                    "copy it to the same place on every machine"
                )

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        """Embed blocks, one a row; where that fails, the row says why."""
        import pyarrow as pa

        done = [self._embedded(texts) for texts in table["texts"].to_pylist()]
        return pa.table(
            {
                "number": table["number"],
                "vectors": pa.array([data for data, _ in done], pa.binary()),
                "problem": [problem for _, problem in done],
            }
        )

    def _embedded(self, texts: list[str]) -> tuple[bytes, str]:
        if self._encoder is None or self._problem:
            return b"", self._problem
        try:
            return self._encoder.passages(texts).astype("<f4", copy=False).tobytes(), ""
        except Exception as error:  # whatever a model fails with
            reason = str(error).strip().split("\n")[0]
            what = f"the encoder failed in a worker: {type(error).__name__}: {reason}"
            return b"", f"{what}\nnot expected: try --workers 1"


class Run:
    """A pass of Ray Data over blocks, asked for one at a time; on a cluster it runs there.

    Ray Data cannot be driven from outside of a cluster.
    """

    def __init__(self, rows: list[Any], task: Task) -> None:
        import logging
        import warnings

        import ray.data

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        blocks = ray.data.from_arrow_refs(rows)
        with warnings.catch_warnings():
            # Arguments for Ray's core are to go in 2.64; there is no other way yet to say this.
            warnings.simplefilter("ignore")
            done = blocks.map_batches(
                Worker,
                fn_constructor_args=(task,),
                batch_size=1,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(min_size=task.least, max_size=task.most),
                num_cpus=1,
                num_gpus=task.gpus,
                # A worker that was killed for memory would be killed again, for ever.
                max_restarts=0,
                max_task_retries=0,
            )
        self._tables = iter(done.iter_batches(batch_size=1, batch_format="pyarrow"))

    def next(self) -> tuple[int, bytes, str] | None:
        """Return a block's number, its vectors as bytes, and what went wrong; None at the end."""
        table = next(self._tables, None)
        if table is None:
            return None
        number, data, problem = (table[name][0].as_py() for name in table.column_names)
        return number, data, problem


def _finished(rows: list[Any], task: Task, workers: str) -> Iterator[tuple[int, bytes, str]]:
    """Yield what the workers did; their processes may be killed at any time."""
    import ray

    try:
        if workers.startswith(CLUSTER):
            run = ray.remote(num_cpus=0)(Run).remote(rows, task)
            while (found := ray.get(run.next.remote())) is not None:
                yield found
        else:
            here = Run(rows, task)
            while (found := here.next()) is not None:
                yield found
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise _failed(str(error)) from error


def _failed(what: str) -> NotReady:
    again = "the same command goes on with what is done"
    if "No module named" in what:
        missing = what.partition("No module named")[2].partition("\n")[0].strip()
        return NotReady(f"a worker lacks {missing}", "install transcript-rag on every machine")
    if "memory" in what or "SIGKILL" in what or "died" in what:
        return NotReady(
            "a worker was killed, most likely for want of memory", f"give fewer --workers; {again}"
        )
    return NotReady(f"Ray failed: {what.strip().split(chr(10))[-1]}", again)


def pool(workers: str, name: str, there: Mapping[str, float]) -> tuple[int, int, int]:
    """Return how many workers there are at least and at most, and the GPUs of each.

    A cluster, of which `there` are the resources, gives one for each GPU it has, else each core.
    """
    if not workers.startswith(CLUSTER):
        return int(workers), int(workers), 0
    gpus = 0 if name == embedder.BUILTIN else int(there.get("GPU", 0))
    return 1, max(1, gpus or int(there.get("CPU", 1))), min(gpus, 1)


def _absolute(name: str) -> str:
    """Return a folder's whole path: workers may stand elsewhere."""
    path = Path(name).expanduser()
    return str(path.absolute()) if name != embedder.BUILTIN and path.is_dir() else name


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
