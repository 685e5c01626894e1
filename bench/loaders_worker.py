"""Run by `bench.loaders` in the environment of a peer: what its loader makes of each file.

Prints a line of JSON for each: the texts, and the keys of the metadata beside them.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Loaded = list[tuple[str, dict[str, Any]]]


def llamaindex(path: Path) -> Loaded:
    """`SimpleDirectoryReader`, as the starter tutorial has it."""
    core = import_module("llama_index.core")
    found = core.SimpleDirectoryReader(input_files=[str(path)]).load_data()
    return [(item.text, item.metadata) for item in found]


def langchain(path: Path) -> Loaded:
    """The loader that the documentation names for a suffix, else `TextLoader`."""
    loaders = import_module("langchain_community.document_loaders")
    name = str(path)
    if path.suffix == ".srt":
        loader = loaders.SRTLoader(name)
    elif path.suffix == ".csv":
        loader = loaders.CSVLoader(name)
    elif path.suffix == ".json":
        loader = loaders.JSONLoader(name, jq_schema=".", text_content=False)
    elif path.suffix == ".md" and _has("unstructured"):
        loader = loaders.UnstructuredMarkdownLoader(name)
    else:
        loader = loaders.TextLoader(name, autodetect_encoding=True)
    return [(item.page_content, item.metadata) for item in loader.load()]


def haystack(path: Path) -> Loaded:
    """The converter that the documentation names for a suffix, else `TextFileToDocument`."""
    converters = import_module("haystack.components.converters")
    if path.suffix == ".md":
        converter = converters.MarkdownToDocument(progress_bar=False)
    elif path.suffix == ".csv":
        converter = converters.CSVToDocument()
    elif path.suffix == ".json":
        converter = converters.JSONConverter(jq_schema=".. | strings")
    else:
        converter = converters.TextFileToDocument()
    found = converter.run(sources=[path])["documents"]
    return [(item.content or "", item.meta) for item in found]


def txtai(path: Path) -> Loaded:
    """`Textractor` by itself: its other backends want Java, or models from the network."""
    found = import_module("txtai.pipeline").Textractor(backend=None)(str(path))
    return [(text, {}) for text in (found if isinstance(found, list) else [found])]


def _has(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


LOADERS: dict[str, Callable[[Path], Loaded]] = {
    "llamaindex": llamaindex,
    "langchain": langchain,
    "haystack": haystack,
    "txtai": txtai,
}


def main() -> None:
    """Load the files named after the system."""
    warnings.simplefilter("ignore")
    load = LOADERS[sys.argv[1]]
    for name in sys.argv[2:]:
        try:
            found, error = load(Path(name)), ""
        except Exception as problem:
            found, error = [], f"{type(problem).__name__}: {problem}"[:200]
        text = "\n".join(str(part) for part, _ in found)
        keys = sorted({key.lower() for _, metadata in found for key in metadata})
        print("\0" + json.dumps({"text": text, "keys": keys, "error": error}), flush=True)


if __name__ == "__main__":
    main()
