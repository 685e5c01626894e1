"""Copying an index to a server and asking it there, as a user does (here: Milvus Lite)."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from copied import needs_lite
from samples import OPENING, WOOD, Run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:milvus_lite.*")


@pytest.fixture
def copied(indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with its index copied to `copy.db`; what is on disk is gone from there."""
    needs_lite()
    done = run("index", "--copy-to", "copy.db")
    assert (done.code, done.err) == (0, "")
    assert "2 transcripts, 6 passages (2 transcripts sent, 0 kept)" in done.out
    (indexed / "index").rename(indexed / "put-away")
    monkeypatch.setenv("RAG_STORE", "copy.db")
    return indexed


def test_every_command_that_asks_asks_the_store(copied: Path, run: Run) -> None:
    asked = run("ask", WOOD)
    assert asked.code == 0
    assert "The bridge is always maple" in asked.out
    found = json.loads(run("search", OPENING, "--json").out)
    assert found["hits"][0]["address"] == "tea:1-2"
    assert run("quote", "the bridge is always maple", "--speaker", "Marta Lindqvist").code == 0
    assert "cut in winter" in run("show", "violin:4").out
    assert "Marta Lindqvist" in run("speakers").out
    talk = run("chat", input=f"{WOOD}\nAnd when is it cut?\n")
    assert "maple" in talk.out
    looked = run("doctor")
    assert "2 transcripts, 6 passages of 256 dimensions" in looked.out
    assert "a copy: as new as the last rag index --copy-to" in looked.out
    assert looked.code == 0


def test_an_index_in_a_store_is_evaluated_there(copied: Path, run: Run) -> None:
    (copied / "cases.jsonl").write_text(
        json.dumps({"id": "1", "question": WOOD, "relevant": ["violin:3-4"]}) + "\n"
    )
    result = json.loads(run("eval", "cases.jsonl", "--json").out)
    assert result
    assert run("eval", "--self").code == 0


def test_an_address_may_stand_in_the_settings_of_a_project(
    copied: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAG_STORE")
    assert run("ask", WOOD).code == 3
    (copied / "rag.toml").write_text('store = "copy.db"\n')
    assert run("ask", WOOD).code == 0


def test_whoever_builds_and_asks_a_store_is_told_to_copy(
    indexed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_STORE", "http://127.0.0.1:1")
    (indexed / "corpus" / "new.txt").write_text("Ann: Is it new?\n\nBob: It is.\n")
    built = run("index")
    assert built.code == 0
    assert "is asked, and unchanged: rag index --copy-to http://127.0.0.1:1" in built.err


def test_a_second_copy_says_that_nothing_changed(indexed: Path, run: Run) -> None:
    needs_lite()
    run("index", "--copy-to", "copy.db")
    again = json.loads(run("index", "--copy-to", "copy.db", "--json").out)
    assert (again["sent"], again["kept"], again["changed"]) == (0, 2, False)
    assert "up to date" in run("index", "--copy-to", "copy.db").out


def test_errors_are_one_line_and_name_the_next_step(
    copied: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    cases = [
        (["ask", "x", "--store", nobody], 3, "cannot be reached"),
        (["ask", "x", "-i", "other"], 3, "no index 'other' there (copy one: rag index -i other"),
        (["ask", "x", "--store", "nowhere/copy.db"], 2, "nowhere: no such folder"),
        (["ask", "x", "--store", "milvus"], 2, "is not the address of a store"),
        (["index", "--copy-to", "copy.db"], 3, "no index at"),
        (["index", "corpus", "--copy-to", "copy.db"], 2, "copies an index as it is"),
    ]
    for arguments, code, words in cases:
        failed = run(*arguments)
        assert (failed.code, failed.out) == (code, "")
        assert failed.err.count("\n") == 1
        assert words in failed.err
    looked = run("doctor", "--store", nobody)
    assert looked.code == 3
    assert looked.out.count("cannot be reached") == 2


def test_a_file_that_another_process_has_open_is_said_to_be(copied: Path, run: Run) -> None:
    holds = "import sys; from rag.store.milvus.reading import MilvusStore as M\n"
    holds += "s = M.open('copy.db', 'default'); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        failed = run("ask", WOOD)
        other.communicate("")
    assert failed.code == 3
    assert "cannot be opened (another process has it open, or it is damaged)" in failed.err
    assert failed.err.count("\n") == 1
