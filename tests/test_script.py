"""Questions from a file: parsed, several at once, in order, and not asked twice."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelFailed, NotReady, RagError, UsageError
from rag.script import AHEAD, Asked, Results, Task, Totals, into, parse, read, replies
from rag.types import Earlier

HERE, THERE = "0000000a", "0000000b"


def echo(asked: Asked) -> dict[str, object]:
    return {"question": asked.question, "answer": f"re: {asked.question}"}


def lines(*questions: str) -> list[bytes]:
    return [json.dumps({"id": q, "question": q}).encode() + b"\n" for q in questions]


def answer(
    given: Iterable[bytes], reply: Any = echo, jobs: int = 1, done: list[int] | None = None
) -> Iterator[Mapping[str, object]]:
    watch = (lambda _: None) if done is None else done.append
    return replies(read(given, "q.jsonl"), Task(reply, HERE), jobs, watch)


class Counting:
    """Replies to everything, and counts how often each question was asked."""

    def __init__(self, *failing: str, kind: str = "server") -> None:
        self.asked: Counter[str] = Counter()
        self.failing = set(failing)
        self.kind = kind

    def __call__(self, asked: Asked) -> dict[str, object]:
        self.asked[asked.question] += 1
        if asked.question in self.failing:
            broken = {"incomplete": True, "error": "no", "error_kind": self.kind}
            return {"question": asked.question, "answer": None, **broken}
        return echo(asked)


def keep(
    out: Path, given: Iterable[bytes], reply: Any, context: str = HERE, jobs: int = 3
) -> list[Path]:
    """Run a batch into a file, and return where spare replies are kept."""
    results = Results(out, context)
    try:
        into(results, read(given, "q.jsonl"), Task(reply, context), jobs, lambda _: None)
        return results.publish()
    finally:
        results.close()


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- lines


def test_lines_come_back_in_order_with_their_ids() -> None:
    given = [b'{"id": 7, "question": "one"}\n', b"\n", b'{"question": "two", "id": null}']
    assert list(answer(given)) == [
        {"id": 7, "question": "one", "answer": "re: one"},
        {"id": None, "question": "two", "answer": "re: two"},
    ]


def test_a_history_may_be_questions_cases_or_messages() -> None:
    history = [
        "one",
        {"question": "two", "answer": "2"},
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "three"},
        {"role": "assistant", "content": "3"},
        {"role": "assistant", "content": "or 4"},
        {"role": "user", "content": "five"},
    ]
    asked = parse(json.dumps({"question": "and six?", "history": history}), "q:1")
    assert asked.history == ("one", Earlier("two", "2"), Earlier("three", "3\nor 4"), "five")
    assert asked.questions == ("one", "two", "three", "five")


def test_an_answer_that_nobody_asked_for_is_left_out() -> None:
    history = [{"role": "assistant", "content": "hello"}, {"role": "user", "content": "one"}]
    assert parse(json.dumps({"question": "x", "history": history}), "q:1").history == ("one",)


def test_half_a_character_is_replaced() -> None:
    assert parse(r'{"question": "a\ud83dz \ud83c\udf75"}', "q:1").question == "a\ufffdz 🍵"


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert [asked.question for asked in read([b'\xef\xbb\xbf{"question": "x"}\r\n'], "q")] == ["x"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"not json", "not JSON"),
        (b'{"question": "x", "id": NaN}', "not JSON"),
        (b"[1]", "no question"),
        (b'{"question": 3}', "no question"),
        (b'{"question": "x", "history": "y"}', "history is no list"),
        (b'{"question": "x", "history": [3]}', "3 in its history"),
        (b'{"question": " "}', "blank"),
        (b'{"question": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 5])
def test_a_bad_line_is_named_and_those_before_it_are_answered(
    line: bytes, what: str, jobs: int
) -> None:
    found = answer([*lines("a", "b", "c"), line, *lines("d")], jobs=jobs)
    assert [next(found)["id"] for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(UsageError, match=rf"q\.jsonl:4: .*{what}"):
        next(found)


def test_a_question_that_cannot_be_asked_is_named_and_ends_it() -> None:
    def reply(asked: Asked) -> dict[str, object]:
        if asked.question == "c":
            raise UsageError("no speaker 'X'", "there are: Y")
        return echo(asked)

    found = answer(lines(*"abcdefgh"), reply, jobs=3)
    assert [next(found)["id"] for _ in range(2)] == ["a", "b"]
    with pytest.raises(UsageError, match=r"^q\.jsonl:3: no speaker 'X' \(there are: Y\)$"):
        next(found)


# --- several at once


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 6))
def test_replies_are_in_the_order_of_the_questions(waits: list[int], jobs: int) -> None:
    turn = Event()

    def reply(asked: Asked) -> dict[str, object]:
        for _ in range(waits[int(asked.question)]):
            turn.wait(0.0005)
        return echo(asked)

    questions = [str(number) for number in range(len(waits))]
    found = [line["id"] for line in answer(lines(*questions), reply, jobs)]
    assert found == questions


def test_as_many_are_under_way_at_once_as_there_are_jobs() -> None:
    together, lock = Barrier(4, timeout=30), Lock()
    running, most = 0, 0

    def reply(asked: Asked) -> dict[str, object]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        return echo(asked)

    assert len(list(answer(lines(*"abcdefgh"), reply, jobs=4))) == 8
    assert most == 4


def test_one_slow_question_does_not_let_the_rest_run_ahead_without_bound() -> None:
    slow, begun, read_ = Event(), set[str](), 0
    stalled = Event()

    def reply(asked: Asked) -> dict[str, object]:
        if asked.question == "0":
            assert slow.wait(30)
        begun.add(asked.question)
        if len(begun) == 2 * AHEAD - 1:
            stalled.set()
        return echo(asked)

    def million() -> Iterator[bytes]:
        nonlocal read_
        for read_ in range(1_000_000):
            yield from lines(str(read_))

    found = answer(million(), reply, jobs=2)
    first: list[Mapping[str, object]] = []

    def release() -> None:
        assert stalled.wait(30)
        assert begun == {str(number) for number in range(1, 2 * AHEAD)}
        assert read_ == 2 * AHEAD - 1
        slow.set()

    from threading import Thread

    releasing = Thread(target=release)
    releasing.start()
    first += itertools.islice(found, 3)
    releasing.join()
    assert [line["id"] for line in first] == ["0", "1", "2"]
    assert read_ < 100


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_reply_is_there_before_the_next_question_is_given(jobs: int) -> None:
    """As a program does that writes a question into a pipe and waits for its answer."""
    answered = [Event() for _ in range(5)]

    def dialogue() -> Iterator[bytes]:
        for number in range(5):
            yield from lines(str(number))
            assert answered[number].wait(30)

    for line in answer(dialogue(), jobs=jobs):
        answered[int(str(line["id"]))].set()
    assert all(event.is_set() for event in answered)


def test_progress_counts_what_is_answered() -> None:
    done: list[int] = []
    assert len(list(answer(lines(*"abcde"), jobs=2, done=done))) == 5
    assert done == [1, 2, 3, 4, 5]


# --- failures


@pytest.mark.parametrize(
    "error", [ModelFailed("wrong key", kind="key"), NotReady("the index is gone"), KeyError("bug")]
)
def test_what_no_other_question_would_escape_ends_it_at_once(error: Exception) -> None:
    never = Event()

    def reply(asked: Asked) -> dict[str, object]:
        if asked.question == "c":
            raise error
        if asked.question == "b":
            never.wait(30)
        return echo(asked)

    found = answer(lines(*"abcdefgh"), reply, jobs=3)
    with pytest.raises(type(error)):
        list(found)
    never.set()


@pytest.mark.parametrize(("kind", "until"), [("unreachable", 3), ("server", 10)])
def test_a_series_of_like_failures_ends_it(kind: str, until: int) -> None:
    reply = Counting(*map(str, range(2, 100)), kind=kind)
    found = answer(lines(*map(str, range(100))), reply)
    shown: list[object] = []
    with pytest.raises(ModelFailed, match=f"^no; {until} times in a row$") as raised:
        shown += (line["id"] for line in found)
    assert raised.value.kind == kind
    assert sum(reply.asked.values()) <= until + 3


@pytest.mark.parametrize("kind", ["filtered", "context", "empty", "broken"])
def test_failures_of_single_questions_are_lines(kind: str) -> None:
    questions = [str(number) for number in range(30)]
    found = list(answer(lines(*questions), Counting(*questions, kind=kind), jobs=3))
    assert [line["error_kind"] for line in found] == [kind] * 30


def test_two_failures_and_a_success_are_no_series() -> None:
    failing = [str(number) for number in range(30) if number % 3]
    reply = Counting(*failing, kind="unreachable")
    assert len(list(answer(lines(*map(str, range(30))), reply))) == 30


def test_totals() -> None:
    totals = Totals()
    totals.add(
        {"usage": {"prompt_tokens": 5, "completion_tokens": 2}, "cost": 0.5, "refused": True}
    )
    totals.add({"usage": {"prompt_tokens": 7}, "cost": 0.25, "findings": [{"kind": "absent"}]})
    totals.add({"usage": {"prompt_tokens": 9}, "cost": 9, "refused": True}, before=True)
    totals.add({"error": "x", "error_kind": "server"})
    assert (totals.questions, totals.before, totals.refused) == (4, 1, 2)
    assert (totals.failed, totals.doubtful, totals.cost) == (1, 1, 0.75)
    assert totals.usage == {"prompt_tokens": 12, "completion_tokens": 2}


# --- results in a file


def test_results_are_written_in_order_and_the_journal_goes(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    turns = {question: Event() for question in "abc"}

    def reply(asked: Asked) -> dict[str, object]:
        if asked.question != "c":
            assert turns["abc"["abc".index(asked.question) + 1]].wait(30)
        turns[asked.question].set()
        return echo(asked)

    assert keep(out, lines(*"abc"), reply) == []
    assert [line["id"] for line in written(out)] == ["a", "b", "c"]
    assert [line["answer"] for line in written(out)] == ["re: a", "re: b", "re: c"]
    assert names(tmp_path) == ["out.jsonl"]


def interrupted(out: Path, given: Iterable[bytes], after: int, reply: Any) -> None:
    """Run a batch that ends after some replies."""

    def until(asked: Asked) -> dict[str, object]:
        if sum(reply.asked.values()) == after:
            raise NotReady("gone")
        line: dict[str, object] = reply(asked)
        return line

    with pytest.raises(NotReady):
        keep(out, given, until, jobs=1)


@pytest.mark.parametrize("after", [1, 4, 9])
def test_what_was_answered_is_not_asked_again(tmp_path: Path, after: int) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    interrupted(out, lines(*"abcdefghij"), after, reply)
    assert not out.exists()
    assert len(written(tmp_path / "out.jsonl.partial")) == after
    assert keep(out, lines(*"abcdefghij"), reply) == []
    assert reply.asked == dict.fromkeys("abcdefghij", 1)
    assert [line["id"] for line in written(out)] == list("abcdefghij")
    assert names(tmp_path) == ["out.jsonl"]


@pytest.mark.parametrize("torn", [b'{"id": "c", "answ', b"\xff\x00", b'{"id"}\n', b"\n"])
def test_a_torn_line_is_asked_again(tmp_path: Path, torn: bytes) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    interrupted(out, lines(*"abcdef"), 2, reply)
    with (tmp_path / "out.jsonl.partial").open("ab") as journal:
        journal.write(torn)
    interrupted(out, lines(*"abcdef"), 4, reply)
    assert keep(out, lines(*"abcdef"), reply) == []
    assert reply.asked == dict.fromkeys("abcdef", 1)
    assert [line["id"] for line in written(out)] == list("abcdef")


@settings(deadline=None, max_examples=50)
@given(
    old=st.lists(st.sampled_from("abcdef"), max_size=8),
    new=st.lists(st.sampled_from("abcdef"), max_size=8),
    torn=st.integers(0, 400),
)
def test_cut_anywhere_a_journal_loses_only_what_was_cut(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str], torn: int
) -> None:
    folder = tmp_path_factory.mktemp("batch")
    out, first, second = folder / "out.jsonl", Counting(), Counting()
    results = Results(out, HERE)
    into(results, read(lines(*old), "q"), Task(first, HERE), 1, lambda _: None)
    results.close()
    journal = folder / "out.jsonl.partial"
    whole = journal.read_bytes()[:torn] if old else b""
    journal.write_bytes(whole)
    left = Counter(line["id"] for line in map(json.loads, whole.split(b"\n")[:-1]))
    keep(out, lines(*new), second)
    assert [line["id"] for line in written(out)] == new
    assert second.asked == Counter(new) - left
    spare = folder / "out.jsonl.partial.bak"
    assert spare.exists() == bool(left - Counter(new))


def test_the_same_line_twice_is_two_questions(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    interrupted(out, lines("a", "a", "a"), 2, reply)
    keep(out, lines("a", "a", "a"), reply)
    assert reply.asked == {"a": 3}
    assert len(written(out)) == 3


def test_failed_questions_are_asked_again_and_nothing_else(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting("b", "d")
    keep(out, lines(*"abcd"), reply)
    assert ["error" in line for line in written(out)] == [False, True, False, True]
    reply.failing = {"d"}
    keep(out, lines(*"abcd"), reply)
    assert reply.asked == {"a": 1, "b": 2, "c": 1, "d": 2}
    assert ["error" in line for line in written(out)] == [False, False, False, True]
    assert names(tmp_path) == ["out.jsonl"]


def test_a_complete_file_is_left_as_it_is(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    keep(out, lines(*"abc"), reply)
    before = out.stat()
    assert keep(out, lines(*"abc"), reply) == []
    assert sum(reply.asked.values()) == 3
    assert (out.stat().st_mtime_ns, out.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_of_changed_questions_only_the_new_are_asked_and_no_reply_is_lost(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    keep(out, lines(*"abc"), reply)
    (kept,) = keep(out, lines(*"xca"), reply)
    assert [line["id"] for line in written(out)] == ["x", "c", "a"]
    assert kept.name == "out.jsonl.bak"
    assert [line["id"] for line in written(kept)] == ["a", "b", "c"]
    assert reply.asked == dict.fromkeys("abcx", 1)


def test_questions_in_another_order_are_not_asked_again(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    keep(out, lines(*"abc"), reply)
    assert keep(out, lines(*"cab"), reply) == []
    assert [line["id"] for line in written(out)] == ["c", "a", "b"]
    (kept,) = keep(out, lines("c"), reply)
    assert [line["id"] for line in written(out)] == ["c"]
    assert [line["id"] for line in written(kept)] == ["c", "a", "b"]
    assert reply.asked == dict.fromkeys("abc", 1)


def test_another_history_is_another_question(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    for history in (["x"], [{"question": "x", "answer": "y"}]):
        line = json.dumps({"question": "a", "history": history}).encode()
        keep(out, [line], reply)
    assert reply.asked == {"a": 2}


def test_replies_given_with_other_settings_are_kept_aside(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    keep(out, lines(*"abc"), reply)
    interrupted(out, lines(*"abcde"), 4, reply)
    results = Results(out, THERE)
    assert results.foreign == 4
    results.close()
    kept = keep(out, lines(*"abc"), reply, THERE)
    assert [path.name for path in kept] == ["out.jsonl.bak", "out.jsonl.partial.bak"]
    assert [line["id"] for path in kept for line in written(path)] == ["a", "b", "c", "d"]
    assert reply.asked == {"a": 2, "b": 2, "c": 2, "d": 1}
    kept = keep(out, lines(*"abc"), reply, HERE)
    assert [path.name for path in kept] == ["out.jsonl.bak2"]


@pytest.mark.parametrize("content", ["my notes\n", '{"id": 1}\n', "[1]\n", "\n"])
def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path, content: str) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    out.write_text(content)
    with pytest.raises(UsageError, match=r"out\.jsonl:1: not a result of a batch"):
        keep(out, lines("a"), reply)
    assert out.read_text() == content
    assert names(tmp_path) == ["out.jsonl"]
    assert not reply.asked


@pytest.mark.parametrize("content", ["my notes\n{}\n", "my notes", "{}"])
def test_a_journal_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    journal = tmp_path / "out.jsonl.partial"
    journal.write_text(content)
    with pytest.raises(UsageError, match=r"out\.jsonl\.partial:1: not a result of a batch"):
        keep(tmp_path / "out.jsonl", lines("a"), echo)
    assert journal.read_text() == content


def test_a_journal_outlives_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    out, reply = tmp_path / "out.jsonl", Counting()
    interrupted(out, lines(*"abc"), 2, reply)
    out.write_text("my notes\n")
    with pytest.raises(UsageError):
        keep(out, lines(*"abc"), reply)
    out.unlink()
    keep(out, lines(*"abc"), reply)
    assert reply.asked == {"a": 1, "b": 1, "c": 1}


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.touch(mode=0o600)
    keep(out, lines("a"), echo)
    assert len(written(out)) == 1
    assert out.stat().st_mode & 0o777 == 0o600


def test_two_at_once_do_not_write_one_file(tmp_path: Path) -> None:
    results = Results(tmp_path / "out.jsonl", HERE)
    with pytest.raises(NotReady, match="being written by another process"):
        Results(tmp_path / "out.jsonl", HERE)
    results.close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("place", ["missing/out.jsonl", "."])
def test_a_place_that_cannot_be_written_is_said_before_anything_is_asked(
    tmp_path: Path, place: str
) -> None:
    reply = Counting()
    with pytest.raises(RagError):
        keep(tmp_path / place, lines("a"), reply)
    assert not reply.asked
    assert names(tmp_path) == []


def test_results_show_no_control_characters(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    keep(out, lines("a"), lambda _: {"answer": "\x1b[2J\u202e \ud800"})
    assert out.read_text().isprintable() is False  # only the line's end is not
    assert out.read_text().rstrip("\n").isprintable()
