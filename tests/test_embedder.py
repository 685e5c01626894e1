import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import embedder, paths
from rag.embedder import SentenceEncoder, StaticEncoder
from rag.errors import NotReady

if TYPE_CHECKING:
    from rag.types import Encoder

TEXTS = [
    "年轻人在做人生决定之前都会去问 ChatGPT",
    "Young people ask ChatGPT before they make life decisions",
    "The bridge was inspected with a drone",
    "图书馆要取消逾期罚款",
    "圖書館要取消逾期罰款",
]


@pytest.fixture(scope="module")
def builtin() -> "Encoder":
    return embedder.load("builtin")


def test_vectors_have_unit_length_and_the_shape_that_is_promised(builtin: "Encoder") -> None:
    vectors = builtin.passages(TEXTS)
    assert vectors.shape == (len(TEXTS), builtin.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_chinese_question_is_nearest_to_its_english_translation(builtin: "Encoder") -> None:
    likeness = builtin.passages(TEXTS[1:4]) @ builtin.question(TEXTS[0])
    assert int(likeness.argmax()) == 0


def test_traditional_and_simplified_text_have_one_vector(builtin: "Encoder") -> None:
    simplified, traditional = builtin.passages(TEXTS[3:5])
    assert np.allclose(simplified, traditional)


def test_text_without_words_has_no_direction(builtin: "Encoder") -> None:
    assert not builtin.passages([""]).any()
    assert builtin.passages([]).shape == (0, builtin.dimension)


def test_batching_changes_nothing(builtin: "Encoder") -> None:
    many = builtin.passages(TEXTS * 120)
    assert np.allclose(many[-len(TEXTS) :], builtin.passages(TEXTS), atol=1e-6)


def test_the_shipped_folder_stays_within_its_budget() -> None:
    size = sum(path.stat().st_size for path in paths.builtin_model().rglob("*") if path.is_file())
    assert size <= 13 * 1024 * 1024


def test_the_shipped_folder_is_a_sentence_transformers_model_with_the_same_vectors(
    builtin: "Encoder",
) -> None:
    other = SentenceEncoder.load(str(paths.builtin_model()))
    assert other.dimension == builtin.dimension
    same = (other.passages(TEXTS) * builtin.passages(TEXTS)).sum(axis=1)
    assert same.min() > 0.9999
    assert float(other.question(TEXTS[0]) @ builtin.question(TEXTS[0])) > 0.9999


def test_any_sentence_transformers_folder_can_take_its_place(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["bridge", "drone", "library", "fine", "query:"]
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    weights = np.eye(len(vocabulary), 8, dtype=np.float32)
    model = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, embedding_weights=weights)],
        prompts={"query": "query: ", "document": ""},
        device="cpu",
    )
    model.save(str(tmp_path / "tiny"))
    tiny = embedder.load(str(tmp_path / "tiny"))
    likeness = tiny.passages(["bridge drone", "library fine"]) @ tiny.question("library")
    assert int(likeness.argmax()) == 1
    # The model's own query prompt is part of the question and of the fingerprint.
    prompted = tiny.question("bridge")[vocabulary["query:"]]
    assert prompted > 0.5
    assert "query" in tiny.fingerprint


def test_a_changed_model_has_another_fingerprint(tmp_path: Path) -> None:
    shutil.copytree(paths.builtin_model(), tmp_path / "model")
    before = StaticEncoder.load(tmp_path / "model").fingerprint
    assert before == embedder.load("builtin").fingerprint
    with (tmp_path / "model" / "model.safetensors").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    assert StaticEncoder.load(tmp_path / "model").fingerprint != before


def test_a_missing_model_names_itself_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="nowhere"):
        StaticEncoder.load(tmp_path / "nowhere")
    with pytest.raises(NotReady, match=r"'org/absent'.*--encoder builtin"):
        SentenceEncoder.load("org/absent")


def test_a_damaged_model_is_not_ready(tmp_path: Path) -> None:
    shutil.copytree(paths.builtin_model(), tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(NotReady, match="model"):
        StaticEncoder.load(tmp_path / "model")


def test_a_table_of_another_size_than_the_vocabulary_is_refused() -> None:
    encoder = StaticEncoder.load(paths.builtin_model())
    rows = np.zeros((3, 4), dtype=np.int8)
    with pytest.raises(NotReady, match="3 rows and 2 scales"):
        StaticEncoder(encoder._tokenizer, rows, np.ones(2, dtype=np.float32), "x")


def test_the_model_card_names_licences_and_the_command() -> None:
    card = (paths.builtin_model() / "README.md").read_text(encoding="utf-8")
    assert "make embedder" in card
    assert "CC BY-SA" in card
    modules = json.loads((paths.builtin_model() / "modules.json").read_text(encoding="utf-8"))
    kinds = [module["type"].rsplit(".", 1)[1] for module in modules]
    assert kinds == ["StaticEmbedding", "Normalize"]
