"""Names and sources beside the files, and whom a label of several people means."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.transcripts import read
from rag.transcripts.merging import Heard, Merge, suggest
from rag.transcripts.naming import Naming, Sidecars
from rag.transcripts.speakers import canonical
from rag.types import people

NAMES = """\
"Sam Altman" = ["奥特曼", "Sam"]
SPEAKER_09 = "Lena"
["ep1.json"]
SPEAKER_00 = "张三"
"李四" = ["SPEAKER_01", "SPEAKER_02"]
["b/ep1.json"]
SPEAKER_00 = "奥特曼"
"""


def naming(tmp_path: Path, text: str = NAMES) -> Naming:
    path = tmp_path / "names.toml"
    path.write_text(text, encoding="utf-8")
    return Naming.read(path)


def test_a_list_gives_other_names_a_text_says_who_is_meant_a_table_is_for_one_file(
    tmp_path: Path,
) -> None:
    names = naming(tmp_path)
    other = names.names(Path("a/ep2.json"))
    assert (other["奥特曼"], other["SPEAKER_09"]) == ("Sam Altman", "Lena")
    assert "SPEAKER_00" not in other
    first = names.names(Path("a/ep1.json"))
    assert (first["SPEAKER_00"], first["SPEAKER_01"], first["SPEAKER_02"]) == (
        "张三",
        "李四",
        "李四",
    )
    assert names.names(Path("x/b/ep1.json"))["SPEAKER_00"] == "奥特曼"


def test_names_come_back_from_their_rows(tmp_path: Path) -> None:
    names = naming(tmp_path)
    assert Naming.from_rows(names.rows()) == names
    assert names.unused([Path("a/ep1.json")]) == ["b/ep1.json"]


def test_a_name_that_is_itself_another_one_is_followed(tmp_path: Path) -> None:
    (tmp_path / "speakers.toml").write_text('"Sam Altman" = ["奥特曼"]\nA = "B"\nB = "A"\n')
    aliases = Sidecars(naming(tmp_path)).about(tmp_path / "b" / ".." / "ep1.json").aliases
    assert aliases["奥特曼"] == "Sam Altman"
    given = naming(tmp_path, 'SPEAKER_00 = "奥特曼"\n')
    assert Sidecars(given).about(tmp_path / "x.json").aliases["SPEAKER_00"] == "Sam Altman"


@pytest.mark.parametrize("text", ["Ann = 3", 'Ann = ["B", 4]', '["f.srt"]\nA = {b = 1}', "Ann = ["])
def test_what_is_no_name_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"names\.toml"):
        naming(tmp_path, text)


def test_a_source_beside_the_file_is_where_its_citations_lead(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ann: Hello there.\nBob: Hello.\nAnn: Bye.\nBob: Bye.\n")
    (tmp_path / "b.txt").write_text("Ann: Hello there.\nBob: Hello.\nAnn: Bye.\nBob: Bye.\n")
    (tmp_path / "sources.toml").write_text(
        '"a.txt" = "https://example.org/a"\n'
        '"b.txt" = { source = "https://example.org/b", title = "B", date = "2025-06-07" }\n'
    )
    assert read(tmp_path / "a.txt").source == "https://example.org/a"
    other = read(tmp_path / "b.txt")
    assert (other.source, other.title, other.date) == ("https://example.org/b", "B", "2025-06-07")


@pytest.mark.parametrize("text", ['"a.txt" = 3', '"a.txt" = { url = "x" }', '"a.txt" = ['])
def test_a_source_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_text("Ann: Hello there.\n")
    (tmp_path / "sources.toml").write_text(text)
    with pytest.raises(UsageError, match=r"sources\.toml"):
        read(tmp_path / "a.txt")


# --- several people in one label


@pytest.mark.parametrize(
    ("labels", "label", "speaker"),
    [
        (["Ann", "Bob", "Ann, Bob"], "Ann, Bob", "Ann & Bob"),
        (["张三", "李四", "张三、李四"], "张三、李四", "张三、李四"),
        (["张三", "张三和李四"], "张三和李四", "张三、李四"),
        (["Sam Altman", "Bob", "Sam and Bob"], "Sam and Bob", "Sam Altman & Bob"),
        (["Ann", "张三", "Ann & 张三"], "Ann & 张三", "Ann & 张三"),
        # A title, a family name first, one company: one.
        (["Ann Lee, PhD", "Ann Lee"], "Ann Lee, PhD", "Ann Lee, PhD"),
        (["Smith, John", "Smith, Anna"], "Smith, John", "Smith, John"),
        (["张和平", "李四"], "张和平", "张和平"),
        (["Ann Spencer", "Marks & Spencer"], "Marks & Spencer", "Marks\xa0&\xa0Spencer"),
        (["Bob", "Marks & Spencer", "M&S"], "Marks & Spencer", "Marks\xa0&\xa0Spencer"),
    ],
)
def test_a_label_of_several_people_is_all_of_them(
    labels: list[str], label: str, speaker: str
) -> None:
    assert canonical(labels, (), {})[label] == speaker


def test_several_people_are_taken_apart_and_nobody_is_nobody() -> None:
    assert people("Ann & Bob") == ("Ann", "Bob")
    assert people("张三、李四") == ("张三", "李四")
    assert people("Q&A") == ("Q&A",)
    assert people(canonical(["Marks & Spencer"], (), {})["Marks & Spencer"]) == (
        "Marks\xa0&\xa0Spencer",
    )
    assert people("") == ()


def test_a_name_of_two_is_no_longer_form_of_one() -> None:
    assert canonical(["Ann", "Bob", "Ann and Bob"], (), {})["Bob"] == "Bob"


# --- merges that are suggested


def heard(**names: tuple[str, int, int]) -> dict[str, Heard]:
    return {
        name.replace("_", " "): Heard(frozenset(files.split()), turns, words)
        for name, (files, turns, words) in names.items()
    }


def test_the_same_name_otherwise_written_a_part_and_initials_are_suggested() -> None:
    said = heard(
        Sam_Altman=("a", 9, 900),
        sam_altman=("b", 2, 50),
        SA=("c", 2, 40),
        Altman=("d", 1, 30),
        Bob=("a", 5, 100),
    )
    assert suggest(said) == [Merge("Sam Altman", ("Altman", "SA", "sam altman"))]


def test_who_speak_in_one_file_are_two_and_a_part_of_two_names_is_neither() -> None:
    assert suggest(heard(Sam_Altman=("a", 9, 90), Sam=("a b", 2, 9))) == []
    assert suggest(heard(Sam_Altman=("a", 9, 90), Sam_Hill=("b", 9, 90), Sam=("c", 2, 9))) == []
    assert suggest(
        {"林昭仪": Heard(frozenset("a"), 5, 90), "昭仪": Heard(frozenset("b"), 1, 9)}
    ) == [Merge("林昭仪", ("昭仪",))]


def test_what_looks_mistyped_is_suggested_and_what_is_short_is_not() -> None:
    assert suggest(heard(Marta_Lindqvist=("a", 9, 90), Marta_Lindqvsit=("a", 1, 9))) == [
        Merge("Marta Lindqvist", ("Marta Lindqvsit",))
    ]
    assert suggest(heard(Marta_Lindqvist=("a", 9, 90), Marta_Lindqvsit=("a", 8, 80))) == []
    assert suggest(heard(Ann=("a", 9, 90), Anna=("b", 1, 9))) == []
    assert suggest(heard(SPEAKER_00=("a", 9, 90), SPEAKER_01=("b", 1, 9))) == []


def test_a_name_that_a_file_lists_for_somebody_is_suggested() -> None:
    said = {"Sam Altman": Heard(frozenset("a"), 9, 90), "奥特曼": Heard(frozenset("b"), 3, 30)}
    assert suggest(said, [("奥特曼", "Sam Altman")]) == [Merge("Sam Altman", ("奥特曼",))]
    assert suggest(said) == []
