"""Copies of an index in a file of Milvus Lite: what is sent, what a kill leaves, who may look."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from copied import indexed_in, needs_lite, renewed
from fakes import HashEncoder, build
from samples import WOOD

from rag.errors import NotReady, UsageError
from rag.pipeline import Rag
from rag.settings import Settings, load
from rag.store import Store as OnDisk
from rag.store import copying
from rag.store.contract import Store
from rag.store.copying import copy_to
from rag.store.milvus import schema
from rag.store.milvus import state as states
from rag.store.milvus.address import Place, prefix
from rag.store.milvus.client import Server, _telling
from rag.store.milvus.reading import MilvusStore

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:milvus_lite.*")
NAME = "default"
NEW = "Host: Who feeds the swans?\n\nIda Moe: I do, with lettuce, and never with bread.\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index and its copy, which tests take copies of."""
    needs_lite()
    folder = tmp_path_factory.mktemp("first")
    with closing(OnDisk.open(indexed_in(folder))) as disk:
        done = copy_to(disk, str(folder / "copy.db"), NAME)
    assert (done.sent, done.kept, done.removed, done.changed) == (5, 0, 0, True)
    return folder


@pytest.fixture
def here(first: Path, tmp_path: Path) -> Path:
    shutil.copytree(first, tmp_path / "here")
    return tmp_path / "here"


def change(here: Path) -> OnDisk:
    """Change one transcript, remove one and add one; return the index brought up to date."""
    talks = here / "talks"
    text = (talks / "violin.txt").read_text(encoding="utf-8")
    (talks / "violin.txt").write_text(text.replace("always maple", "always pear wood"))
    (talks / "tea.md").unlink(missing_ok=True)
    (talks / "swans.txt").write_text(NEW)
    return renewed(here / "index" / "default")


def copy(here: Path, source: Store, name: str = NAME) -> copying.Copied:
    return copy_to(source, str(here / "copy.db"), name)


def opened(here: Path, name: str = NAME) -> MilvusStore:
    return MilvusStore.open(str(here / "copy.db"), name)


def held(store: Store) -> list[tuple[str, tuple[str, ...], str]]:
    """Everything that is in an index: addresses, who speaks there, and the words."""
    passages = store.catalog.passages(store.catalog.ids())
    return sorted((str(p.address), p.speakers, p.searchable) for p in passages)


def same(here: Path, source: Store) -> None:
    """Nothing is lost, doubled, attributed to another or scored differently."""
    with closing(opened(here)) as there:
        assert held(there) == held(source)
        assert Counter(there.catalog.speakers()) == Counter(source.catalog.speakers())
        for weights in ({"violin": 1.0, "winter": 2.0}, {"storm": 1.0, "the": 0.5, "swan": 3.0}):
            expected = scores(source, weights)
            assert scores(there, weights) == pytest.approx(expected, rel=1e-5)
        words = there.lexical.containing([["wind"]])
        assert len(words) == len(source.lexical.containing([["wind"]]))


def scores(store: Store, weights: dict[str, float]) -> dict[str, float]:
    found = store.lexical.search(weights, 50)
    passages = store.catalog.passages([match.id for match in found])
    return {str(p.address): m.score for p, m in zip(passages, found, strict=True)}


def clean(here: Path, name: str = NAME) -> None:
    clean_on(str(here / "copy.db"), name, alone=True)


def clean_on(address: str, name: str, *, alone: bool = False) -> None:
    """No row is on the server but those of the state that readers see."""
    start = prefix(name)
    with closing(Server.connect(Place.parse(address))) as server:
        state = states.read(server, start)
        assert state is not None
        assert state.done
        names = {what: states.collection(start, state.generation, what) for what in
                 schema.COLLECTIONS}  # fmt: skip
        there = set(server.collections())
        assert there == {start, *names.values()} or not alone
        everything = "since >= 0"
        assert server.count(names[schema.PASSAGES], everything) == state.manifest.passages
        texts = sum(one.texts[1] for one in state.documents)
        assert server.count(names[schema.TEXTS], everything) == texts
        rows = server.query(names[schema.WORDS], everything, ["term", "dimension"])
        terms = Counter(row["term"] for row in rows)
        assert terms.most_common(1)[0][1] == 1
        assert len({row["dimension"] for row in rows}) == len(rows)
        assert states.begun(server, start) == []


def test_only_what_changed_is_sent_and_what_is_gone_is_removed(here: Path) -> None:
    source = OnDisk.open(here / "index" / "default")
    again = copy(here, source)
    assert (again.sent, again.kept, again.changed) == (0, 5, False)
    source = change(here)
    done = copy(here, source)
    assert (done.sent, done.kept, done.removed, done.changed) == (2, 3, 1, True)
    same(here, source)
    clean(here)
    assert not copy(here, source).changed


def test_what_was_removed_is_gone_for_good(here: Path) -> None:
    copy(here, change(here))
    with closing(opened(here)) as there:
        assert there.catalog.transcript("tea") is None
        assert there.lexical.containing([["茶"]]) == []
        weights = there.lexical.weigh(["茶", "nowhere"])
        assert weights["茶"] == weights["nowhere"]


