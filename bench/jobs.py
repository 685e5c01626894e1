"""What is measured in a process of its own: `python -m bench.jobs NAME JSON` prints figures."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rag import pipeline, retrieve
from rag.pipeline import Rag
from rag.settings import Settings

Figures = dict[str, object]


def build(sources: str, index: str) -> Figures:
    """Build or update an index with the default settings."""
    report = pipeline.build([Path(sources)], Settings(index=index))
    folder = [path for path in Path(index).rglob("*") if path.is_file()]
    return {
        "transcripts": report.transcripts,
        "turns": report.turns,
        "passages": report.passages,
        "embedded": report.embedded,
        "reused": report.reused,
        "recall": report.recall,
        "megabytes": sum(path.stat().st_size for path in folder) / (1 << 20),
    }


def query(index: str, count: int) -> Figures:
    """Search and answer `count` questions in one process; milliseconds of each."""
    from bench import synthetic

    rag = Rag.open(chosen=Settings(index=index))
    asked = synthetic.questions(count + 5)
    for question in asked[:5]:  # the first ones pay for imports and cold pages
        rag.ask(question)
    figures: Figures = {}
    for name, call in (("search", rag.find), ("ask", rag.ask)):
        figures[name] = [_milliseconds(call, question) for question in asked[5:]]
    return figures


def stages(index: str, question: str) -> Figures:
    """Go through the steps of `rag ask` twice; CPU seconds of the second, which imports nothing."""
    from rag import answer, embedder, store

    chosen = Settings(index=index)
    for _ in range(2):
        clock = [time.process_time()]
        encoder = embedder.load(chosen.encoder)
        clock.append(time.process_time())
        opened = store.Store.open(pipeline.index_folder(chosen))
        clock.append(time.process_time())
        ready = retrieve.prepare(question, (), encoder)
        hits = retrieve.search(opened, ready, chosen.k, chosen)
        clock.append(time.process_time())
        chance = retrieve.confidence(hits, ready, opened)
        answer.extract(ready, hits, chance, store=opened, encoder=encoder, settings=chosen)
        clock.append(time.process_time())
    names = ("model load", "index open", "search", "answer")
    return {name: end - start for name, start, end in zip(names, clock, clock[1:], strict=False)}


def synthesize(folder: str, turns: int) -> Figures:
    """Write synthetic interviews."""
    from bench import synthetic

    return {"files": synthetic.write(Path(folder), turns)}


def _milliseconds(call: Callable[[str], object], question: str) -> float:
    started = time.perf_counter()
    call(question)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    jobs: dict[str, Callable[..., Figures]] = {
        "build": build,
        "query": query,
        "stages": stages,
        "synthesize": synthesize,
    }
    print(json.dumps(jobs[sys.argv[1]](**json.loads(sys.argv[2]))))
