"""Ray, connected to: processes of our own on this machine, or a cluster that somebody else runs."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from rag.errors import NotReady

CLUSTER = "ray://"

_PATIENCE = 5.0  # seconds to wait for a cluster
_STORE = 512 << 20  # bytes of shared memory for texts and vectors on their way; more goes to disk
_PREFIX = "rag-ray-"
# Ray reads these when it is imported and started: nothing is reported, GPUs are left to those who
# look for them, and processes of our own listen on the loopback address only, on every system.
_QUIET: dict[str, str | None] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
# They talk to nobody without this token, which is in no file: Ray would keep its own in the home.
_OURS = {"RAY_AUTH_MODE": None, "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def check_installed() -> None:
    """Complain where Ray is not installed.

    Raises:
        NotReady: always, then.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise NotReady("--workers needs Ray", "pip install 'transcript-rag[ray]', or --workers 1")


@contextmanager
def connected(workers: str) -> Iterator[None]:
    """Connect Ray to a cluster, or to this many processes of our own, which end with the block.

    Raises:
        NotReady: when the cluster cannot be reached.
    """
    remote = workers.startswith(CLUSTER)
    with _environment(_QUIET if remote else {**_QUIET, **_OURS}):
        import ray

        if ray.is_initialized():  # by the program that calls us: its own affair
            yield
            return
        try:
            with _cluster(workers) if remote else _own(int(workers)):
                yield
        finally:
            ray.shutdown()


@contextmanager
def _cluster(address: str) -> Iterator[None]:
    import logging
    import warnings

    import ray

    host, _, port = address.removeprefix(CLUSTER).rpartition(":")
    hint = "start it, correct the address, set its token as Ray wants it, or give --workers auto"
    try:
        # Ray itself would try for half a minute.
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it raises the same
            ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL)
    except OSError as error:
        reason = error.strerror or str(error) or "no answer"
        raise NotReady(f"{address}: {reason}", hint) from error
    except Exception as error:  # grpc's, Ray's, or one for a version that differs
        reason = str(error).strip().split("\n")[0]
        raise NotReady(f"{address}: {reason}", hint) from error
    yield


@contextmanager
def _own(workers: int) -> Iterator[None]:
    """Start processes of our own, whose files are gone afterwards: texts may be among them."""
    import logging

    import ray

    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    try:
        try:
            ray.init(
                "local",
                num_cpus=workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                object_store_memory=_STORE,
                _temp_dir=str(folder),
            )
        except Exception as error:  # no memory, no ports, no space
            reason = str(error).strip().split("\n")[0]
            raise NotReady(f"Ray cannot start: {reason}", "try --workers 1") from error
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove what a process left that was killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = path.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists() and Path("/proc").exists():
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables, or remove those that are None, for as long as the block runs."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
