"""README tells the truth: its commands are run and their output compared with what it shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from samples import ROOT

import rag
from rag import errors
from rag.cli import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
_DEFAULT_QUESTION = re.compile(r"^Q \?= (.*)$", re.M)


def examples() -> Iterator[tuple[str, str]]:
    """Yield the commands that can be run here, each with the output shown below it."""
    for block in _BLOCK.findall(README):
        for command, shown in re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
            if command.startswith(("rag ", "make ask")):
                yield command, shown


def runnable(command: str) -> str:
    """Return what stands behind `make ask`; a command of ours is run as it is."""
    if not command.startswith("make ask"):
        return command
    given = [word[2:] for word in shlex.split(command) if word.startswith("Q=")]
    default = _DEFAULT_QUESTION.search((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert given or default
    question = given[0] if given else default[1] if default else ""
    return f"rag ask {shlex.quote(question)}"


def matches(shown: str, printed: str) -> bool:
    """Compare output with what README shows of it, where `…` stands for anything."""
    pattern = re.escape(shown.strip()).replace("…", ".*?")
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a fresh clone: the sample corpus, an empty `index/`, and the command `rag`."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    (folder / "index").mkdir()
    command = folder / "bin" / "rag"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rag "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize(("command", "shown"), list(examples()))
def test_a_command_prints_what_readme_shows(checkout: Path, command: str, shown: str) -> None:
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    shell = {"cwd": checkout, "env": {**os.environ, "PATH": path}, "timeout": 60}
    if not (checkout / "index" / "default").exists() and not command.startswith("rag index"):
        subprocess.run(["rag", "index"], check=True, capture_output=True, **shell)  # type: ignore[call-overload]  # one set of options for both calls
    ran = subprocess.run(
        ["bash", "-c", runnable(command)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        **shell,  # type: ignore[call-overload]
    )
    assert matches(shown, ran.stdout), f"{command} printed:\n{ran.stdout}{ran.stderr}"


def test_an_ellipsis_stands_for_anything_and_nothing_else_does() -> None:
    assert matches("one … three", "one two\nand three\n")
    assert not matches("one (two)", "one two")


def test_every_command_is_in_readme() -> None:
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        assert re.search(rf"rag {name}\b", README), f"rag {name} is not in README"


def test_every_exit_code_is_in_readme() -> None:
    found = re.search(r"\| exit code \|.*?(?=^#|\Z)", README, re.I | re.S | re.M)
    assert found is not None, "README has no word about exit codes"
    kinds = (errors.UsageError, errors.NotReady, errors.ModelFailed)
    for code in (0, 1, *(kind.exit_code for kind in kinds), 130):
        assert re.search(rf"(?<!\d){code}(?!\d)", found[0]), f"exit code {code} is not in README"


def test_the_version_heads_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", changelog, re.M)
    first = next(heading for heading in headings if "unreleased" not in heading.lower())
    assert rag.__version__ in first
