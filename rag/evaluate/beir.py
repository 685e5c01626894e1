"""Test collections in BEIR form: `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`.

Documents are judged whole, so that each is one passage: the section of a transcript with its id.
What is measured is retrieval and not the chunker. A query may name documents to `exclude` from its
ranking (the turn that asked it), and `negatives`: documents on its subject that do not answer it.
With negatives it is asked a second time, without those that do answer it: that wants a refusal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from rag.errors import UsageError
from rag.evaluate import building
from rag.evaluate.cases import Case, rows, text, texts
from rag.evaluate.gold import Task
from rag.settings import Settings
from rag.text import language
from rag.tokens import estimate
from rag.types import Address, Encoder, Passage, Section, Span, Transcript

NEGATIVES = "only negatives"
"""The kind of questions that are asked without the documents that answer them."""


def is_one(folder: Path) -> bool:
    """Tell whether a folder holds a collection."""
    return all((folder / name).is_file() for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"))


def tasks(folder: Path, known: Collection[str]) -> list[Task]:
    """Read the judged questions of a collection, of which the documents `known` are indexed.

    Raises:
        UsageError: for a line that cannot be read.
    """
    judged = _qrels(folder / "qrels.tsv")
    found: list[Task] = []
    for where, row in rows(folder / "queries.jsonl"):
        id_ = text(row, "_id", where)
        if id_ not in judged:
            continue
        asked = text(row, "text", where)
        case = Case(id_, asked, kind=kind(row, where), language=language(asked), where=where)
        exclude = frozenset(texts(row, "exclude", where))
        relevant = sorted(judged[id_] - exclude)
        gold = tuple(_address(document) for document in relevant if document in known)
        missing = tuple(document for document in relevant if document not in known)
        found.append(Task(case, gold, missing, exclude))
        if texts(row, "negatives", where):
            silent = replace(case, id=f"{id_} {NEGATIVES}", answerable=False, kind=NEGATIVES)
            found.append(Task(silent, exclude=exclude | judged[id_]))
    if not found:
        raise UsageError(f"{folder}: no question in it is judged", "compare queries and qrels")
    return found


def kind(row: dict[str, object], where: str) -> str:
    """Return what a collection calls the kind of a question, empty where it does not."""
    return text(row, "type", where) or text(row, "category", where)


def documents(folder: Path) -> dict[str, str]:
    """Return the texts of a collection by id; titles are left out: often they name the file.

    There may be several files `corpus….jsonl`; the others are read when judged documents are not in
    the first.

    Raises:
        UsageError: for a line that cannot be read.
    """
    judged = set().union(*_qrels(folder / "qrels.tsv").values())
    found: dict[str, str] = {}
    first = folder / "corpus.jsonl"
    for path in [first, *(path for path in sorted(folder.glob("corpus*.jsonl")) if path != first)]:
        if not found or judged - found.keys():
            for where, row in rows(path):
                found.setdefault(text(row, "_id", where), text(row, "text", where))
    return found


def build(place: Path, folder: Path, encoder: Encoder, chosen: Settings) -> None:
    """Write the index of a collection."""
    items = [transcript(id_, words) for id_, words in documents(folder).items()]
    passages = [passage(item) for item in items]
    vectors = encoder.passages([passage.searchable for passage in passages])
    made = building.manifest(encoder, chosen, len(passages), len(items))
    building.from_passages(place, items, passages, vectors, made)


def _qrels(path: Path) -> dict[str, set[str]]:
    relevant: dict[str, set[str]] = defaultdict(set)
    for where, query, document, score in _judgements(path):
        try:
            if int(score) > 0:
                relevant[query].add(document)
        except ValueError:
            raise UsageError(f"{where}: {score!r} is no judgement", "give a whole number") from None
    return relevant


def _judgements(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield the lines of a qrels file: BEIR's three columns, or TREC's four."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", "check the file") from error
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and cells[-1].strip() == "score"):
            continue
        if len(cells) not in (3, 4):
            hint = "write query-id, corpus-id and score with tabs between them"
            raise UsageError(f"{path}:{number}: {len(cells)} columns", hint)
        yield f"{path}:{number}", cells[0], cells[-2], cells[-1]


def _address(document: str) -> Address:
    return Address(document, 1, 1, section=True)


def transcript(id_: str, words: str) -> Transcript:
    """Return a document as a transcript of one section, with the document's id."""
    lines = tuple(range(1, words.count("\n") + 2))
    section = Section(number=1, title="", text=words, line=1, lines=lines)
    return Transcript(id_, id_, id_, date="", source="", language="", sections=(section,))


def passage(item: Transcript) -> Passage:
    """Return the one passage of a document: it is judged whole, so it is not cut."""
    section = item.sections[0]
    span = Span(1, 0, "", section.text, 0, section.lines)
    return Passage(item.id, (span,), estimate(section.text), section=True)
