"""Imports go one way: a module imports only those before it, inside functions as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from samples import ROOT

ORDER = (
    "lazy errors types text links settings paths transcripts tokens chunker embedder lexical store"
    " retrieve structure prompts llm quotes answer pipeline views conversations"
).split()
DOORS = ("chat", "script", "health", "evaluate", "serve", "mcp")
LAYER = {
    **{name: layer for layer, name in enumerate(ORDER)},
    **dict.fromkeys(DOORS, len(ORDER)),
    "cli": len(ORDER) + 1,
    "__main__": len(ORDER) + 2,
}
FILES = sorted(
    path for path in (ROOT / "rag").rglob("*.py") if path != ROOT / "rag" / "__init__.py"
)


def module(path: Path) -> str:
    return path.relative_to(ROOT / "rag").with_suffix("").parts[0]


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules of rag that a file names in an import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "rag":
            yield from (name.name for name in node.names if name.name in LAYER or _exists(name))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rag."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (
                name.name.split(".")[1] for name in node.names if name.name.startswith("rag.")
            )


def _exists(name: ast.alias) -> bool:
    place = ROOT / "rag" / name.name
    return place.is_dir() or place.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_those_before_it(path: Path) -> None:
    own = module(path)
    assert own in LAYER, f"{own} has no place in the order: give it one in docs and here"
    for other in imported(ast.parse(path.read_text(encoding="utf-8"))):
        assert other in LAYER, f"{path} imports {other}, which has no place in the order"
        assert other == own or LAYER[other] < LAYER[own], f"{own} must not import {other}"


def test_the_package_itself_imports_nothing_of_its_own_when_imported() -> None:
    tree = ast.parse((ROOT / "rag" / "__init__.py").read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not isinstance(node, ast.If)]  # TYPE_CHECKING
    assert list(imported(tree)) == []


def test_the_walk_sees_imports_in_functions() -> None:
    tree = ast.parse("def f():\n    from rag import cli\n    import rag.store.build\n")
    assert list(imported(tree)) == ["cli", "store"]
