"""An index brought up to date is the one that a build from nothing would give."""

from __future__ import annotations

import io
import os
import random
import shutil
import time
import zipfile
from pathlib import Path

import pytest
from fakes import HashEncoder, build, ids
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import store
from rag.store import Report, Store, layers
from rag.transcripts.naming import Naming

WORDS = (
    "harbour willow ember falcon copper anchor summit cedar stone river light north maple"
    " 河流 水库 茶叶 城市 邻居 医院 电池 价格"
).split()
PLACES = ("one.md", "two.txt", "three.md", "deep/one.md", "deep/four.txt", "five.md")


def talk(seed: int, turns: int = 10) -> str:
    """A short interview, the same for the same seed."""
    dice = random.Random(seed)
    said = []
    for number in range(turns):
        speaker = ("Ann", "Bob")[number % 2]
        words = " ".join(dice.choice(WORDS) for _ in range(dice.randint(12, 40)))
        said.append(f"{speaker}: {words}{'?' if number % 2 == 0 else '.'}")
    return "\n\n".join(said) + "\n"


def aged(path: Path, seconds: float = 60) -> None:
    """Let a file be so old that its time is believed."""
    before = time.time() - seconds
    os.utime(path, (before, before))


def put(corpus: Path, name: str, text: str, age: float = 60) -> None:
    path = corpus / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    aged(path, age)


def hits(opened: Store) -> dict[str, object]:
    """All that an index answers, without the numbers that it gives to passages."""
    catalog = opened.catalog
    paths = {item.id: item.path for item in catalog.transcripts()}

    def named(id_: int) -> tuple[str, str]:
        passage = catalog.passages([id_])[0]
        return paths[passage.transcript], f"{passage.address} {passage.text}".split(":", 1)[1]

    everything = catalog.ids()
    found: dict[str, object] = {
        "passages": sorted(map(named, everything)),
        "speakers": sorted((s.name, paths[s.transcript], s.words) for s in catalog.speakers()),
        "aliases": sorted(catalog.aliases()),
    }
    for word in WORDS:
        terms = {word: 1.0, WORDS[0]: 0.5}
        found[f"idf {word}"] = opened.lexical.weigh([word])[word]
        found[f"lexical {word}"] = sorted(
            (round(match.score, 2), *named(match.id)) for match in opened.lexical.search(terms, 999)
        )
        found[f"containing {word}"] = sorted(map(named, opened.lexical.containing([[word]])))
        near = opened.nearest(HashEncoder().question(word), len(everything))
        found[f"near {word}"] = sorted((round(score, 4), *named(id_)) for id_, score in near)
    return found


def same(updated: Store, fresh: Store) -> None:
    """Compare two indexes up to the last digit of a score."""
    one, other = hits(updated), hits(fresh)
    for name, value in one.items():
        if name.startswith(("lexical", "near", "idf")):
            assert _close(value, other[name]), name
        else:
            assert value == other[name], name


def _close(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-9
    assert isinstance(one, list)
    assert isinstance(other, list)
    mine = {row[1:]: row[0] for row in one}
    theirs = {row[1:]: row[0] for row in other}
    return mine.keys() == theirs.keys() and all(
        abs(mine[key] - theirs[key]) <= 0.0101 for key in mine
    )


STEP = st.tuples(
    st.sampled_from(["write", "write", "edit", "delete", "rename", "touch", "names"]),
    st.sampled_from(PLACES),
    st.integers(0, 5),
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rounds=st.lists(st.lists(STEP, min_size=1, max_size=4), min_size=1, max_size=6),
    dead=st.sampled_from([0.2, 0.6, 2.0]),
)
def test_an_updated_index_answers_as_one_built_from_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    rounds: list[list[tuple[str, str, int]]],
    dead: float,
) -> None:
    monkeypatch.setattr(layers, "MOST_DEAD", dead)
    project = tmp_path_factory.mktemp("project")
    corpus, folder = project / "corpus", project / "index" / "default"
    for number in range(8):
        put(corpus, f"base-{number}.md", talk(100 + number))
    build(folder, corpus)
    for number, steps in enumerate(rounds):
        for step in steps:
            change(corpus, number, *step)
        build(folder, corpus)
        opened = Store.open(folder)
        shutil.rmtree(project / "index" / "fresh", ignore_errors=True)
        build(project / "index" / "fresh", corpus)
        same(opened, Store.open(project / "index" / "fresh"))
        assert opened.catalog.check() == "ok"


