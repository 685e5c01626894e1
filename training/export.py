"""Packing a trained table into the folder that the package ships."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save as pack
from tokenizers import Tokenizer

Floats = npt.NDArray[np.float32]

# The module paths of sentence-transformers 6, on purpose: releases that do not know them stop with
# an error, where they might have read the whole numbers without their scales.
_STATIC = "sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding"
_NORMALIZE = "sentence_transformers.base.modules.normalize.Normalize"
_FILES: dict[str, object] = {
    "modules.json": [
        {"idx": 0, "name": "0", "path": "", "type": _STATIC},
        {"idx": 1, "name": "1", "path": "1_Normalize", "type": _NORMALIZE},
    ],
    "config_sentence_transformers.json": {
        "__version__": {"sentence_transformers": "6.2.0"},
        "default_prompt_name": None,
        "model_type": "SentenceTransformer",
        "prompts": {"document": "", "query": ""},
        "similarity_fn_name": "cosine",
    },
    "1_Normalize/config.json": {
        "module_input_name": "sentence_embedding",
        "module_output_name": "sentence_embedding",
    },
}


def quantise(table: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Split float rows into whole numbers of -127 to 127, shape (V, D), and a scale each, (V,)."""
    scales = (np.abs(table).max(axis=1) / 127).astype(np.float32)
    whole = np.rint(table / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
    return whole, scales


def save(folder: Path, tokenizer: Tokenizer, table: Floats) -> None:
    """Write the folder; readers see each file whole, either the old one or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".embedder-") as name:
        fresh = Path(name)
        whole, scales = quantise(table)
        packed = pack({"embeddings": whole, "weights": scales})
        (fresh / "model.safetensors").write_bytes(packed)
        (fresh / "tokenizer.json").write_text(tokenizer.to_str(pretty=False), encoding="utf-8")
        for path, content in _FILES.items():
            (fresh / path).parent.mkdir(exist_ok=True)
            (fresh / path).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        for source in sorted(path for path in fresh.rglob("*") if path.is_file()):
            target = folder / source.relative_to(fresh)
            target.parent.mkdir(exist_ok=True)
            os.replace(source, target)