def test_many_updates_score_as_one_index_does(here: Path) -> None:
    for number in range(4):
        words = "ferry " * (number + 2)
        (here / "talks" / f"more-{number}.txt").write_text(
            f"Host: What about ferry {number}?\n\nIda Moe: The {words}sails at {number} o'clock.\n"
        )
        (here / "talks" / f"more-{number - 2}.txt").unlink(missing_ok=True)
        source = renewed(here / "index" / "default")
        copy(here, source)
    same(here, source)
    clean(here)


def test_another_encoder_means_another_copy(here: Path) -> None:
    talks, index = here / "talks", here / "index" / "default"
    build(index, talks, encoder=HashEncoder(32, "other"))
    with closing(OnDisk.open(index)) as source:
        done = copy(here, source)
        assert (done.sent, done.removed) == (5, 0)
        same(here, source)
    clean(here)
    with closing(opened(here)) as there:
        assert there.vectors(there.catalog.ids()).shape[1] == 32
        with pytest.raises(NotReady, match="then copy it to the store"):
            Rag(there, HashEncoder(), Settings(store="http://localhost:1"))


# --- killed, or two at once


class Killed(BaseException):
    """What stands for SIGKILL: nothing of the copy runs any more."""


CALLS = ("create", "insert", "delete", "drop")


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, bool], list[int]]]:
    """Kill at the n-th change on the server, before or after it is done; n counts down."""
    left = [0]
    after = [False]

    def wrapped(real: Any) -> Any:
        def call(self: Server, *arguments: Any) -> None:
            left[0] -= 1
            if left[0] == 0 and not after[0]:
                raise Killed
            real(self, *arguments)
            if left[0] == 0:
                raise Killed

        return call

    for name in CALLS:
        monkeypatch.setattr(Server, name, wrapped(getattr(Server, name)))

    def set_to(number: int, late: bool) -> list[int]:
        left[0], after[0] = number, late
        return left

    yield set_to
    left[0] = 0


def killed_at(here: Path, source: Store, set_to: Callable[[int, bool], list[int]],
              number: int, late: bool) -> bool:  # fmt: skip
    """Copy until the n-th change; tell whether it was killed."""
    left = set_to(number, late)
    try:
        copy(here, source)
    except Killed:
        return True
    finally:
        left[0] = 0
    return False


def test_killed_at_any_change_readers_see_one_state_whole_and_the_next_copy_tidies_up(
    here: Path, tmp_path: Path, killing: Callable[[int, bool], list[int]]
) -> None:
    before = held(OnDisk.open(here / "index" / "default"))
    source = change(here)
    after = held(source)
    seen, number = Counter[str](), 0
    while True:
        number += 1
        late = number % 2 == 0
        place = tmp_path / f"kill-{number}"
        shutil.copytree(here, place)
        if not killed_at(place, source, killing, number, late):
            break
        with closing(opened(place)) as there:
            now = held(there)
            assert now in (before, after)
            seen["after" if now == after else "before"] += 1
            (hit, *_) = Rag(there, HashEncoder(), Settings()).search(WOOD)
            assert ("pear" in hit.passage.text) == (now == after)
        if number % 4 == 1:
            copy(place, source)
            same(place, source)
            clean(place)
        shutil.rmtree(place)
    assert seen["before"] > 5
    assert seen["after"] > 2


def test_a_first_copy_that_was_killed_is_none(
    first: Path, tmp_path: Path, killing: Callable[[int, bool], list[int]]
) -> None:
    source = OnDisk.open(first / "index" / "default")
    for number in (1, 4, 7, 9):
        assert killed_at(tmp_path, source, killing, number, False)
        with pytest.raises(NotReady, match="no index 'default' there"):
            opened(tmp_path)
    copy(tmp_path, source)
    same(tmp_path, source)
    clean(tmp_path)


def test_a_copy_that_is_overtaken_says_so_and_leaves_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = change(here)
    write, running = states.write, [False]

    def overtaken(server: Server, start: str, state: states.State) -> str:
        if not running[0]:
            running[0] = True
            copying._Copy(server, start, source, lambda *_: None, 0.0).run(NAME)
        return write(server, start, state)

    (here / "talks" / "late.txt").write_text(NEW.replace("swans", "geese"))
    slow = renewed(here / "index" / "default")
    with monkeypatch.context() as patched:
        patched.setattr(states, "write", overtaken)
        with pytest.raises(NotReady, match="another copy of this index was begun meanwhile"):
            copy(here, slow)
    same(here, source)
    copy(here, slow)
    same(here, slow)
    clean(here)


