"""What all tests share: no network, no trace in the home folder, a small project to ask."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import build
from samples import ROOT, TEA, VIOLIN, Result, Run
from scripted import KEY, Scripted


@pytest.fixture(autouse=True)
def _sealed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let sockets reach only this machine, and settings come only from the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"tests have no network, asked for {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    for name in list(os.environ):
        if name.startswith(("RAG_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with a Chinese and an English interview."""
    folder = tmp_path / "project" / "corpus"
    folder.mkdir(parents=True)
    (folder / "tea.md").write_text(TEA, encoding="utf-8")
    (folder / "violin.txt").write_text(VIOLIN, encoding="utf-8")
    return folder


@pytest.fixture
def folder(corpus: Path) -> Path:
    """Where the index of the project is built."""
    return corpus.parent / "index" / "default"


@pytest.fixture
def built(folder: Path, corpus: Path) -> Path:
    """The index of `corpus`, built."""
    build(folder, corpus)
    return folder


@pytest.fixture
def project(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder around `corpus`, in which we stand."""
    folder = corpus.parent
    (folder / "rag.toml").touch()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `rag …` inside this process, which is fast; `input` is what is piped in."""
    from rag.cli import main

    def command(*arguments: object, input: bytes | str = b"") -> Result:
        data = input.encode() if isinstance(input, str) else input
        monkeypatch.setattr(sys, "argv", ["rag", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Result(code if isinstance(code, int) else 0, captured.out, captured.err)

    return command


@pytest.fixture
def llm_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    """A language model that says what the test tells it to, found by whoever looks for one."""
    with Scripted() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


@pytest.fixture
def indexed(project: Path, run: Run) -> Path:
    """The project with its index built by the command."""
    assert run("index").code == 0
    return project
