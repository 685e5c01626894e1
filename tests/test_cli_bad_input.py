"""Bad input: one line that says what, where and what to do; nothing lost, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from samples import (
    NOT_THERE,
    OPENING,
    TEA,
    VIOLIN,
    WOOD,
    Run,
    is_one_line,
    process,
    without_privileges,
)

from rag import store

ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"", "no text in it"),
        ("blank.md", b" \n\n\t\n", "no text in it"),
        ("binary.txt", bytes(range(256)) * 16, "not a text file"),
        ("picture.md", b"\x89PNG\r\n\x1a\n" + bytes(4000), "not a text file"),
    ],
)
def test_a_file_without_text_is_named_and_the_others_indexed(
    project: Path, run: Run, name: str, data: bytes, reason: str
) -> None:
    (project / "corpus" / name).write_bytes(data)
    result = run("index")
    assert result.code == 1
    assert is_one_line(result.err)
    assert name in result.err
    assert reason in result.err
    assert result.out.startswith("default: 2 transcripts")
    assert run("ask", OPENING).code == 0
    alone = run("index", f"corpus/{name}", "-i", "alone")
    assert alone.code == 2
    assert is_one_line(alone.err)
    shown = run("show", f"corpus/{name}")
    assert shown.code == 2
    assert is_one_line(shown.err)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-8-sig"])
def test_files_in_other_encodings_are_read(project: Path, run: Run, encoding: str) -> None:
    (project / "corpus" / "tea.md").write_bytes(TEA.encode(encoding))
    result = run("index")
    assert (result.code, result.err) == (0, "")
    answer = json.loads(run("ask", OPENING, "--json").out)
    assert answer["citations"][0]["speaker"] == "王秀兰"
    assert "五点开门" in answer["citations"][0]["quote"]


def test_a_folder_without_transcripts_is_named(project: Path, run: Run) -> None:
    (project / "photos").mkdir()
    (project / "photos" / "cat.jpg").write_bytes(b"\xff\xd8")
    result = run("index", "photos")
    assert result.code == 2
    assert is_one_line(result.err)
    assert "photos: no transcripts in it" in result.err
    assert not (project / "index" / "default").exists()


def test_an_unreadable_file_among_good_ones_is_named_and_the_others_indexed(project: Path) -> None:
    secret = project / "corpus" / "secret.txt"
    secret.write_text(VIOLIN)
    secret.chmod(0)
    before = without_privileges()
    result = process("index", before=before)
    assert result.code == 1
    assert is_one_line(result.err)
    assert "corpus/secret.txt: Permission denied" in result.err
    assert result.out.startswith("default: 2 transcripts")


def test_files_of_a_folder_that_was_closed_stay_in_the_index(project: Path) -> None:
    before = without_privileges()
    closed = project / "corpus" / "closed"
    closed.mkdir()
    (project / "corpus" / "violin.txt").rename(closed / "violin.txt")
    assert process("index").code == 0
    closed.chmod(0)
    try:
        result = process("index", before=before)
        assert result.code == 1
        assert is_one_line(result.err)
        assert "corpus/closed/violin.txt: Permission denied" in result.err
        assert "violin:3-4" in process("search", WOOD).out
    finally:
        closed.chmod(0o755)


def test_show_of_a_folder_and_of_nothing_says_so(indexed: Path, run: Run) -> None:
    for what, reason in (
        ("corpus", "is a folder"),
        ("nowhere.txt", "no such file, and not an address"),
        ("violin:99", "nothing stands at violin:99"),
        ("nobody:1", "no transcript 'nobody'"),
    ):
        result = run("show", what)
        assert result.code == 2
        assert is_one_line(result.err)
        assert reason in result.err


def test_ctrl_c_while_indexing_leaves_the_index_as_it_was(indexed: Path) -> None:
    before = store.current(indexed / "index" / "default")
    many = "\n\n".join(f"Ann: Question {n}?\n\nBob: {'word ' * 50}{n}." for n in range(20_000))
    (indexed / "corpus" / "long.txt").write_text(many)
    # Shells start background jobs with SIGINT ignored, and so may whoever runs the tests.
    heeding = (
        "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " sys.argv = ['rag', 'index']; runpy.run_module('rag', run_name='__main__')"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", heeding], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    folder = indexed / "index" / "default"
    while not list(folder.glob("building-*")) and child.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, b"")
    assert err.decode() == "rag: interrupted\n"
    assert store.current(folder) == before
    assert not list(folder.glob("building-*"))
    assert process("ask", OPENING).code == 0


def test_a_reader_that_has_seen_enough_ends_it_silently(indexed: Path) -> None:
    (indexed / "long.txt").write_text(VIOLIN * 400)
    for command in ("show long.txt", "show corpus/violin.txt", "speakers"):
        ran = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m rag {command} | head -c 1"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert (len(ran.stdout), ran.stderr) == (1, b"")


def test_a_traceback_is_shown_when_asked_for_and_not_otherwise(project: Path, run: Run) -> None:
    for command in (["ask", WOOD], ["index", "nowhere"], ["show", "nowhere"]):
        assert is_one_line(run(*command).err)
        verbose = run(*command, "-v")
        assert "Traceback (most recent call last)" in verbose.err
        assert verbose.err.splitlines()[-1].startswith("rag: ")


def test_what_nobody_thought_of_is_one_line_as_well(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug\nin two lines")

    monkeypatch.setattr("rag.pipeline.Rag.stream", broken)
    result = run("ask", OPENING)
    assert result.code == 3
    assert is_one_line(result.err)
    assert "ZeroDivisionError: a bug in two lines" in result.err

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/some/file")

    monkeypatch.setattr("rag.store.recording.write", full)
    (indexed / "corpus" / "tea.md").unlink()
    result = run("index")
    assert result.code == 3
    assert is_one_line(result.err)
    assert "/some/file: No space left on device" in result.err
    assert not list((indexed / "index" / "default").glob("building-*"))


def test_what_steers_a_terminal_does_not_reach_it(project: Path, run: Run) -> None:
    (project / "corpus" / "tea.md").write_text(
        TEA.replace("五点", f"{ESCAPES}五点").replace("title: ", f"title: {ESCAPES}"),
        encoding="utf-8",
    )
    (project / "corpus" / f"bad{ESCAPES}.txt").write_bytes(b"")
    indexed = run("index")
    assert indexed.code == 1
    shown = [
        indexed,
        run("ask", OPENING),
        run("ask", OPENING, "-v"),
        run("ask", OPENING, "--json"),
        run("ask", f"{OPENING} {NOT_THERE} {NOT_THERE}"),
        run("search", OPENING),
        run("search", OPENING, "--json"),
        run("show", "tea:2"),
        run("show", "tea:2", "--json"),
        run("show", "corpus/tea.md"),
        run("speakers"),
        run("speakers", "--json"),
        run("show", f"{ESCAPES}:1"),
        run("chat", input=f"{OPENING}\n/sources\n/show tea:2\n/show {ESCAPES}\n/{ESCAPES}\n"),
    ]
    assert "五点" in "".join(result.out for result in shown)
    for result in shown:
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(result.out + result.err)


def test_output_is_utf8_whatever_the_terminal_says(indexed: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1", "LC_ALL": "C", "PYTHONUTF8": "0"}
    ran = process("ask", "-", env=environment, input=OPENING.encode())
    assert ran.code == 0
    assert ran.out.startswith("王秀兰：「")


def test_streams_that_are_closed_are_no_reason_to_fail(indexed: Path) -> None:
    for command, code in (("ask - <&-", 2), (f"search '{WOOD}' >&-", 0), ("chat <&-", 0)):
        ran = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m rag {command}"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode == code
        assert b"Traceback" not in ran.stderr