def change(corpus: Path, number: int, what: str, name: str, seed: int) -> None:
    path = corpus / name
    if what == "write":
        put(corpus, name, talk(seed), age=1000 - number)
    elif what == "names":
        put(corpus, "speakers.toml", f'Ann = "Person {seed}"\n')
    elif not path.exists():
        return
    elif what == "edit":
        put(corpus, name, path.read_text(encoding="utf-8") + f"\n\nBob: {WORDS[seed]} again.\n")
    elif what == "delete":
        path.unlink()
    elif what == "rename":
        path.rename(path.with_name(f"renamed-{seed}-{path.name}"))
    else:
        aged(path, 500 - number)


# --- what is done, and what is not


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """Ten interviews in a project, indexed when their times were to be believed."""
    corpus = tmp_path / "project" / "corpus"
    for number in range(10):
        put(corpus, f"talk-{number}.md", talk(number))
    build(place(corpus), corpus)
    return corpus


def place(corpus: Path) -> Path:
    return corpus.parent / "index" / "default"


def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which transcripts are read."""
    from rag import transcripts

    real, seen = transcripts.load, list[str]()

    def load(path: Path) -> bytes:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(transcripts, "load", load)
    return seen


def done(report: Report) -> tuple[int, int, int, int]:
    return report.read, report.embedded, report.removed, report.dropped


def test_only_the_file_that_changed_is_read(talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = talks / "talk-3.md"
    path.write_text(path.read_text() + "\n\nBob: A lighthouse that nobody named before, I think.\n")
    seen, encoder = opened_files(monkeypatch), HashEncoder()
    report = build(place(talks), encoder=encoder)
    assert seen == ["talk-3.md"]
    assert done(report) == (1, 1, 0, 1)
    assert report.unchanged == 9
    assert ["lighthouse" in text for text in encoder.seen] == [True]


def test_files_that_were_not_written_anew_are_the_same_files(talks: Path) -> None:
    before = store.current(place(talks)) / "vectors.faiss"
    number = before.stat().st_ino
    put(talks, "new.md", talk(77))
    report = build(place(talks))
    assert done(report) == (1, 5, 0, 0)
    assert (store.current(place(talks)) / "vectors.faiss").stat().st_ino == number


def test_a_renamed_file_is_embedded_by_nobody(talks: Path) -> None:
    (talks / "talk-3.md").rename(talks / "other.md")
    encoder = HashEncoder()
    report = build(place(talks), encoder=encoder)
    assert (encoder.seen, done(report)) == ([], (1, 0, 1, 0))
    assert "other" in ids(Store.open(place(talks)))


def test_touched_files_are_compared_and_nothing_more(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag import transcripts

    aged(talks / "talk-3.md", 30)
    with monkeypatch.context() as without:
        without.setattr(transcripts, "parse", None)
        report = build(place(talks))
    assert (report.changed, report.read) == (False, 1)
    # When many were touched, their times are noted, and the next look is cheap again.
    monkeypatch.setattr("rag.store.builder._WORTH_RECORDING", 5)
    for path in talks.iterdir():
        aged(path, 30)
    monkeypatch.setattr(transcripts, "parse", None)
    assert build(place(talks)).read == 10
    assert build(place(talks)).read == 0


def test_a_file_of_the_same_size_written_at_once_is_seen(talks: Path) -> None:
    path = talks / "talk-3.md"
    path.write_text(talk(3) + "\n\nBob: The number is 41.\n")
    build(place(talks))
    moment = path.stat().st_mtime_ns
    path.write_text(talk(3) + "\n\nBob: The number is 42.\n")
    os.utime(path, ns=(moment, moment))  # within one tick of the clock
    assert build(place(talks)).changed
    assert Store.open(place(talks)).lexical.containing([["42"]])


def test_names_given_beside_files_change_those_that_they_name(talks: Path) -> None:
    (talks / "speakers.toml").write_text('["talk-2.md"]\nAnn = "Anne Smith"\n')
    report = build(place(talks))
    assert done(report)[:2] == (1, 0)
    names = {(s.name, s.transcript) for s in Store.open(place(talks)).catalog.speakers()}
    assert ("Anne Smith", "talk-2") in names
    assert ("Ann", "talk-1") in names
    (talks / "speakers.toml").unlink()
    build(place(talks))
    assert "Anne Smith" not in {s.name for s in Store.open(place(talks)).catalog.speakers()}


def test_many_updates_make_few_layers_and_in_the_end_a_new_index(talks: Path) -> None:
    numbers = []
    for number in range(12):
        put(talks, f"talk-{number % 3}.md", talk(1000 + number))
        build(place(talks))
        numbers.append(len(Store.open(place(talks)).manifest.layers))
    assert max(numbers) <= 4
    assert 1 in numbers, "never written anew"


# --- archives


def archive(members: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return stream.getvalue()


def zipped(talks: Path, members: dict[str, str]) -> None:
    (talks / "more.zip").write_bytes(archive(members))
    aged(talks / "more.zip")


def in_archive(folder: Path) -> list[str]:
    items = Store.open(folder).catalog.transcripts()
    return sorted(item.path for item in items if ".zip/" in item.path)


def test_an_archive_is_indexed_as_its_members(talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place(talks)
    zipped(talks, {"a/tea.md": talk(50), "a/bees.md": talk(51), "README.md": "no"})
    assert done(build(folder))[:2] == (1, 10)
    assert in_archive(folder) == ["corpus/more.zip/a/bees.md", "corpus/more.zip/a/tea.md"]
    with monkeypatch.context() as closed:
        closed.setattr("rag.transcripts.load", None)
        assert build(folder).changed is False
    assert store.changed(Store.open(folder), [talks], talks.parent, Naming()) == (11, [])
    zipped(talks, {"a/tea.md": talk(50), "b/ants.md": talk(52)})
    assert store.changed(Store.open(folder), [talks], talks.parent, Naming())[1] == [
        "corpus/more.zip"
    ]
    assert build(folder).embedded == 5
    assert in_archive(folder) == ["corpus/more.zip/a/tea.md", "corpus/more.zip/b/ants.md"]
    (talks / "more.zip").unlink()
    assert build(folder).removed == 1
    assert in_archive(folder) == []


def test_a_member_that_cannot_be_read_keeps_what_it_had(talks: Path) -> None:
    folder = place(talks)
    zipped(talks, {"a/tea.md": talk(50), "a/bees.md": talk(51)})
    build(folder)
    zipped(talks, {"a/tea.md": "\0\1\2\3" * 50, "a/bees.md": talk(53)})
    report = build(folder)
    assert ["more.zip/a/tea.md" in problem for problem in report.problems] == [True]
    assert in_archive(folder) == ["corpus/more.zip/a/bees.md", "corpus/more.zip/a/tea.md"]
    assert build(folder).problems == report.problems


def test_names_beside_an_archive_count_for_what_is_in_it(talks: Path) -> None:
    zipped(talks, {"a/tea.md": talk(50)})
    (talks / "speakers.toml").write_text('["more.zip/a/tea.md"]\nAnn = "Anne Smith"\n')
    build(place(talks))
    said = {s.transcript for s in Store.open(place(talks)).catalog.speakers()
            if s.name == "Anne Smith"}  # fmt: skip
    assert said == {"tea"}


# --- files that are no transcripts


FOREIGN = '{"text": "not a transcript", "speaker": 1, "start": "soon", "nothing": [{"text": 5}]}'


@pytest.fixture
def foreign(talks: Path) -> Path:
    put(talks, "odd.json", FOREIGN)
    return talks


def test_a_foreign_file_in_a_folder_is_noted_once(foreign: Path) -> None:
    folder = place(foreign)
    report = build(folder)
    assert (report.problems, len(report.notes)) == ((), 1)
    assert "odd.json" in report.notes[0]
    again = build(folder)
    assert (again.notes, again.read, again.changed) == ((), 0, False)
    assert store.changed(Store.open(folder), [foreign], foreign.parent, Naming())[1] == []


def test_what_is_known_is_not_opened_to_see_what_it_is(
    talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(talks, "call.json", '{"segments": [{"start": 0, "end": 2, "text": "The harbour froze."}]}')
    assert build(place(talks)).transcripts == 11
    monkeypatch.delattr("rag.transcripts.finding._may_be")
    report = build(place(talks))
    assert (report.transcripts, report.read) == (11, 0)


def test_a_foreign_file_given_by_name_is_a_problem(foreign: Path) -> None:
    report = build(place(foreign), foreign / "odd.json")
    assert ["odd.json" in problem for problem in report.problems] == [True]


# --- ids


def test_files_of_one_stem_have_ids_that_no_order_decides(tmp_path: Path) -> None:
    found = []
    for number, order in enumerate((("a.srt", "a.vtt"), ("a.vtt", "a.srt"))):
        corpus = tmp_path / str(number) / "corpus"
        put(corpus, "a.srt", "1\n00:00:01,000 --> 00:00:03,000\nThe harbour froze.\n")
        put(corpus, "a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\nThe river thawed.\n")
        build(place(corpus), *(corpus / name for name in order))
        opened = Store.open(place(corpus))
        found.append({item.path: item.id for item in opened.catalog.transcripts()})
    assert found[0] == found[1] == {"corpus/a.srt": "a-srt", "corpus/a.vtt": "a-vtt"}


def test_a_file_that_cannot_be_read_is_not_counted_as_unchanged(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text("**Mia:** Tea?\n\n**Bo:** Tea.\n", encoding="utf-8")
    (tmp_path / "bad.srt").write_text("1\n", encoding="utf-8")
    report = build(tmp_path / "index", tmp_path)
    assert len(report.problems) == 1
    assert (report.read, report.unchanged) == (2, 0)
