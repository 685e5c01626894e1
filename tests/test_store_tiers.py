"""Large layers are searched by short codes: the same passages are found, dead ones never."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fakes import HashEncoder, build
from test_store_updates import put, talk

from rag import health, store, views
from rag.errors import NotReady
from rag.settings import Settings
from rag.store import Store, sketches
from rag.store.vectors import Vectors, read_vectors, write_vectors

if TYPE_CHECKING:
    from rag.types import Matrix

COUNT, WIDE = 6000, 64


def around(centres: Matrix, count: int, seed: int) -> Matrix:
    """Unit vectors in clusters, as texts on some subjects are."""
    dice = np.random.default_rng(seed)
    spread = dice.normal(scale=0.6 / WIDE**0.5, size=(count, WIDE))
    made = centres[dice.integers(len(centres), size=count)] + spread
    unit = made / np.linalg.norm(made, axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


@pytest.fixture(scope="module")
def centres() -> Matrix:
    drawn = np.random.default_rng(3).normal(size=(40, WIDE))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def passages(centres: Matrix) -> Matrix:
    return around(centres, COUNT, 1)


@pytest.fixture(scope="module")
def questions(centres: Matrix) -> Matrix:
    return around(centres, 50, 2)


@pytest.fixture(params=["scanned", "listed"])
def tier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sketches, "EXACT", 1000)
    monkeypatch.setattr(sketches, "SCANNED", 5000 if request.param == "listed" else 10_000)
    return str(request.param)


def test_few_vectors_have_no_codes_and_many_have(
    passages: Matrix, tmp_path: Path, tier: str
) -> None:
    write_vectors(tmp_path, passages[:1000])
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.faiss"]
    assert Vectors([read_vectors(tmp_path)]).recall(passages[:5]) is None
    write_vectors(tmp_path, passages, 1000)
    codes = tmp_path / "codes-000001000.faiss"
    assert codes.stat().st_size < (tmp_path / "vectors-000001000.faiss").stat().st_size / 2
    kind = type(read_vectors(tmp_path, 1000).codes).__name__
    assert kind == {"scanned": "IndexRaBitQ", "listed": "IndexIVFRaBitQ"}[tier]


def test_codes_find_what_a_comparison_with_all_vectors_finds(
    passages: Matrix, questions: Matrix, tmp_path: Path, tier: str
) -> None:
    write_vectors(tmp_path, passages)
    vectors = Vectors([read_vectors(tmp_path)])
    assert (vectors.recall(questions) or 0) >= 0.95
    for question in questions[:10]:
        exact = passages.astype(np.float16).astype(np.float32) @ question
        id_, score = vectors.nearest(question, 1)[0]
        assert score == pytest.approx(exact[id_], abs=1e-3)  # its own vector's, not that of a code
        whole = [one for one, _ in vectors.nearest(question, 10, exact=True)]
        assert exact[whole].tolist() == pytest.approx(sorted(exact, reverse=True)[:10], abs=1e-3)


def test_the_dead_are_not_found_among_codes_and_a_filter_is_exact(
    passages: Matrix, questions: Matrix, tmp_path: Path, tier: str
) -> None:
    write_vectors(tmp_path, passages)
    part = read_vectors(tmp_path)
    before = Vectors([part])
    best = [before.nearest(question, 3) for question in questions[:10]]
    dead = sorted({id_ for found in best for id_, _ in found[:2]})
    after = Vectors([part], [(id_, id_) for id_ in dead])
    for question, found in zip(questions[:10], best, strict=True):
        left = [id_ for id_, _ in after.nearest(question, 10)]
        assert len(left) == 10
        assert not {*left} & {*dead}
        if found[2][0] not in dead:
            assert found[2][0] == left[0]
        allowed = [*range(100, 160), COUNT + 5]
        inside = [id_ for id_, _ in after.nearest(question, 5, allowed)]
        cosines = passages[100:160] @ question
        assert inside == [100 + int(row) for row in np.argsort(-cosines)[:5]]


def test_vectors_come_back_as_they_were_kept_from_every_layer(
    passages: Matrix, tmp_path: Path, tier: str
) -> None:
    write_vectors(tmp_path, passages)
    write_vectors(tmp_path, passages[:7], COUNT)
    vectors = Vectors([read_vectors(tmp_path), read_vectors(tmp_path, COUNT)])
    ids = [3, COUNT + 6, COUNT - 1, COUNT]
    np.testing.assert_array_equal(vectors.rows(ids), passages[[3, 6, -1, 0]].astype(np.float16))
    # The same text twice: both are found, the older one first.
    assert [id_ for id_, _ in vectors.nearest(passages[4], 2)] == [4, COUNT + 4]


def test_an_index_says_how_much_codes_find_keeps_them_in_updates_and_answers_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, folder = tmp_path / "talks", tmp_path / "index" / "t"
    for number in range(6):
        put(corpus, f"{number}.md", talk(number))
    exact = build(folder, corpus)
    assert exact.recall is None
    assert "recall" not in views.report(exact, "t")
    question = HashEncoder().question("ember falcon harbour?")
    expected = Store.open(folder).nearest(question, 5)

    monkeypatch.setattr(sketches, "EXACT", 10)
    built = build(folder, corpus, fresh=True)
    opened = Store.open(folder)
    assert {"vectors.faiss", "codes.faiss"} <= set(opened.manifest.files)
    assert built.recall == opened.manifest.recall
    assert built.recall is not None
    assert f"recall@10 {built.recall:.3f} of exact" in views.report(built, "t")
    found = opened.nearest(question, 5)
    assert len({id_ for id_, _ in found} & {id_ for id_, _ in expected}) >= 4

    place = store.current(folder) / "codes.faiss"
    number = place.stat().st_ino
    put(corpus, "new.md", talk(99))
    updated = build(folder, corpus)
    assert (updated.read, updated.reused) == (1, built.passages)
    assert (store.current(folder) / "codes.faiss").stat().st_ino == number  # linked, not written
    theirs = Store.open(folder)
    first = theirs.catalog.ids_where((), ["new"])
    own = theirs.vectors(first[:1])[0]
    assert theirs.nearest(own, 1)[0][0] == first[0]


def test_missing_or_damaged_codes_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketches, "EXACT", 10)
    corpus, folder = tmp_path / "talks", tmp_path / "index" / "t"
    for number in range(6):
        put(corpus, f"{number}.md", talk(number))
    build(folder, corpus)
    codes = store.current(folder) / "codes.faiss"
    whole = codes.read_bytes()
    codes.write_bytes(whole[:-40] + bytes(40))
    with pytest.raises(NotReady, match=r"codes\.faiss is damaged: its checksum differs"):
        Store.open(folder)
    codes.unlink()
    with pytest.raises(NotReady, match=r"codes\.faiss is missing"):
        Store.open(folder)
    build(folder, corpus)
    checks = {check.name: check for check in health.examine(Settings(index=str(folder)))}
    assert checks["index"].ok
