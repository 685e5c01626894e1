"""`rag index --speakers`, `rag speakers`, and names by which people are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import Run, is_one_line

EPISODE = [
    (0.5, "SPEAKER_00", "欢迎收听，今天我们聊聊渔船公司怎么看待天气预报。"),
    (60.5, "SPEAKER_01", "我觉得渔船公司应该先看云，再看预报，因为预报只说大海，不说海湾。"),
    (120.5, "SPEAKER_00", "那你们冬天在哪里修补渔网？"),
    (180.5, "SPEAKER_01", "冬天我们在老盐仓里修补渔网，那里有一个铁炉子，一修就是九个晚上。"),
]
ASKED = "冬天在哪里修补渔网？"


def episode(folder: Path, name: str, **renamed: str) -> None:
    segments = [
        {"start": start, "end": start + 50, "speaker": renamed.get(who, who), "text": text}
        for start, who, text in EPISODE
    ]
    (folder / name).write_text(json.dumps({"segments": segments}), encoding="utf-8")


def speakers(run: Run) -> dict[str | None, dict[str, Any]]:
    rows = json.loads(run("speakers", "--json").out)["speakers"]
    return {row["speaker"]: row for row in rows}


@pytest.fixture
def talks(project: Path) -> Path:
    """A project with two recognised episodes, and who speaks in them."""
    folder = project / "corpus"
    for path in folder.iterdir():
        path.unlink()
    episode(folder, "ep1.json")
    episode(folder, "ep2.json")
    (project / "names.toml").write_text(
        '"Emil Aas" = ["埃米尔"]\n["ep1.json"]\nSPEAKER_00 = "张三"\nSPEAKER_01 = "埃米尔"\n'
        '["ep2.json"]\nSPEAKER_01 = "李四"\n',
        encoding="utf-8",
    )
    return project


def test_labels_of_a_recogniser_get_names_for_each_file_and_keep_them(
    talks: Path, run: Run
) -> None:
    assert run("index", "--speakers", "names.toml").code == 0
    assert set(speakers(run)) == {"张三", "Emil Aas", "李四", "SPEAKER_00"}
    episode(talks / "corpus", "ep3.json")
    assert "3 transcripts" in run("index").out
    assert set(speakers(run)) == {"张三", "Emil Aas", "李四", "SPEAKER_00", "SPEAKER_01"}
    assert "up to date" in run("index").out
    (talks / "names.toml").write_text('SPEAKER_01 = "Nora"\n', encoding="utf-8")
    run("index", "--speakers", "names.toml")
    assert set(speakers(run)) == {"Nora", "SPEAKER_00"}
    assert run("doctor").code == 0
    run("index", "--fresh", "corpus")
    assert set(speakers(run)) == {"SPEAKER_00", "SPEAKER_01"}


def test_the_same_names_change_nothing(talks: Path, run: Run) -> None:
    run("index", "--speakers", "names.toml")
    assert "up to date" in run("index", "--speakers", "names.toml").out


def test_names_for_a_file_that_is_not_indexed_are_pointed_out(talks: Path, run: Run) -> None:
    (talks / "names.toml").write_text('["ep9.json"]\nSPEAKER_01 = "Nora"\n', encoding="utf-8")
    result = run("index", "--speakers", "names.toml")
    assert (result.code, result.err) == (
        0, "rag: ep9.json: names are given for it, but it is not indexed\n",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["A = 3", "A = [", None])
def test_a_file_of_names_that_is_none_is_a_usage_error(
    talks: Path, run: Run, text: str | None
) -> None:
    if text is not None:
        (talks / "bad.toml").write_text(text, encoding="utf-8")
    result = run("index", "--speakers", "bad.toml")
    assert result.code == 2
    assert is_one_line(result.err)
    assert "bad.toml" in result.err


def test_other_names_find_a_person_in_options_and_questions(talks: Path, run: Run) -> None:
    run("index", "--speakers", "names.toml")
    for name in ("埃米尔", "Emil Aas", "emil"):
        hits = json.loads(run("search", ASKED, "--speaker", name, "--json").out)["hits"]
        assert {hit["address"].split(":")[0] for hit in hits} == {"ep1"}
    # The question names him, and ep2 has the same words of another man's.
    hits = json.loads(run("search", f"埃米尔说{ASKED}", "--json").out)["hits"]
    assert hits[0]["speakers"] == ["张三", "Emil Aas"]
    assert "Emil Aas" in run("ask", "埃米尔说了几次话？").out
    assert run("quote", "一修就是九个晚上", "--speaker", "埃米尔").code == 0
    assert "From now on only what Emil Aas says." in run("chat", input="/speaker 埃米尔\n").out
    (row,) = (row for name, row in speakers(run).items() if name == "Emil Aas")
    assert row["aliases"] == ["埃米尔"]


def test_a_name_declared_in_the_front_matter_is_known_in_questions(project: Path, run: Run) -> None:
    (project / "corpus" / "oak.md").write_text(
        "---\nspeakers:\n  Greta Holm: [霍尔姆]\n---\n"
        "**Host:** Where does the oak for the boats come from, and who brings it?\n"
        "**Greta Holm:** The oak for the boats comes from the parish forest, on a sledge.\n"
        "**Host:** And the pine for the masts, is it from there as well?\n"
        "**Greta Holm:** The pine for the masts comes from over the border, by rail.\n"
    )
    run("index")
    hits = json.loads(run("search", "oak boats", "--speaker", "霍尔姆", "--json").out)["hits"]
    assert {hit["address"].split(":")[0] for hit in hits} == {"oak"}


def test_a_table_of_turns_words_minutes_and_files(talks: Path, run: Run) -> None:
    run("index", "--speakers", "names.toml")
    assert run("speakers").out.splitlines()[:2] == [
        "turns\twords\tminutes\tspeaker\ttranscripts",
        "2\t57\t1.7\tEmil Aas\tep1",
    ]
    row = speakers(run)["Emil Aas"]
    assert (row["turns"], row["words"], row["minutes"]) == (2, 57, 1.67)


def test_minutes_are_blank_where_no_file_has_times(indexed: Path, run: Run) -> None:
    assert "3\t27\t\t主持人\ttea" in run("speakers").out
    assert speakers(run)["主持人"]["minutes"] is None


def test_merges_are_suggested_as_the_line_to_write_and_not_made(talks: Path, run: Run) -> None:
    folder = talks / "corpus"
    episode(folder, "ep1.json", SPEAKER_00="Nora", SPEAKER_01="Emil Aas")
    episode(folder, "ep2.json", SPEAKER_00="Nora Lindqvist", SPEAKER_01="EMIL AAS")
    run("index")
    result = run("speakers")
    assert result.err.splitlines() == [
        "rag: these may be one person each; if so, put the line into speakers.toml:",
        '"EMIL AAS" = ["Emil Aas"]',
        '"Nora Lindqvist" = ["Nora"]',
    ]
    assert set(speakers(run)) == {"Nora", "Nora Lindqvist", "Emil Aas", "EMIL AAS"}
    lines = json.loads(run("speakers", "--json").out)["suggestions"]
    (folder / "speakers.toml").write_text("\n".join(lines), encoding="utf-8")
    run("index")
    assert set(speakers(run)) == {"Nora Lindqvist", "EMIL AAS"}
    assert run("speakers").err == ""


def test_several_people_in_one_label_are_found_and_counted_each(project: Path, run: Run) -> None:
    (project / "corpus" / "choir.txt").write_text(
        "Ann Lee: We sing in the boat house on Thursdays, whatever the weather is like.\n"
        "Bob Ray: And we drink coffee in the boat house afterwards, from an iron pot.\n"
        "Ann Lee, Bob Ray: The midsummer song is the one that everybody knows by heart!\n"
        "Ann Lee: That is because the midsummer song has only one verse.\n"
        "Bob Ray: Two, if you count the humming.\n"
    )
    run("index")
    rows = speakers(run)
    assert (rows["Ann Lee"]["turns"], rows["Bob Ray"]["turns"]) == (3, 3)
    assert "Ann Lee & Bob Ray" not in rows
    for name in ("Ann Lee", "Bob Ray"):
        assert run("quote", "everybody knows by heart", "--speaker", name).code == 0
        hits = json.loads(run("search", "midsummer song", "--speaker", name, "--json").out)["hits"]
        assert "everybody knows by heart" in hits[0]["text"]
        assert name in run("ask", f"How many times does {name} speak?").out
    found = json.loads(run("quote", "everybody knows by heart", "--json").out)
    assert found["speaker"] == "Ann Lee & Bob Ray"
