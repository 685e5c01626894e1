"""The tokenizer: folding, splitting by script and two Unigram vocabularies, all in one JSON file.

The folding of `rag.text.fold` is written into `tokenizer.json` as its normalizer, so that the file
gives the same tokens wherever it is loaded, without the package.
"""

from __future__ import annotations

import io
import random
import tempfile
from collections import Counter
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as _schema
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from rag.text import is_han

# Generated protocol buffer code carries no types.
_SCHEMA: Any = _schema

UNKNOWN = "<unk>"
"""The piece of every character outside the vocabulary; its row in the table is zero."""

UNKNOWN_ID = 0

HAN_PIECE_CHARS = 2
"""Chinese words are mostly this long; longer pieces split names where a question does not."""

OTHER_PIECE_CHARS = 16

HAN_RUNS = 400_000
"""So many different Han runs teach the Chinese pieces; more take minutes and change little."""

# Han runs, digit runs, words of any other script, and every other character by itself.
_SPLIT = r"\p{Han}+|\p{N}+|[[\p{L}\p{M}]&&[^\p{Han}]]+|\S"


def empty_tokenizer() -> Tokenizer:
    """Make a tokenizer that folds and splits but knows no piece yet."""
    tokenizer = Tokenizer(models.Unigram([(UNKNOWN, 0.0)], unk_id=UNKNOWN_ID))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Precompiled(_simplified_charsmap()),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_SPLIT), behavior="removed", invert=True)
    return tokenizer


def train_tokenizer(
    texts: Iterable[str], han_pieces: int, other_pieces: int, seed: int
) -> Tokenizer:
    """Learn pieces for Han runs and for everything else from `texts`, and join the two lists.

    Unigram language models after Kudo (2018), arXiv:1804.10959. No run mixes the two kinds, so
    the two can be learnt apart, each with its own number and length of pieces.
    """
    tokenizer = empty_tokenizer()
    han: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for text in texts:
        folded = tokenizer.normalizer.normalize_str(text)
        for run, _ in tokenizer.pre_tokenizer.pre_tokenize_str(folded):
            (han if is_han(run[0]) else other)[run] += 1
    if len(han) > HAN_RUNS:
        han = Counter(dict(random.Random(seed).sample(sorted(han.items()), HAN_RUNS)))
    learnt = _learn_pieces(han, han_pieces, HAN_PIECE_CHARS)
    learnt += _learn_pieces(other, other_pieces, OTHER_PIECE_CHARS)
    # A dictionary, should both lists hold the same character.
    pieces = {UNKNOWN: 0.0, **dict(learnt)}
    tokenizer.model = models.Unigram(list(pieces.items()), unk_id=UNKNOWN_ID)
    return tokenizer


def _learn_pieces(runs: Counter[str], count: int, longest: int) -> list[tuple[str, float]]:
    """Fit a Unigram model to counted runs; return at most `count` pieces with log probabilities."""
    if not runs:
        return []
    options: dict[str, Any] = {
        "input_format": "tsv",
        "vocab_size": count,
        "max_sentencepiece_length": longest,
        "character_coverage": 0.9999,
        "normalization_rule_name": "identity",
        "add_dummy_prefix": False,
        "split_by_unicode_script": False,
        "split_by_number": False,
    }
    model = _sentencepiece((f"{run}\t{seen}" for run, seen in sorted(runs.items())), options)
    normal = _SCHEMA.ModelProto.SentencePiece.NORMAL
    return [(piece.piece, round(piece.score, 4)) for piece in model.pieces if piece.type == normal]


def _simplified_charsmap() -> bytes:
    """Compile `rag/data/han_simplified.txt` into the map that `Precompiled` normalizers use.

    SentencePiece is the compiler: it is asked for a throwaway model with these rules and only the
    compiled rules are kept.
    """
    table = resources.files("rag").joinpath("data/han_simplified.txt").read_text(encoding="utf-8")
    traditional, simplified = table.split("\n")[:2]
    rules = "".join(
        f"{ord(old):X}\t{ord(new):X}\n" for old, new in zip(traditional, simplified, strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.tsv"
        path.write_text(rules, encoding="utf-8")
        model = _sentencepiece(
            ["a b c"] * 3, {"vocab_size": 40, "normalization_rule_tsv": str(path)}
        )
    return bytes(model.normalizer_spec.precompiled_charsmap)


def _sentencepiece(lines: Iterable[str], options: dict[str, Any]) -> Any:
    """Train a SentencePiece model on lines of text and return it as its protocol buffer."""
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=buffer,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    model = _SCHEMA.ModelProto()
    model.ParseFromString(buffer.getvalue())
    return model
