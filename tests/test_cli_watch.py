"""`rag index --watch` follows its folders, and whoever reads the index meanwhile is not hurt."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from samples import ROOT, WOOD

from rag import Rag, Settings, pipeline
from rag.errors import RagError
from rag.pipeline.watching import follow
from rag.store import Report
from rag.store.watching import state


class Stopped(Exception):
    """The test has seen enough."""


def followed(
    project: Path, steps: list[Callable[[], object]], index: str = "default"
) -> list[Report | RagError]:
    """Follow the corpus while one step after the other is done, each followed by two looks."""
    told: list[Report | RagError] = []
    # After the first build it looks twice before it compares, and so after every step.
    plan = iter([None, None, *(one for step in steps for one in (step, None, None))])

    def wait(seconds: float) -> None:
        assert seconds >= 1
        try:
            step = next(plan)
        except StopIteration:
            raise Stopped from None
        if step is not None:
            step()

    with pytest.raises(Stopped):
        follow([project / "corpus"], Settings(index=index), told.append, wait=wait)
    return told


def work(report: Report | RagError) -> tuple[int, int, int]:
    assert isinstance(report, Report)
    return report.transcripts, report.embedded, report.removed


def test_every_change_is_followed_and_readers_go_on(project: Path) -> None:
    corpus = project / "corpus"
    answers: list[str] = []
    readers: list[Rag] = []

    def ask() -> None:
        readers.append(Rag.open("default"))
        answers.extend(str(rag.search(WOOD, 1)[0].passage.address) for rag in readers)

    told = followed(
        project,
        [
            ask,
            lambda: (corpus / "new.txt").write_text("Ann: Any news?\n\nBob: None at all today.\n"),
            ask,
            (corpus / "tea.md").unlink,
            ask,
            lambda: (corpus / "violin.txt").rename(corpus / "luthier.txt"),
            ask,
        ],
    )
    assert [work(report) for report in told] == [(2, 6, 0), (3, 1, 0), (2, 0, 1), (2, 0, 1)]
    assert answers[:-1] == ["violin:3-4"] * 9
    assert answers[-1] == "luthier:3-4"


def test_what_goes_wrong_is_said_once_and_watching_goes_on(project: Path) -> None:
    corpus = project / "corpus"
    kept = {path.name: path.read_text() for path in corpus.iterdir()}

    def empty() -> None:
        for path in corpus.iterdir():
            path.unlink()

    def fill() -> None:
        for name, text in kept.items():
            (corpus / name).write_text(text)

    told = followed(project, [empty, lambda: None, lambda: None, fill])
    assert [isinstance(what, RagError) for what in told] == [False, True]
    assert "no transcripts" in str(told[1])
    assert Rag.open("default").search(WOOD, 1)


def test_a_look_sees_files_come_go_grow_and_move(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "one.md"
    seen = [state([tmp_path], tmp_path / "index")]
    for act in (
        lambda: path.write_text("Ann: One?\n"),
        lambda: path.write_text("Ann: One, two?\n"),
        lambda: path.rename(tmp_path / "two.md"),
        lambda: (tmp_path / "speakers.toml").write_text('Ann = "Anne"\n'),
        (tmp_path / "two.md").unlink,
    ):
        act()
        seen.append(state([tmp_path], tmp_path / "index"))
    assert len(set(seen)) == len(seen)


def test_a_look_leaves_out_the_index_and_what_is_never_indexed(tmp_path: Path) -> None:
    before = state([tmp_path], tmp_path / "index")
    for name in ("index/gen-000001/notes.json", ".git/one.md", "picture.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    assert state([tmp_path], tmp_path / "index") == before


@contextmanager
def watching(project: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "rag", "index", "corpus", "--watch", *arguments],
        cwd=project, env={"PYTHONPATH": str(ROOT), "PATH": ""}, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_the_command_says_one_line_an_update_and_ends_on_ctrl_c(project: Path) -> None:
    with watching(project) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("default: 2 transcripts")
        (project / "corpus" / "new.txt").write_text("Ann: Any news?\n\nBob: None today.\n")
        line = process.stderr.readline()
        assert line.startswith("default: 3 transcripts")
        assert "(1 embedded, 6 reused)" in line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "", "rag: not watching any more\n")
    assert len(list((project / "index" / "default").glob("building-*"))) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_json_is_one_object_an_update_on_stdout(project: Path) -> None:
    with watching(project, "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["passages"] == 6
        process.send_signal(signal.SIGINT)
        process.communicate()


def test_a_first_build_that_fails_ends_it(project: Path) -> None:
    with pytest.raises(RagError, match="nowhere"):
        follow([project / "nowhere"], pipeline.configured(), lambda _: None)
