"""What is measured of each system, operation by operation, the systems by turns."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import synthetic
from bench.measure import ROOT, Run, middle, percentile, run
from bench.peers import environments, gold
from bench.peers.environments import OURS, Environment, System
from bench.peers.gold import Question, Said
from bench.peers.report import Samples

ONE_THREAD = {
    "HF_HUB_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "false",
    **dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
    ),
}
"""Two threads on two cores of a shared machine cost ten times the CPU of one, in every system."""

QUESTION = "年轻人是怎么用 ChatGPT 的？"
SAMPLED = 200
"""Synthetic turns, half Chinese, half English, that are few enough for a transformer."""
ASKED = 65
"""Questions of which the first five are not counted."""

_WORKER = Path(__file__).resolve().parent / "systems" / "worker.py"
_ANSWERED = (0, 1)  # a refusal of `rag ask` is an answer, too


@dataclass(slots=True)
class Subject:
    """One system with its environment, its folder and what was measured of it so far."""

    system: System
    environment: Environment
    folder: Path
    samples: Samples = field(default_factory=dict)

    def note(self, **figures: float) -> None:
        """Keep one more repetition of some figures."""
        for key, value in figures.items():
            self.samples.setdefault(key, []).append(value)

    def index(self, name: str) -> str:
        """Return the folder of one of its indexes."""
        return str(self.folder / name)

    def work(self, operation: str, **arguments: object) -> tuple[Run, dict[str, Any]]:
        """Run an operation of `worker.py` in its environment."""
        figures = self.folder / "figures.json"
        given = json.dumps({**arguments, "figures": str(figures)}, ensure_ascii=False)
        command = [str(self.environment.python), str(_WORKER), self.system.name, operation, given]
        done = run(command, given=ONE_THREAD)
        return done, json.loads(figures.read_text(encoding="utf-8"))

    def rag(self, *arguments: str) -> Run:
        """Run a command of our own, installed like the others."""
        script = self.environment.folder / "bin" / "rag"
        return run([str(script), *arguments], _ANSWERED, ONE_THREAD)


@dataclass(frozen=True, slots=True)
class Material:
    """What all systems are given."""

    corpus: Path
    line: Path
    sample: Path
    turns: int
    synthetic: Path
    added: tuple[Path, ...]
    builtin: str
    minilm: str


def material(folder: Path, turns: int, additions: int, ours: Environment, cache: Path) -> Material:
    """Write the sources: the transcripts of `corpus/`, synthetic ones, files to be added later."""
    corpus, large = folder / "corpus", folder / "synthetic"
    line = folder / "line"
    corpus.mkdir(parents=True)
    line.mkdir()
    (line / "one.md").write_text("Ann: One line, so that what is measured is the start.\n", "utf-8")
    for path in sorted((ROOT / "corpus").iterdir()):
        if path.suffix in (".md", ".txt") and path.name != "README.md":
            shutil.copy(path, corpus)
    synthetic.write(large, turns + additions * synthetic.TURNS_PER_FILE)
    added = tuple(sorted(large.iterdir())[-additions:])
    later = folder / "later"
    later.mkdir()
    moved = tuple(path.rename(later / path.name) for path in added)
    sample = _sampled(large, folder / "sample")
    table, transformer = environments.builtin(ours), environments.minilm(cache)
    return Material(corpus, line, sample, turns, large, moved, str(table), str(transformer))


def recall(subject: Subject, given: Material, asked: Sequence[Question], said: Said) -> None:
    """Index the corpus, judge its chunks and what it finds."""
    texts = [question.text for question in asked]
    index = subject.index("corpus")
    if subject.system.name == OURS:
        subject.rag("index", str(given.corpus), "-i", index)
    _, found = subject.work(
        "recall", sources=str(given.corpus), index=index, encoder=_table(subject, given),
        questions=texts,
    )  # fmt: skip
    chunks, hits, words = found["chunks"], found["hits"], found["words"]
    subject.note(whole=100 * gold.whole(said, chunks), chunks=len(chunks))
    shown = [text for ranking in hits for text in ranking[: gold.SHOWN]]
    subject.note(length=sum(map(len, shown)) / len(hits))
    for group in ("zh", "en", "cross"):
        subject.note(**_rates(group, asked, hits))
    if words:
        rates = _rates("zh", asked, words)
        subject.note(zh_words=rates["zh"], zh_words_budget=rates["zh_budget"])


def cold(subject: Subject, given: Material, name: str, key: str) -> None:
    """Start, load an index, answer one question, end."""
    index = subject.index(name)
    if subject.system.name == OURS:
        done = subject.rag("ask", QUESTION, "-i", index)
    else:
        done, _ = subject.work("ask", index=index, encoder=given.builtin, question=QUESTION)
    subject.note(**{key: done.cpu, f"{key}_wall": done.wall, f"{key}_peak": done.peak})


def build(subject: Subject, given: Material) -> None:
    """Build the index of the synthetic turns anew."""
    index = subject.index("large")
    done, found = _built(subject, given.synthetic, index, _table(subject, given))
    size = sum(path.stat().st_size for path in Path(index).rglob("*") if path.is_file())
    subject.note(
        build=done.cpu,
        rate=given.turns / done.cpu,
        build_peak=done.peak,
        disk=size / 1e6,
        large_chunks=found["chunks"],
    )


def warm(subject: Subject, given: Material) -> None:
    """Ask the synthetic index in one process."""
    asked = synthetic.questions(ASKED)
    _, taken = subject.work(
        "warm", index=subject.index("large"), encoder=_table(subject, given), questions=asked
    )
    cpu, wall = taken["cpu"], taken["wall"]
    subject.note(
        warm50=percentile(cpu, 50), warm95=percentile(cpu, 95), warm_wall50=percentile(wall, 50)
    )


def add(subject: Subject, given: Material, number: int) -> None:
    """Add one more synthetic file to the synthetic index."""
    index, file = subject.index("large"), str(given.added[number])
    if subject.system.name == OURS:
        done = subject.rag("index", file, "-i", index)
    else:
        done, _ = subject.work("add", index=index, encoder=given.builtin, file=file)
    subject.note(add=done.cpu)


def minilm(subject: Subject, given: Material, turns: int) -> None:
    """Build the index of the corpus with the transformer; what one line costs is the start."""
    index = subject.index("minilm")
    if "start" not in subject.samples:
        subject.note(start=_built(subject, given.line, index, given.minilm)[0].cpu)
    done, found = _built(subject, given.corpus, index, given.minilm)
    each = (done.cpu - subject.samples["start"][0]) * 1000 / turns
    subject.note(minilm=done.cpu, minilm_chunks=found["chunks"], minilm_each=each)


def default(subject: Subject, given: Material) -> None:
    """Build from a few synthetic turns with the transformer, the peers' default; ours is the table.

    What a turn costs us is that of the whole large index, its start included.
    """
    if subject.system.name == OURS:
        subject.note(default_each=middle(subject.samples["build"]) * 1000 / given.turns)
        return
    done, _ = _built(subject, given.sample, subject.index("sample"), given.minilm)
    spent = done.cpu - subject.samples["start"][0]
    subject.note(default_each=spent * 1000 / SAMPLED)


def installed(subject: Subject) -> None:
    """Note what the environment takes."""
    made = subject.environment
    subject.note(
        install=made.megabytes,
        install_torch=made.megabytes + made.torch_megabytes,
        packages=len(made.versions) - _BARE,
    )


def turns_of(ours: Subject, given: Material) -> dict[str, list[str]]:
    """Return who says what in the corpus, as our reader reads it."""
    said: dict[str, list[str]] = ours.work("turns", sources=str(given.corpus))[1]["turns"]
    return said


_BARE = 2  # pip and setuptools are in every environment


def _built(
    subject: Subject, sources: Path, index: str, encoder: str
) -> tuple[Run, Mapping[str, float]]:
    shutil.rmtree(index, ignore_errors=True)
    if subject.system.name != OURS:
        return subject.work("build", sources=str(sources), index=index, encoder=encoder)
    done = subject.rag("index", str(sources), "-i", index, "--encoder", encoder, "--json")
    return done, {"chunks": json.loads(done.output)["passages"]}


def _sampled(large: Path, sample: Path) -> Path:
    """Write the beginnings of a Chinese and an English interview: title and turns, one a block."""
    sample.mkdir()
    for path in sorted(large.iterdir())[:2]:
        blocks = path.read_text(encoding="utf-8").split("\n\n")[: SAMPLED // 2 + 1]
        (sample / path.name).write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return sample


def _table(subject: Subject, given: Material) -> str:
    """Return the static table: ours knows it by name, the others by its folder."""
    return "builtin" if subject.system.name == OURS else given.builtin


def _rates(
    group: str, asked: Sequence[Question], hits: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Return the shares of one group's questions that five hits, or 1,500 characters, answer."""
    pairs = [(one, found) for one, found in zip(asked, hits, strict=True) if one.group == group]
    five = [gold.right(one, found[: gold.SHOWN]) for one, found in pairs]
    budget = [gold.right(one, gold.within(found)) for one, found in pairs]
    share = 100 / len(pairs)
    return {group: sum(five) * share, f"{group}_budget": sum(budget) * share}
