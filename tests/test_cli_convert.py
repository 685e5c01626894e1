"""`rag convert`: what is written, and what is said about what got lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from samples import Run, is_one_line

SRT = """\
1
00:00:01,000 --> 00:00:04,000
Nora: Who mends the nets?

2
00:00:04,500 --> 00:00:09,000
Emil: We all do.

3
00:00:09,500 --> 00:00:12,000
Nora: When?

4
00:00:13,000 --> 00:00:15,250
Emil: In January.
"""


@pytest.fixture
def nets(project: Path) -> Path:
    """A subtitle file."""
    path = project / "nets.srt"
    path.write_text(SRT, encoding="utf-8")
    return path


def test_captions_become_markdown_and_back(nets: Path, run: Run) -> None:
    result = run("convert", nets, "--to", "md")
    assert (result.code, result.err) == (0, "")
    assert "**Emil** [0:00:13]: In January.\n" in result.out
    assert run("convert", nets, "--to", "srt").out == SRT


def test_a_new_file_is_written_and_none_is_replaced(nets: Path, run: Run) -> None:
    out = nets.with_name("nets.json")
    assert run("convert", nets, "--to", "json", "-o", out).out == ""
    segments = json.loads(out.read_text(encoding="utf-8"))["segments"]
    assert [(item["speaker"], item["startTime"]) for item in segments][-1] == ("Emil", 13.0)
    shown = json.loads(run("show", out, "--json").out)["turns"]
    assert [turn["speaker"] for turn in shown] == ["Nora", "Emil", "Nora", "Emil"]
    again = run("convert", nets, "--to", "vtt", "-o", out)
    assert again.code == 2
    assert is_one_line(again.err)
    assert "exists already" in again.err


def test_what_has_no_times_cannot_be_captions(project: Path, run: Run) -> None:
    result = run("convert", "corpus/tea.md", "--to", "srt")
    assert (result.code, result.out) == (2, "")
    assert is_one_line(result.err)
    assert "tea:1 has no time" in result.err
    assert run("convert", "corpus", "--to", "md").code == 2
    assert run("convert", "corpus/tea.md", "--to", "doc").code == 2


def test_what_the_new_file_lacks_is_said(project: Path, run: Run) -> None:
    (project / "talk.md").write_text(
        "# Before\nThey met in May.\n\n# Talk\n**Ann** [0:00:01]: One net?\n\n"
        "**Bob** [0:00:05]: Two nets.\n\n**Ann** [0:00:09]: Three?\n\n**Bob** [0:00:12]: Four.\n"
    )
    result = run("convert", "talk.md", "--to", "vtt")
    assert result.code == 0
    assert "sections of prose have no place in vtt" in result.err
    assert "<v Bob>Two nets." in result.out
    (project / "odd.srt").write_text(SRT.replace("We all do", "&lt;i&gt;We&lt;/i&gt; all do"))
    assert run("convert", "odd.srt", "--to", "json").err == ""


def test_nothing_steers_the_terminal(nets: Path, run: Run) -> None:
    nets.write_text(SRT.replace("January", "\x1b[31mJanuary\x9b2J\u202e"), encoding="utf-8")
    for to in ("md", "srt", "vtt", "json"):
        result = run("convert", nets, "--to", to)
        assert not set("\x1b\x9b\u202e") & set(result.out + result.err)
