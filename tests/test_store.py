"""The index on disk: what a build does, and what it leaves alone."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from fakes import HashEncoder, best, build, ids
from samples import TEA, passage_at

from rag import store
from rag import transcripts as reading
from rag.errors import UsageError
from rag.store import Report, Store
from rag.store.generation import FORMAT
from rag.types import Transcript

BRIDGE = "the bridge is always maple"


def aged(corpus: Path, seconds: int = 60) -> None:
    """Let files be so old that their times are believed."""
    for path in corpus.rglob("*"):
        before = time.time() - seconds
        os.utime(path, (before, before))


# --- generations


def test_a_build_publishes_one_generation_and_the_next_replaces_it(
    built: Path, corpus: Path
) -> None:
    assert store.current(built).name == "gen-000001"
    (corpus / "more.txt").write_text("Ann: Hello there.\n\nBob: Good morning to you.\n")
    assert build(built, corpus).changed
    assert store.current(built).name == "gen-000002"
    assert {path.name for path in built.iterdir()} == {".lock", "CURRENT", "gen-000002"}


def test_nothing_new_reads_and_writes_nothing(
    folder: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(corpus)
    build(folder, corpus)
    encoder = HashEncoder()
    monkeypatch.setattr(reading, "load", None)
    report = build(folder, corpus, encoder=encoder)
    assert report == Report(2, 12, 6, 0, 6, 0, changed=False, unchanged=2)
    assert encoder.seen == []
    assert store.current(folder).name == "gen-000001"


def test_both_legs_find_the_same_passage_and_it_says_where_it_stands(built: Path) -> None:
    opened = Store.open(built)
    assert best(opened, BRIDGE) == "violin:3-4"
    passage = passage_at(opened, "violin", 4)
    assert passage.speakers == ("Host", "Marta Lindqvist")
    assert passage.spans[-1].text.startswith("The bridge is always maple")
    assert passage.spans[-1].line == 7


def test_a_reader_keeps_the_generation_that_it_opened(built: Path, corpus: Path) -> None:
    opened = Store.open(built)
    (corpus / "violin.txt").unlink()
    build(built, corpus)
    assert best(opened, BRIDGE) == "violin:3-4"
    assert ids(opened) == ["tea", "violin"]
    assert ids(Store.open(built)) == ["tea"]


def test_an_index_opened_while_it_is_replaced_is_the_new_one(
    built: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store.verify
    calls: list[int] = []

    def replaced_meanwhile(*arguments: object) -> None:
        if not calls:
            calls.append(1)
            (corpus / "violin.txt").unlink()
            with monkeypatch.context() as undone:
                undone.setattr("rag.store.index.verify", real)
                build(built, corpus)
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("rag.store.index.verify", replaced_meanwhile)
    assert ids(Store.open(built)) == ["tea"]


def test_the_manifest_says_what_it_was_made_of(built: Path) -> None:
    generation = store.current(built)
    manifest = store.read_manifest(built, generation)
    opened = Store.open(built)
    assert manifest.format == FORMAT
    assert (manifest.encoder, manifest.fingerprint, manifest.dimension) == (
        "fake",
        "fake:hash:64",
        64,
    )
    assert (manifest.transcripts, manifest.roots, manifest.version) == (2, ("corpus",), "test")
    assert manifest.passages == len(opened.catalog.hash_rows()) == 6
    assert {"passages.sqlite", "vectors.faiss", "lexical/meta.json"} <= set(manifest.files)
    for name, expected in manifest.files.items():
        assert (generation / name).stat().st_size == expected["bytes"]
    assert json.loads((generation / "manifest.json").read_text(encoding="utf-8"))["checksum"]


# --- updates


def test_only_changed_passages_are_embedded(built: Path, corpus: Path) -> None:
    tea = corpus / "tea.md"
    tea.write_text(TEA.replace("八块钱", "九块钱"), encoding="utf-8")
    encoder = HashEncoder()
    report = build(built, corpus, encoder=encoder)
    assert [("九块钱" in text, "maple" in text) for text in encoder.seen] == [(True, False)]
    assert (report.embedded, report.reused) == (1, 5)
    opened = Store.open(built)
    assert best(opened, BRIDGE) == "violin:3-4"
    kept = opened.vectors(range(6))
    texts = [passage.searchable for passage in opened.catalog.passages(range(6))]
    np.testing.assert_array_equal(kept, HashEncoder().passages(texts).astype(np.float16))


def test_a_renamed_file_is_not_embedded_again(built: Path, corpus: Path) -> None:
    (corpus / "violin.txt").rename(corpus / "luthier.txt")
    encoder = HashEncoder()
    report = build(built, corpus, encoder=encoder)
    assert encoder.seen == []
    assert report.changed
    assert best(Store.open(built), BRIDGE) == "luthier:3-4"


def test_a_deleted_file_leaves_the_index(built: Path, corpus: Path) -> None:
    (corpus / "tea.md").unlink()
    report = build(built, corpus)
    assert (report.removed, report.embedded, report.transcripts) == (1, 0, 1)
    assert ids(Store.open(built)) == ["violin"]


def test_another_encoder_embeds_everything_anew(built: Path, corpus: Path) -> None:
    encoder = HashEncoder(name="other")
    assert build(built, corpus, encoder=encoder).embedded == 6
    assert len(encoder.seen) == 6
    assert Store.open(built).manifest.fingerprint == "fake:other:64"


def test_folders_add_up_until_fresh(built: Path, corpus: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "bees.txt").write_text("Ann: Do bees sleep?\n\nBob: They do, at night.\n")
    build(built, second)
    assert ids(Store.open(built)) == ["bees", "tea", "violin"]
    assert set(Store.open(built).manifest.roots) == {"corpus", str(second)}
    build(built, second, fresh=True)
    assert ids(Store.open(built)) == ["bees"]
    assert Store.open(built).manifest.roots == (str(second),)


def test_without_paths_what_was_indexed_is_indexed_again(built: Path, corpus: Path) -> None:
    (corpus / "tea.md").unlink()
    build(built)
    assert ids(Store.open(built)) == ["violin"]


def test_a_folder_that_is_gone_is_named_and_comes_back(
    built: Path, corpus: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    shutil.copytree(corpus, second)
    build(built, second)
    second.rename(tmp_path / "unmounted")
    report = build(built)
    assert report.transcripts == 2
    assert [str(second) in warning for warning in report.warnings] == [True]
    (tmp_path / "unmounted").rename(second)
    assert build(built).transcripts == 4


def test_when_all_folders_are_gone_the_index_stays(built: Path, corpus: Path) -> None:
    shutil.rmtree(corpus)
    with pytest.raises(UsageError, match="corpus: gone"):
        build(built)
    assert best(Store.open(built), BRIDGE) == "violin:3-4"


def test_two_files_of_one_name_have_ids_of_their_own(built: Path, corpus: Path) -> None:
    (corpus / "2023").mkdir()
    (corpus / "2023" / "violin.txt").write_text("Ann: Who plays?\n\nBob: My sister plays it.\n")
    build(built, corpus)
    opened = Store.open(built)
    assert ids(opened) == ["2023-violin", "tea", "violin"]
    # The address that a reader noted down still means what it meant.
    assert best(opened, BRIDGE) == "violin:3-4"


def test_a_file_that_cannot_be_read_any_more_keeps_what_it_had(built: Path, corpus: Path) -> None:
    (corpus / "violin.txt").write_bytes(bytes(range(256)) * 8)
    (corpus / "new.txt").write_text("Ann: Any news?\n\nBob: None at all today.\n")
    report = build(built, corpus)
    assert [line.split(":")[0] for line in report.problems] == [str(corpus / "violin.txt")]
    opened = Store.open(built)
    assert ids(opened) == ["new", "tea", "violin"]
    assert best(opened, BRIDGE) == "violin:3-4"


def test_a_file_name_that_is_not_utf8_is_reported_and_the_others_indexed(
    folder: Path, corpus: Path
) -> None:
    with open(os.fsencode(corpus) + b"/\xff.txt", "w") as file:
        file.write("Ann: Hello?\n\nBob: Hello, hello.\n")
    report = build(folder, corpus)
    assert report.transcripts == 2
    assert len(report.problems) == 1
    assert "not UTF-8" in report.problems[0]


def test_what_a_reader_cannot_take_costs_the_other_files_nothing(
    folder: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "odd.txt").write_text("Ann: Hello?\n\nBob: Hello, hello.\n")
    parse = reading.parse

    def broken(data: bytes, path: Path, aliases: Mapping[str, str]) -> Transcript:
        return cast(Transcript, 1 / 0) if path.name == "odd.txt" else parse(data, path, aliases)

    monkeypatch.setattr(reading, "parse", broken)
    report = build(folder, corpus)
    assert report.transcripts == 2
    assert [problem.split(":")[0] for problem in report.problems] == [str(corpus / "odd.txt")]


def test_half_a_character_in_front_matter_is_replaced(folder: Path, corpus: Path) -> None:
    (corpus / "half.md").write_text('---\ntitle: "a\\ud800b"\n---\n\nAnn: Hello?\n\nBob: Hello.\n')
    assert not build(folder, corpus).problems
    assert [
        item.title for item in Store.open(folder).catalog.transcripts() if item.id == "half"
    ] == ["a\ufffdb"]


def test_nothing_readable_leaves_the_index_and_no_folder_behind(
    folder: Path, built: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        build(built, tmp_path / "nowhere")
    assert best(Store.open(built), BRIDGE) == "violin:3-4"
    with pytest.raises(UsageError, match="nowhere"):
        build(folder.parent / "other", tmp_path / "nowhere")
    assert not (folder.parent / "other").exists()
