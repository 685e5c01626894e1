"""Where an index may be, who may read and write it, and the edges of a search."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEncoder, best, build

from rag import store
from rag.errors import NotReady
from rag.store import Store

BRIDGE = "the bridge is always maple"


def test_an_index_names_the_same_files_from_wherever_it_is_updated(
    built: Path, corpus: Path, tmp_path: Path
) -> None:
    (corpus / "tea.md").unlink()
    store.build(
        built, [], HashEncoder(), encoder_name="fake", passage_tokens=400,
        base=tmp_path / "elsewhere", version="test",
    )  # fmt: skip
    opened = Store.open(built)
    assert opened.manifest.roots == ("corpus",)
    assert [item.path for item in opened.catalog.transcripts()] == ["corpus/violin.txt"]


def test_an_index_may_be_in_a_folder_of_any_name(corpus: Path, tmp_path: Path) -> None:
    place = tmp_path / "访谈 ?#% é" / "index" / "默认"
    build(place, corpus)
    assert best(Store.open(place), BRIDGE) == "violin:3-4"
    assert build(place, corpus).changed is False


def test_an_index_that_is_called_index_names_the_same_files_again(
    corpus: Path, tmp_path: Path
) -> None:
    place = tmp_path / "alone" / "index"
    sources = tmp_path / "alone" / "talks"
    sources.mkdir(parents=True)
    for path in corpus.iterdir():
        (sources / path.name).write_bytes(path.read_bytes())
    first = store.build(
        place, [sources], HashEncoder(), encoder_name="fake", passage_tokens=400,
        base=tmp_path / "elsewhere", version="test",
    )  # fmt: skip
    (sources / "new.md").write_text("Ann: What is it?\n\nBob: A lighthouse.\n")
    again = store.build(
        place, [sources], HashEncoder(), encoder_name="fake", passage_tokens=400,
        base=tmp_path / "elsewhere", version="test",
    )  # fmt: skip
    assert (again.removed, again.transcripts) == (0, first.transcripts + 1)
    assert (again.embedded, again.reused) == (1, first.passages)


def test_an_index_is_readable_for_whoever_may_enter_its_folder(built: Path) -> None:
    generation = store.current(built)
    expected = generation.stat().st_mode & 0o666
    assert {path.stat().st_mode & 0o777 for path in generation.rglob("*") if path.is_file()} == {
        expected
    }


def test_reading_changes_no_file_of_a_generation(built: Path) -> None:
    generation = store.current(built)

    def contents() -> dict[str, bytes]:
        return {
            str(path): path.read_bytes()
            for path in generation.rglob("*")
            if path.is_file() and path.suffix != ".lock"
        }

    before = contents()
    best(Store.open(built), BRIDGE)
    assert contents() == before
    store.verify(built, generation, store.read_manifest(built, generation), thorough=True)


def test_another_process_that_writes_is_waited_for_by_nobody(built: Path, corpus: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys, filelock; l = filelock.FileLock(sys.argv[1]); l.acquire(); print(flush=True);"
         " sys.stdin.read()", built / ".lock"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(NotReady, match="being written by another process"):
            build(built, corpus)
        assert best(Store.open(built), BRIDGE) == "violin:3-4"
    finally:
        holder.communicate(b"")
    assert build(built, corpus).changed is False


# --- filters and edges of a search


def test_filters_name_passages_by_speaker_and_transcript(built: Path) -> None:
    catalog = Store.open(built).catalog
    tea = catalog.ids_where([], ["tea"])
    assert {passage.transcript for passage in catalog.passages(tea)} == {"tea"}
    assert catalog.ids_where(["王秀兰"], []) == tea
    assert catalog.ids_where(["王秀兰"], ["violin"]) == []
    assert catalog.ids_where(["nobody"], []) == []


def test_nearest_gives_what_there_is_when_more_is_asked_for(built: Path) -> None:
    opened = Store.open(built)
    question = HashEncoder().question(BRIDGE)
    everything = opened.nearest(question, 1000)
    assert sorted(id_ for id_, _ in everything) == list(range(6))
    scores = [score for _, score in everything]
    assert scores == sorted(scores, reverse=True)
    assert [id_ for id_, _ in opened.nearest(question, 1000, [1, 2])] in ([1, 2], [2, 1])
    assert opened.nearest(question, 10, []) == []


def test_an_index_without_passages_finds_nothing(tmp_path: Path) -> None:
    from rag.lexical import Lexical
    from rag.lexical import build as build_lexical
    from rag.store import catalog, recording
    from rag.store.generation import Manifest
    from rag.store.vectors import Vectors, read_vectors, write_vectors

    recording.write(tmp_path / "p", [], [])
    write_vectors(tmp_path, np.zeros((0, 64), dtype=np.float32))
    build_lexical(tmp_path / "l", [])
    manifest = Manifest("fake", "fake", 64, 400, (), "test", "")
    opened = Store(
        manifest,
        catalog.Catalog.open(tmp_path / "p"),
        Lexical.open(tmp_path / "l"),
        Vectors([read_vectors(tmp_path)]),
    )
    assert opened.nearest(HashEncoder().question(BRIDGE), 5) == []
    assert opened.lexical.search({"maple": 1.0}, 5) == []
    assert opened.catalog.passages([]) == []


def test_vectors_and_passages_must_be_as_many(built: Path) -> None:
    opened = Store.open(built)
    from dataclasses import replace

    with pytest.raises(NotReady, match="6 vectors but 7 passages"):
        Store(replace(opened.manifest, rows=7), opened.catalog, opened.lexical, opened._vectors)
