"""Survival: an index killed again and again while it is built, updated and written anew.

After every kill it must open, and hold exactly what it held before or what it was to hold: every
turn of every file once, every passage under its own speaker, found by its words and by its vector.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import heading, note, progress, table

if TYPE_CHECKING:
    from rag.store import Store
    from rag.types import Matrix, Vector

WORK = ("build", "update", "write anew")
_FILES, _TURNS, _DIMENSION = 24, 12, 16

Held = dict[str, tuple[tuple[str, str], ...]]
"""Who says what, by file."""


@dataclass(slots=True)
class Tally:
    """What happened: kills by the work that they cut short, and what was found afterwards."""

    kills: Counter[str] = field(default_factory=Counter)
    halfway: Counter[str] = field(default_factory=Counter)
    old: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)


class Hashed:
    """An encoder that needs no model: the same text has the same vector, and no two texts do."""

    fingerprint = "survive"
    dimension = _DIMENSION

    def passages(self, texts: Sequence[str], /) -> Matrix:
        """Return one vector a text."""
        import numpy as np

        return np.stack([self.question(text) for text in texts])

    def question(self, text: str, /) -> Vector:
        """Return the vector of a text."""
        import numpy as np

        vector: Vector = (
            np.random.default_rng(list(text.encode()[:400]))
            .normal(size=_DIMENSION)
            .astype(np.float32)
        )
        return vector / np.float32(np.linalg.norm(vector))


def measure(kills: int) -> None:
    """Print what `kills` kills left behind."""
    tally = survive(kills, random.Random(6))
    heading("Survival")
    note(
        f"{sum(tally.kills.values())} times SIGKILL at a random instant; each time all of the index"
        " was compared with its files. Nothing was lost, doubled or given to somebody else."
    )
    table(
        ("Killed while it would", "Kills", "Left a half-written generation", "Old one answers",
         "New one answers"),
        [(work, tally.kills[work], tally.halfway[work], tally.old[work], tally.new[work])
         for work in WORK],
    )  # fmt: skip


def survive(kills: int, chance: random.Random) -> Tally:
    """Kill an index until it died `kills` times.

    Raises:
        AssertionError: when one does not hold what it should.
    """
    _prepare()
    tally, told = Tally(), 0
    with tempfile.TemporaryDirectory() as temporary:
        trial = _Trial(Path(temporary), chance)
        while sum(tally.kills.values()) < kills:
            trial.round(WORK[sum(tally.kills.values()) % len(WORK)], tally)
            if (died := sum(tally.kills.values())) >= told + 50:
                told = died
                progress(f"survive: {died} kills")
    return tally


class _Trial:
    """A folder of interviews and its index, changed and killed round by round."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        self.corpus, self.index = place / "corpus", place / "index" / "default"
        self.chance = chance
        self.edition = 0
        self.lasts: dict[str, float] = {}
        self.corpus.mkdir()
        for number in range(_FILES):
            self._write(f"talk-{number:02}.md")
        self._attempt("build", None)
        self.held = self._there()

    def round(self, work: str, tally: Tally) -> None:
        """Change some files, let the index follow, kill it, and look at what is left."""
        if work == "build":
            shutil.rmtree(self.index)
            self.held = {}
        for _ in range(self.chance.randint(1, 4)):
            self._change()
        wanted = self._there()
        if work not in self.lasts:
            self._attempt(work, None)
            self.held = wanted
            return
        killed = self._attempt(work, self.chance.uniform(0, 1.3 * self.lasts[work]))
        if killed:
            tally.kills[work] += 1
            tally.halfway[work] += any(self.index.glob("building-*"))
        if killed and work == "build" and not (self.index / "CURRENT").exists():
            tally.old[work] += 1  # there was none, and there is none
            self._attempt(work, None)
            self.held, killed = wanted, False
        found = _found(self.index)
        assert found in (wanted, self.held) if killed else found == wanted, "another index"
        if killed:
            (tally.new if found == wanted else tally.old)[work] += 1
        self.held = found

    def _there(self) -> Held:
        from rag import transcripts

        return {
            f"corpus/{path.name}": tuple((t.speaker, t.text) for t in transcripts.read(path).turns)
            for path in self.corpus.iterdir()
        }

    def _write(self, name: str) -> None:
        """Write an interview of which every word that matters stands nowhere else."""
        self.edition += 1
        said = [
            f"{('Ann', 'Bob')[n % 2]}{self.edition % 7}: This is number {n} and its mark is"
            f" mark{self.edition}x{n}, which nobody else says {'?' if n % 2 == 0 else '.'}"
            for n in range(_TURNS)
        ]
        (self.corpus / name).write_text("\n\n".join(said) + "\n", encoding="utf-8")

    def _change(self) -> None:
        paths = sorted(self.corpus.iterdir())
        path = self.chance.choice(paths)
        what = self.chance.choice(["write", "write", "rename", "delete", "new"])
        self.edition += 1
        if what == "rename":
            path.rename(path.with_name(f"moved-{self.edition}.md"))
        elif what == "delete" and len(paths) > _FILES // 2:
            path.unlink()
        elif what == "new" and len(paths) < 2 * _FILES:
            self._write(f"new-{self.edition}.md")
        else:
            self._write(path.name)

    def _attempt(self, work: str, delay: float | None) -> bool:
        """Let a process work, kill it after `delay`; tell whether that came before its end."""
        started = time.perf_counter()
        child = os.fork()
        if not child:
            _work(self.corpus, self.index, work)
        if delay is not None:
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        took = time.perf_counter() - started
        if os.WIFSIGNALED(status):
            return True
        assert os.WEXITSTATUS(status) == 0, f"{work} failed"
        # Others may use the machine: what took long once may be quicker next time.
        self.lasts[work] = (took + self.lasts.get(work, took)) / 2
        return False


