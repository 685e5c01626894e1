"""From the second of a sentence to the second of its citation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import build
from samples import Run, is_one_line
from scripted import Scripted

from rag.chunker import passages
from rag.quotes.lookup import look_up
from rag.store import Store
from rag.types import Transcript, Turn

SRT = """\
1
00:00:01,000 --> 00:00:04,000
Nora: Welcome to the harbour, where we talk about nets today.

2
00:00:04,500 --> 00:00:09,000
Emil: We mend every net in January.

3
01:02:03,250 --> 01:02:08,000
The ice is thick then, and nobody can sail.

4
01:02:09,000 --> 01:02:12,000
Nora: How long does one net take?

5
01:02:13,500 --> 01:02:18,000
Emil: One net takes nine evenings of work.
"""
NOBODY = """\
1
00:00:01,000 --> 00:00:04,000
The lighthouse was painted red in 1931.

2
00:00:04,500 --> 00:00:09,000
Nobody remembers why it had been white.
"""
VIDEO = "https://www.youtube.com/watch?v=nets"


@pytest.fixture
def talks(project: Path, run: Run) -> Path:
    """A project with a subtitle file, and where its video is."""
    (project / "corpus" / "nets.srt").write_text(SRT, encoding="utf-8")
    (project / "corpus" / "light.srt").write_text(NOBODY, encoding="utf-8")
    (project / "corpus" / "sources.toml").write_text(f'"nets.srt" = "{VIDEO}"\n', encoding="utf-8")
    assert run("index").code == 0
    return project


def long_turn() -> Turn:
    sentences = [f"Sentence number {n} is about the sea and its nets." for n in range(60)]
    return Turn(
        1, "Ann", "Ann", "\n".join(sentences), 1, tuple(range(1, 61)), 0.0, 600.0,
        times=tuple(n * 10.0 for n in range(60)),
    )  # fmt: skip


def test_the_parts_of_a_long_turn_begin_at_the_second_of_their_first_line() -> None:
    cut = passages(Transcript("a", "a.srt", "", "", "", "en", (long_turn(),)), 80)
    spans = [span for passage in cut for span in passage.spans]
    assert len(spans) > 3
    for span in spans:
        number = int(span.text.split()[2])
        assert (span.start, span.times[0]) == (number * 10.0, number * 10.0)
        assert len(span.times) == len(span.lines)
        assert span.second(span.text.index("\n") + 1) == (number + 1) * 10.0


def test_a_turn_without_times_gives_its_own_beginning() -> None:
    turn = Turn(1, "Ann", "Ann", "One.\nTwo.", 1, (1, 2), 7.5)
    assert (turn.second(0), turn.second(6)) == (7.5, 7.5)
    assert Turn(1, "Ann", "Ann", "One.", 1, (1,)).second(2) is None


def test_times_come_back_from_the_store(tmp_path: Path) -> None:
    (tmp_path / "nets.srt").write_text(SRT, encoding="utf-8")
    folder = tmp_path / "index" / "default"
    build(folder, tmp_path)
    catalog = Store.open(folder).catalog
    whole = catalog.transcript("nets")
    assert whole is not None
    assert whole.turns[1].times == (4.5, 3723.25)
    spans = [span for passage in catalog.passages([0]) for span in passage.spans]
    assert [span.times for span in spans][:2] == [(1.0,), (4.5, 3723.25)]
    assert whole.turns[1].lines == (7, 11)


def test_a_quotation_has_the_second_of_its_own_line(talks: Path, run: Run) -> None:
    found = json.loads(run("quote", "nobody can sail", "--json").out)
    assert (found["address"], found["line"], found["start"]) == ("nets:2", 11, 3723.25)
    assert found["link"] == f"{VIDEO}&t=3723"
    shown = run("quote", "mend every net").out
    assert "Emil  [nets:2]  line 7  0:00:04  " in shown
    store = Store.open(talks / "index" / "default")
    assert look_up(store, "the ice is thick").start == 3723.25


def test_an_answer_cites_the_second_of_the_words(talks: Path, run: Run) -> None:
    answer = json.loads(run("ask", "Why can nobody sail, is the ice thick?", "--json").out)
    (citation, *_) = answer["citations"]
    assert "ice is thick" in citation["quote"]
    assert (citation["start"], citation["link"]) == (3723.25, f"{VIDEO}&t=3723")
    shown = run("ask", "Why can nobody sail, is the ice thick?", "-v").err
    assert "nets:2  line 11 1:02:03  Emil  " in shown


def test_a_model_is_cited_with_the_second_of_the_words(
    talks: Path, run: Run, llm_server: Scripted
) -> None:
    llm_server.reply_with(lambda _: "Emil: “nobody can sail” [nets:2]")
    answer = json.loads(run("ask", "Why can nobody sail, is the ice thick?", "--json").out)
    assert [(c["line"], c["start"]) for c in answer["citations"]] == [(11, 3723.25)]


def test_counted_answers_cite_the_second_too(talks: Path, run: Run) -> None:
    answer = json.loads(run("ask", "Who mentions ice?", "--json").out)
    assert [(c["address"], c["start"]) for c in answer["citations"]] == [("nets:2", 3723.25)]


def test_the_export_of_a_chat_shows_the_second(talks: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "talk.md"
    run("chat", input=f"Why can nobody sail, is the ice thick?\n/export {out}\n")
    assert f"[nets:2]({VIDEO}&t=3723) Emil, line 11 (1:02:03): “" in out.read_text(encoding="utf-8")


def test_show_has_every_line_beside_its_line_and_second(talks: Path, run: Run) -> None:
    assert run("show", "corpus/nets.srt").out.splitlines()[2:5] == [
        "[nets:2] 0:00:04 Emil",
        "     7  0:00:04  We mend every net in January.",
        "    11  1:02:03  The ice is thick then, and nobody can sail.",
    ]
    turns = json.loads(run("show", "corpus/nets.srt", "--json").out)["turns"]
    assert (turns[1]["lines"], turns[1]["times"]) == ([7, 11], [4.5, 3723.25])


def test_show_says_what_could_not_be_read_right(project: Path, run: Run) -> None:
    (project / "odd.srt").write_text(SRT.replace("00:00:04,500 -->", "00:00:0x,500 -->"))
    result = run("show", "odd.srt")
    assert "We mend every net" in result.out
    assert is_one_line(result.err)
    assert "odd.srt:6" in result.err
    assert json.loads(run("show", "odd.srt", "--json").out)["warnings"]


# --- speech that the file gives to nobody


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("When was the lighthouse painted red?", "(speaker not named)"),
        ("lighthouse 是哪年 painted red 的，为什么是红色？", "（未标明说话人）"),
    ],
)
def test_nobody_in_particular_has_a_name_for_it(
    talks: Path, run: Run, question: str, name: str
) -> None:
    result = run("ask", question, "--transcript", "light")
    assert name in result.out
    for command in (["search", question], ["show", "light:1"], ["speakers"], ["quote", "in 1931"]):
        shown = run(*command)
        assert "(speaker not named)" in shown.out, command
        assert "\n: " not in shown.out
        assert "\n：" not in shown.out


def test_nobody_is_counted_and_is_not_one_of_the_people(talks: Path, run: Run) -> None:
    counted = run("ask", "Who speaks most in light?").out + run("ask", "How many people speak?").out
    assert "(speaker not named)" in counted
    rows = json.loads(run("speakers", "--json").out)["speakers"]
    assert [row["transcripts"] for row in rows if row["speaker"] is None] == [["light"]]
    refused = run("search", "maple", "--speaker", "Nobody")
    assert "there are: " in refused.err
    assert ": ," not in refused.err
    answer = json.loads(run("ask", "painted red lighthouse", "--json").out)
    assert answer["citations"][0]["speaker"] is None


def test_an_index_of_the_older_format_names_the_command(talks: Path, run: Run) -> None:
    (manifest,) = (talks / "index" / "default").glob("gen-*/manifest.json")
    values = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**values, "format": 2}), encoding="utf-8")
    result = run("search", "nets")
    assert result.code == 3
    assert is_one_line(result.err)
    assert "rag index" in result.err
    assert run("index").code == 0
    assert run("search", "nets").code == 0
