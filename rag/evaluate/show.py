"""A run and a comparison as text: tables that fit a terminal and survive a pipe."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from rag.errors import safe
from rag.evaluate import chance, facts, judging
from rag.evaluate.compare import Comparison
from rag.evaluate.measures import of_rankings, shown
from rag.evaluate.runs import Result, Run
from rag.text import one_line

_FEW = 12  # transcripts that are rows of their own without being asked for
_WIDEST = 32  # columns of a slice's name
_SNIPPET = 90
_NONE = "–"
_FAILING = 20  # questions listed unless all are wanted


def report(run: Run, verbose: bool = False) -> str:
    """Show the measures of a run by slice, each in per cent with its 95 % interval.

    Those of rankings come first, then those of answers and refusals; n is how many questions have
    at least one of them.
    """
    names = {name for result in run.results for name in result.measures}
    columns = [measure.name for measure in shown(names, run.k)]
    rankings = {measure.name for measure in of_rankings(run.k)}
    lines = [_headline(run)]
    for some in ([c for c in columns if c in rankings], [c for c in columns if c not in rankings]):
        lines += _table(run, some, verbose) if some else ()
    return safe("\n".join([*lines, *_footnotes(run)]))


def _table(run: Run, columns: Sequence[str], verbose: bool) -> list[str]:
    rows = [["", "n", *columns]]
    for name, results in slices(run.results, verbose):
        values = [_values(results, column) for column in columns]
        if most := max(map(len, values)):
            rows.append([name, str(most), *map(_cell, values)])
    if len(run.suites) > 1:
        rows.insert(2, ["mean of the sets", "", *(_mean_of_sets(run, name) for name in columns)])
    return _aligned(rows)


def _mean_of_sets(run: Run, name: str) -> str:
    """The mean of a measure in which every set counts the same, however many its questions."""
    sets = [[r for r in run.results if r.suite == suite["name"]] for suite in run.suites]
    means = [chance.mean(values) for some in sets if (values := _values(some, name))]
    return f"{100 * chance.mean(means):.1f}" if means else _NONE


def slices(results: Sequence[Result], verbose: bool) -> list[tuple[str, list[Result]]]:
    """Return the groups of results that are shown: all, then by set, language, kind, transcript.

    What does not divide them is left out, and so are many transcripts unless `verbose`.
    """
    found: list[tuple[str, list[Result]]] = [("all", list(results))]
    for field in ("suite", "language", "kind", "transcript"):
        groups: dict[str, list[Result]] = {}
        for result in results:
            groups.setdefault(str(getattr(result, field)) or "–", []).append(result)
        if len(groups) < 2 or (field == "transcript" and len(groups) > _FEW and not verbose):
            continue
        found += [(f"{field} {_short(name, _WIDEST)}", group) for name, group in groups.items()]
    return found


def _headline(run: Run) -> str:
    asked, known = len(run.results), sum(_count(suite["of"]) for suite in run.suites)
    of = f" of {known}" if known > asked else ""
    parts = [f"{asked}{of} questions", f"legs {run.legs}"]
    parts += [
        f"{s['name']}: {s['transcripts']} transcripts, {s['passages']} passages"
        for s in run.suites
        if len(run.suites) < 4
    ]
    return f"{'; '.join(parts)}; per cent with 95 % intervals"


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _footnotes(run: Run) -> Iterable[str]:
    for suite in run.suites:
        skipped = suite["skipped"]
        if isinstance(skipped, Mapping) and skipped:
            counts = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
            yield f"{suite['name']}: questions skipped: {counts}"
        unjudged = sum(r.answerable and "mrr@10" not in r.measures and r.suite == suite["name"]
                       for r in run.results)  # fmt: skip
        if unjudged:
            yield f"{suite['name']}: {unjudged} questions without a gold turn are not ranked"
    searches = [result.search for result in run.results]
    if searches:
        yield f"search: {_times(searches)}"
    for name, values in facts.totals([r.answer for r in run.results if r.answer]).items():
        yield {
            "length": f"answers: {chance.mean(values):.0f} characters on average",
            "latency": f"answer: {_times(values)}",
            "tokens": f"tokens: {chance.mean(values):.0f} an answer, {sum(values):.0f} in all",
            "cost": f"cost: {sum(values):.4f}",
        }[name]
    if run.judge is not None:
        yield _judge(run.judge)


def _judge(found: Mapping[str, object]) -> str:
    """Say how good the judge is, beside what it says."""
    if not found.get("n"):
        return f"judge {found['model']}: not measured against people (--judged FILE does)"
    return f"judge {found['model']} against people, {found['sample']}: {judging.alike(found)}"


def _times(values: Sequence[float]) -> str:
    return f"p50 {chance.quantile(values, 0.5):.1f} ms, p95 {chance.quantile(values, 0.95):.1f} ms"


def _values(results: Sequence[Result], name: str) -> list[float]:
    """Return a measure's values; precision says nothing where all refusals are right, or wrong."""
    if name == "refusal precision" and len({result.answerable for result in results}) < 2:
        return []
    return [result.measures[name] for result in results if name in result.measures]


def _cell(values: Sequence[float]) -> str:
    if not values:
        return _NONE
    low, high = chance.interval(values)
    return f"{100 * chance.mean(values):.1f} ({100 * low:.0f}–{100 * high:.0f})"


def comparisons(found: Sequence[Comparison], verbose: bool = False) -> str:
    """Show what changed; with `verbose`, the questions that were won and lost, too."""
    rows = [["", "n", "before", "after", "difference", "won", "lost", "p", "p (Holm)", ""]]
    for item in found:
        low, high = 100 * item.low, 100 * item.high
        rows.append([
            item.measure,
            str(item.n),
            f"{100 * item.before:.1f}",
            f"{100 * item.after:.1f}",
            f"{100 * item.difference:+.1f} ({low:+.1f} to {high:+.1f})",
            str(len(item.wins)),
            str(len(item.losses)),
            f"{item.p:.4f}",
            f"{item.adjusted:.4f}",
            item.verdict,
        ])  # fmt: skip
    lines = _aligned(rows)
    for item in found if verbose else ():
        for title, ids in (("won", item.wins), ("lost", item.losses)):
            lines += [f"{item.measure} {title}: {id_}" for id_ in ids]
    return safe("\n".join(lines))


def failures(run: Run, verbose: bool = False) -> str:
    """List the questions for which nothing right was found, with what was found instead."""
    deepest = f"hit@{run.k}"
    failed = [result for result in run.results if result.measures.get(deepest) == 0]
    if not failed:
        return f"every question is answered among the first {run.k} passages"
    lines = [f"nothing right among the first {run.k} passages ({len(failed)} questions):"]
    for result in failed if verbose else failed[:_FAILING]:
        lines.append(f"[{result.id}] {_snippet(result.question)}")
        wanted = result.relevant[0]
        lines.append(f"  wanted [{wanted}] {_snippet(result.texts.get(wanted, ''))}")
        for place in result.ranking[:1]:
            lines.append(
                f"  found  [{place.address}] {_snippet(result.texts.get(place.address, ''))}"
            )
    if len(failed) > _FAILING and not verbose:
        lines.append(f"and {len(failed) - _FAILING} more (-v lists all)")
    return safe("\n".join(lines))


def _snippet(text: str) -> str:
    return _short(one_line(text), _SNIPPET)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Write rows as columns, the first to the left and the others to the right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first + " " * (widths[0] - _width(first))]
        cells += [
            " " * (width - _width(cell)) + cell
            for cell, width in zip(others, widths[1:], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _width(text: str) -> int:
    """Columns that a text takes on a screen."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
