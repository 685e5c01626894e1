"""Does `rag eval --self`, which needs no labels, rank configurations as labelled questions do?

    python -m bench.agreement ../shared/eval/changelog_open ../shared/eval/tf_interviews_zh_open

Each set is transcripts with gold spans. Every configuration is measured twice, by the set's own
questions and by those that `--self` finds in the transcripts, and the two orders are compared.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.measure import heading, note, progress, table
from rag import evaluate
from rag.evaluate import Plan, Run
from rag.evaluate.chance import mean, spearman
from rag.settings import Settings

MEASURES = ("hit@1", "hit@5", "mrr@10")
BASE = Settings()
CONFIGURATIONS: dict[str, tuple[str, Settings]] = {
    "fused": ("fused", BASE),
    "lexical": ("lexical", BASE),
    "dense": ("dense", BASE),
    "cosine × 0.3": ("fused", replace(BASE, dense_weight=0.3, dense_weight_across=0.3)),
    "cosine × 4": ("fused", replace(BASE, dense_weight=4.0)),
    "cosine × 20": ("fused", replace(BASE, dense_weight=20.0, dense_weight_across=20.0)),
    "100 tokens": ("fused", replace(BASE, passage_tokens=100)),
    "200 tokens": ("fused", replace(BASE, passage_tokens=200)),
    "800 tokens": ("fused", replace(BASE, passage_tokens=800)),
    "dense, 100 tokens": ("dense", replace(BASE, passage_tokens=100)),
    "lexical, 100 tokens": ("lexical", replace(BASE, passage_tokens=100)),
}


def measure(folders: Sequence[Path], limit: int | None, cache: Path | None) -> None:
    """Print a table a set, and the rank correlations."""
    for folder in folders:
        heading(f"--self and labels on {folder.name}")
        note(f"Cells are {' / '.join(MEASURES)} in per cent.")
        rows, kinds = [], list[str]()
        columns: dict[str, list[dict[str, float]]] = {}
        for name, (legs, settings) in CONFIGURATIONS.items():
            progress(f"{folder.name}: {name}")
            labelled, itself = (
                evaluate.run(
                    Plan((folder,), itself=itself, legs=legs, limit=limit, cache=cache), settings
                )
                for itself in (False, True)
            )
            kinds = kinds or ["", *sorted({r.kind for r in labelled.results if r.kind})]
            cells = [_values(labelled, kind) for kind in kinds] + [_values(itself, "")]
            for title, cell in zip((*kinds, "--self"), cells, strict=True):
                columns.setdefault(title, []).append(cell)
            rows.append((name, *(" / ".join(f"{100 * v:.1f}" for v in c.values()) for c in cells)))
        titles = [f"labelled {kind}".strip() for kind in kinds]
        table(("Configuration", *titles, "--self"), rows)
        table(
            ("Spearman with --self", *titles),
            [
                (name, *(f"{_correlation(columns, kind, name):.2f}" for kind in kinds))
                for name in MEASURES
            ],
        )


def _values(run: Run, kind: str) -> dict[str, float]:
    judged = [r.measures for r in run.results if "mrr@10" in r.measures and kind in ("", r.kind)]
    return {name: mean([values[name] for values in judged]) for name in MEASURES}


def _correlation(columns: dict[str, list[dict[str, float]]], kind: str, name: str) -> float:
    return spearman([c[name] for c in columns[kind]], [c[name] for c in columns["--self"]])


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.agreement", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--limit", type=int, help="questions a set and kind of cases")
    parser.add_argument("--cache", type=Path, help="folder to keep indexes in")
    options = parser.parse_args()
    measure(options.folders, options.limit, options.cache)


if __name__ == "__main__":
    main()