def _prepare() -> None:
    """Import before the processes are forked what all of them need."""
    import faiss
    import filelock
    import numpy
    import tantivy

    from rag.store import Store, build

    assert all((faiss, filelock, numpy, tantivy, Store, build))


def _work(corpus: Path, index: Path, work: str) -> None:
    """Bring the index up to date in a process of its own, and end it."""
    from rag import store
    from rag.store import layers

    layers.MOST_DEAD = -1.0 if work == "write anew" else 9.0
    code = 1
    try:
        store.build(
            index, [corpus], Hashed(), encoder_name="survive", passage_tokens=60,
            base=index.parent.parent, version="survive",
        )  # fmt: skip
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _found(index: Path) -> Held:
    """Return who says what in an index, all parts of which agree with each other."""
    from rag.store import Store

    opened = Store.open(index)
    catalog = opened.catalog
    assert catalog.check() == "ok", "SQLite finds damage"
    items = [catalog.transcript(item.id) for item in catalog.transcripts()]
    held = {item.path: item for item in items if item is not None}
    assert len(held) == len(items), "a file twice"
    _compare(opened, sum(len(item.turns) for item in held.values()))
    opened.close()
    return {path: tuple((t.speaker, t.text) for t in item.turns) for path, item in held.items()}


def _compare(opened: Store, turns: int) -> None:
    """Compare passages, vectors and terms of an index with each other."""
    import numpy as np

    ids = opened.catalog.ids()
    passages = opened.catalog.passages(ids)
    assert len(ids) == opened.manifest.passages == len(set(ids)), "passages miscounted"
    spans = [(passage.transcript, span.number) for passage in passages for span in passage.spans]
    assert len(spans) == len(set(spans)) == turns, "turns lost or doubled"
    expected = Hashed().passages([passage.searchable for passage in passages])
    halves = expected.astype(np.float16)
    assert np.array_equal(opened.vectors(ids), halves), "vectors of other passages"
    assert opened.lexical.containing([]) == ids, "terms of other passages"
    for id_, passage in zip(ids, passages, strict=True):
        marks = [word for word in passage.searchable.split() if word.startswith("mark")]
        words = [[part] for part in ("mark", marks[-1].rstrip(",")[4:].split("x")[0])]
        assert id_ in opened.lexical.containing(words), "a passage not found by its words"
    near = opened.nearest(expected[0], 1)
    assert near, "nothing is near"
    assert near[0][1] > 0.999, "a passage not found by its vector"
