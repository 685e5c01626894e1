"""Heavy packages are imported when they are needed, and not before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from samples import OPENING

SCRIPT = """
import json, runpy, sys
try:
    runpy.run_module("rag", run_name="__main__", alter_sys=True)
except SystemExit as ended:
    code = ended.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""
HEAVY = {
    "defusedxml", "faiss", "grpc", "lxml", "numpy", "openai", "prompt_toolkit", "pyarrow",
    "pymilvus", "pypdf", "ray", "rich", "sentence_transformers", "tantivy", "tiktoken",
    "tokenizers", "torch", "yaml",
}  # fmt: skip
FOR_A_MODEL = {"openai", "sentence_transformers", "tiktoken", "torch", "transformers"}


def modules(*arguments: str) -> tuple[int | None, set[str]]:
    """Run a command and return its exit code with the names of all modules imported by then."""
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    code, names = json.loads(ran.stderr.splitlines()[-1])
    return code, set(names)


def test_help_imports_nothing_heavy() -> None:
    code, names = modules("--help")
    assert code in (0, None)
    assert "typer" in names
    assert names & HEAVY == set()


def test_ask_imports_nothing_that_only_a_model_needs(indexed: Path) -> None:
    code, names = modules("ask", OPENING)
    assert code in (0, None)
    assert {"faiss", "tantivy"} <= names
    assert names & FOR_A_MODEL == set()


def test_importing_the_package_imports_only_itself() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import sys, rag; print([m for m in sys.modules if 'rag' in m])"],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert "rag.pipeline" not in ran.stdout
