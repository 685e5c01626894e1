"""A run as one HTML file that people look at: plots, refusals, legs, comparison, every miss.

The file needs nothing else: it makes no request, and its content security policy allows only the
one style and the one script that it carries, by their hashes. What stands in it of transcripts is
escaped by the template engine, or by the library that writes the SVG.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from rag.errors import UsageError, safe
from rag.evaluate.compare import Comparison
from rag.evaluate.reporting import contents
from rag.evaluate.reporting.contents import markup
from rag.evaluate.runs import Run

_HERE = Path(__file__).parent


def write(
    run: Run, path: Path, earlier: Run | None = None, found: Sequence[Comparison] = ()
) -> None:
    """Write the report of a run, with its comparison to an earlier one, whole or not at all.

    Raises:
        UsageError: when the file cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_text(page(run, earlier, found), encoding="utf-8", errors="replace")
        new.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "name a writable file") from error


def page(run: Run, earlier: Run | None = None, found: Sequence[Comparison] = ()) -> str:
    """Return the report of a run as the text of an HTML file."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    surroundings = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = surroundings.get_template("page.html")
    # Nothing in a page may turn the writing direction of what stands beside it, either.
    return safe(
        template.render(
            **_frame(run),
            **contents.costs(run),
            **contents.measures(run),
            **contents.refusals(run),
            **contents.legs(run),
            **contents.comparison(run, earlier, found),
            **contents.wrong(run),
        )
    ).lstrip()


def _frame(run: Run) -> dict[str, object]:
    """Return what every page has, its style and script with the policy that allows them."""
    style, script = (
        (_HERE / name).read_text(encoding="utf-8") for name in ("style.css", "filter.js")
    )
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    return {
        "run": run,
        "names": ", ".join(str(suite.get("name", "")) for suite in run.suites),
        "notes": [note for suite in run.suites for note in _texts(suite.get("notes"))],
        "policy": policy,
        "style": markup(style),
        "script": markup(script),
    }


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []
