"""A real server of the OpenAI kind: `transformers serve`, with a model made on the spot.

The model is a Llama like any other, and says one sentence whatever it is asked. Its weights are set
by hand: attention and feed-forward layers add nothing, so that what comes next depends on the last
token alone, and each token of the sentence leads to the one after it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from scripted_http import unused_url

MODEL = "tiny"
SENTENCE = "王秀兰说：「最便宜的花茶八块钱一壶」[tea:4]。The cheapest tea costs eight yuan."
_ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
_END = "<|end|>"
_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}"
    + _END
    + "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_SIZE = 64  # of a hidden state, and thereby the most tokens of a sentence
_WIDTH = 16
_PATIENCE = 120.0  # seconds; it takes 10 to 20


class RealServer:
    """The server as a process of its own; a context manager. `folder` is where the model goes."""

    def __init__(self, folder: Path) -> None:
        if importlib.util.find_spec("uvicorn") is None or importlib.util.find_spec("torch") is None:
            pytest.skip('no `transformers serve`: pip install "transformers[serving]"')
        write_model(folder / MODEL)
        self.url = unused_url()
        self._log = folder / "log"
        address = ["--host", "127.0.0.1", "--port", re.findall(r":(\d+)", self.url)[0]]
        start = "from transformers.cli.transformers import main; main()"
        offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", start, "serve", MODEL, *address, "--device", "cpu"],
                cwd=folder,
                env=os.environ | offline,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(self.url.replace("/v1", "/health"), timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"it did not start: {self._log.read_text(errors='replace')[-2000:]}")

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()


def write_model(folder: Path, sentence: str = SENTENCE) -> None:
    """Write weights, tokenizer and configuration of a model that says `sentence`."""
    folder.mkdir(parents=True)
    # Every byte is a token, so that any prompt can be read; words of the sentence are, too.
    tokens = [*_bytes().values(), *_ROLES, _END]
    chain = _pieces(sentence)
    tokens += [piece for piece in chain if piece not in tokens]
    numbers = {token: number for number, token in enumerate(tokens)}
    _write_tokenizer(folder, numbers)
    _write_weights(folder, [numbers[token] for token in ("<|assistant|>", *chain, _END)], numbers)


def _pieces(sentence: str) -> list[str]:
    """Cut a sentence into tokens of which none comes twice; the first character into its bytes."""
    spelled = _bytes()
    first, rest = sentence[0], sentence[1:]
    words = re.findall(r" ?[a-z]+| ?.", rest, re.IGNORECASE)
    texts = [
        *(spelled[byte] for byte in first.encode()),
        *("".join(spelled[byte] for byte in word.encode()) for word in words),
    ]
    assert len(set(texts)) == len(texts) < _SIZE, "each token leads to one other"
    return texts


def _bytes() -> dict[int, str]:
    """The character that stands for each byte in a byte-level vocabulary, after GPT-2."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {
        byte: chr(256 + place) for place, byte in enumerate(hidden)
    }


def _write_tokenizer(folder: Path, numbers: dict[str, int]) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([*_ROLES, _END])
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        tokenizer_class="PreTrainedTokenizerFast",
        eos_token=_END,
        pad_token=_END,
        chat_template=_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def _write_weights(folder: Path, chain: Sequence[int], numbers: dict[str, int]) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    count = len(numbers)
    shapes = {
        "input_layernorm": (_SIZE,), "post_attention_layernorm": (_SIZE,),
        "self_attn.q_proj": (_SIZE, _SIZE), "self_attn.k_proj": (_SIZE, _SIZE),
        "self_attn.v_proj": (_SIZE, _SIZE), "self_attn.o_proj": (_SIZE, _SIZE),
        "mlp.gate_proj": (_WIDTH, _SIZE), "mlp.up_proj": (_WIDTH, _SIZE),
        "mlp.down_proj": (_SIZE, _WIDTH),
    }  # fmt: skip
    weights = {
        f"model.layers.0.{name}.weight": np.zeros(shape, dtype=np.float32)
        for name, shape in shapes.items()
    }
    read = np.zeros((count, _SIZE), dtype=np.float32)
    write = np.zeros((count, _SIZE), dtype=np.float32)
    for place, (token, following) in enumerate(pairwise(chain)):
        read[token, place] = write[following, place] = 1.0
    weights |= {"model.embed_tokens.weight": read, "lm_head.weight": write}
    weights["model.norm.weight"] = np.ones(_SIZE, dtype=np.float32)
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    end = numbers[_END]
    _write(
        folder / "config.json",
        architectures=["LlamaForCausalLM"],
        model_type="llama",
        vocab_size=count,
        hidden_size=_SIZE,
        intermediate_size=_WIDTH,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        max_position_embeddings=65_536,
        tie_word_embeddings=False,
        eos_token_id=end,
        pad_token_id=end,
        dtype="float32",
    )
    _write(folder / "generation_config.json", eos_token_id=end, pad_token_id=end, do_sample=False)


def _write(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