def test_a_reader_of_an_old_state_takes_the_new_one_or_says_that_it_is_gone(here: Path) -> None:
    source = change(here)
    with closing(opened(here)) as there:
        rag = Rag(there, HashEncoder(), Settings())
        gone = there.catalog.ids_of(["violin"])
        server = there._server
        copying._Copy(server, prefix(NAME), source, lambda *_: None, 0.0).run(NAME)
        with pytest.raises(NotReady, match="changed by a copy while it was read"):
            there.catalog.passages(gone)
        assert "pear wood" in rag.search(WOOD)[0].passage.text
        assert (
            rag.search("Who feeds the swans?", speaker="Ida Moe")[0].passage.transcript == "swans"
        )
        assert not there.renew()


# --- names, sizes, secrets


def test_indexes_of_one_database_do_not_touch_each_other(here: Path) -> None:
    source = OnDisk.open(here / "index" / "default")
    (here / "one").mkdir()
    (here / "one" / "swans.txt").write_text(NEW)
    build(here / "index" / "small", here / "one")
    small = OnDisk.open(here / "index" / "small")
    for name in ("default_g", "研究 1"):
        copy(here, small, name)
        with closing(opened(here, name)) as there:
            assert held(there) == held(small)
    same(here, source)
    with pytest.raises(NotReady, match="no index 'defaul' there"):
        opened(here, "defaul")


def test_no_two_names_share_a_prefix() -> None:
    names = ["a", "a_", "a__g1", "a_5f", "A", "a b", "a-b", "研究", "a\n"]
    assert len({prefix(name) for name in names}) == len(names)
    assert all(prefix(name).isascii() and prefix(name).isidentifier() for name in names)
    with pytest.raises(UsageError, match="too long"):
        prefix("x" * 200)


def test_what_is_longer_than_a_row_is_kept_whole(tmp_path: Path) -> None:
    needs_lite()
    talks = tmp_path / "talks"
    talks.mkdir()
    letters = [f"{a}{b}{c}q" for a in "abcdefghijklmnop" for b in "abcdefghijklmnop" for c in
               "bcdfghjklmnprtvwxz"]  # fmt: skip
    many = " ".join(letters)
    words = " ".join(f"塔{n}楼" for n in range(9_000))
    (talks / "long.md").write_text(
        f"**Ann:** Go on.\n\n**Bob:** {many} and {words}.\n\n**Ann:** Thanks.\n\n**Bob:** Bye.\n"
    )
    index = tmp_path / "index" / "default"
    from rag import store

    store.build(
        index, [talks], HashEncoder(), encoder_name="fake", passage_tokens=8000, base=tmp_path,
        version="test",
    )  # fmt: skip
    with closing(OnDisk.open(index)) as source:
        copy(tmp_path, source)
        with closing(opened(tmp_path)) as there:
            assert there.catalog.transcript("long") == source.catalog.transcript("long")
            assert held(there) == held(source)
            for group in ([letters[1]], [letters[-1]], ["楼"]):
                here_, there_ = (len(s.lexical.containing([group])) for s in (source, there))
                assert here_ == there_ > 0


@pytest.mark.parametrize(
    "address",
    ["", "host", "host:19530", "ftp://host", "http://", "http://a b", "http://h:x", "./folder",
     "http://h?token=1", "http://h\x1b"],
)  # fmt: skip
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a store") as raised:
        Place.parse(address)
    assert "\x1b" not in str(raised.value)


def test_a_token_is_never_shown() -> None:
    place = Place.parse("https://host", {"RAG_STORE_TOKEN": "root:secret-7"})
    assert place.token == "root:secret-7"
    assert "secret" not in repr(place)
    with pytest.raises(UsageError) as raised:
        Place.parse("http://root:secret-7@host")
    assert "secret" not in str(raised.value)
    needs_lite()
    from pymilvus.exceptions import MilvusException

    with pytest.raises(NotReady) as told, _telling(place):
        raise MilvusException(message="odd: root:secret-7\nis no\x1b[2J good")
    assert str(told.value).startswith("https://host: odd: … is no[2J good")


def test_the_file_of_a_project_does_not_choose_where_a_token_goes(tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text('store = "http://elsewhere:19530"\n')
    token = {"RAG_STORE_TOKEN": "t"}
    assert load(tmp_path, {}, {}).store == "http://elsewhere:19530"
    with pytest.raises(UsageError, match="say yourself where the token is sent"):
        load(tmp_path, token, {})
    assert load(tmp_path, {**token, "RAG_STORE": "http://mine:1"}, {}).store == "http://mine:1"
    assert load(tmp_path, token, {"store": "http://mine:2"}).store == "http://mine:2"
    (tmp_path / "rag.toml").write_text('store = "copy.db"\n')
    assert load(tmp_path, {}, {}).store == str(tmp_path / "copy.db")


def test_pymilvus_reads_no_file_of_a_project_and_says_nothing(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotReady, match="no index 'other' there"):
        opened(here, "other")
    assert capfd.readouterr() == ("", "")


def test_without_pymilvus_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(UsageError) as raised:
        MilvusStore.open("http://127.0.0.1:1", NAME)
    assert raised.value.hint == "pip install 'transcript-rag[milvus]'"
