"""Files as they are found on disk: encodings, line ends, names, front matter, damage."""

from __future__ import annotations

import codecs
import gc
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.transcripts import find, identifier, parse, read
from rag.transcripts.naming import Naming
from rag.types import Transcript

HANS = (
    "主持人：你们为什么搬到河边来？\n陈若：因为租金便宜，而且鱼多。\n"
    "主持人：那冬天怎么办？\n陈若：冬天我们修网。\n"
)
HANT = (
    "主持人：你們為什麼搬到河邊來？\n陳若：因為租金便宜，而且魚多。\n"
    "主持人：那冬天怎麼辦？\n陳若：冬天我們修網。\n"
)
ENGLISH = "Host: Why the river?\nAnn: The rent is low.\nHost: And in winter?\nAnn: We mend nets.\n"


def decoded(data: bytes) -> Transcript:
    return parse(data, Path("talk.txt"), {})


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk",
        "gb2312",
    ],
)  # fmt: skip
def test_simplified_chinese_reads_the_same_in_every_encoding(encoding: str) -> None:
    transcript = decoded(HANS.encode(encoding))
    assert transcript.turns == decoded(HANS.encode()).turns
    assert transcript.turns[3].text == "冬天我们修网。"
    assert transcript.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "big5", "gb18030"])
def test_traditional_chinese_reads_the_same_in_every_encoding(encoding: str) -> None:
    transcript = decoded(HANT.encode(encoding))
    assert transcript.turns == decoded(HANT.encode()).turns
    assert transcript.turns[3].text == "冬天我們修網。"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_english_reads_the_same_in_every_encoding(encoding: str) -> None:
    assert decoded(ENGLISH.encode(encoding)).turns == decoded(ENGLISH.encode()).turns


def test_western_quotes_of_windows_are_kept() -> None:
    text = "Host: Why?\nAnn: They said “never” – and naïve café owners believed it.\n" * 3
    assert decoded(text.encode("cp1252")).turns[1].text == (
        "They said “never” – and naïve café owners believed it."
    )


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_the_byte_order_mark_is_not_text(mark: bytes) -> None:
    encoding = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be"
    assert decoded(mark + HANS.encode(encoding)).turns[0].label == "主持人"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_do_not_depend_on_the_line_ends(end: str) -> None:
    turns = decoded(f"\n{HANS}".replace("\n", end).encode()).turns
    assert [(turn.line, turn.speaker) for turn in turns] == [
        (2, "主持人"), (3, "陈若"), (4, "主持人"), (5, "陈若"),
    ]  # fmt: skip


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_exotic_separators_do_not_count_as_lines(separator: str) -> None:
    turns = decoded(f"Q: One{separator}two?\nA: Three.".encode()).turns
    assert turns[1].line == 2


def test_a_few_bad_bytes_are_replaced_and_reported_with_their_line() -> None:
    data = (HANS * 20).encode()
    at = data.index("那冬天".encode())
    transcript = parse(data[:at] + b"\xff\xfe" + data[at:], Path("河 边.md"), {})
    assert transcript.turns[2].text == "\N{REPLACEMENT CHARACTER}" * 2 + "那冬天怎么办？"
    assert transcript.turns[-1].text == "冬天我们修网。"
    assert len(transcript.warnings) == 1
    assert transcript.warnings[0].startswith("河 边.md:3: ")


def test_a_bad_byte_in_a_legacy_file_is_reported_with_its_line() -> None:
    data = (HANS * 20).encode("gb18030").replace("修网".encode("gb18030"), b"\xff\xff", 1)
    transcript = decoded(data)
    assert transcript.turns[0].text == "你们为什么搬到河边来？"
    assert transcript.warnings[0].startswith("talk.txt:4: ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\nendobj\n",
        b"PK\x03\x04\x14\x00\x06\x00" * 20,
        b"{\\rtf1\\ansi Host: hello}",
        b"\x00" * 500,
        bytes(range(1, 32)) * 20,
    ],
)
def test_a_binary_file_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"talk\.txt: (?:not a text file|damaged)") as caught:
        decoded(data)
    assert caught.value.hint


@pytest.mark.parametrize(
    "data", [b"", b"\n \n\t\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"---\n"]
)
def test_a_file_without_text_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"talk\.txt: no text in it"):
        decoded(data)


def test_what_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    dangling = tmp_path / "gone.md"
    dangling.symlink_to(tmp_path / "nowhere.md")
    with pytest.raises(UsageError, match=r"gone\.md: No such file") as caught:
        read(dangling)
    assert "permissions" in caught.value.hint
    folder = tmp_path / "folder.md"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"folder\.md: Is a directory"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("talk.md", "talk"),
        ("河边 访谈.md", "河边-访谈"),
        ("ann: part 2.txt", "ann-part-2"),
        ("第一期：开船.md", "第一期-开船"),
        ("v1.2 final.txt", "v1.2-final"),
        (" .md", "transcript"),
    ],
)
def test_a_file_name_becomes_an_id_fit_for_an_address(name: str, expected: str) -> None:
    assert identifier(Path(name)) == expected


def test_folders_are_searched_for_transcripts_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b/河 边.md", "a.txt", "README.md", ".hidden.md", "LICENSE.txt", "photo.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(HANS, encoding="utf-8")
    assert find([tmp_path, tmp_path / "a.txt"]) == [tmp_path / "a.txt", tmp_path / "b/河 边.md"]


def test_a_named_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(HANS, encoding="utf-8")
    assert find([path]) == [path]


def test_a_path_that_is_missing_or_holds_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        find([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="no transcripts in it"):
        find([tmp_path])


def test_a_table_of_aliases_beside_the_file_is_used(tmp_path: Path) -> None:
    (tmp_path / "speakers.toml").write_text('"Ann Lee" = ["陈若"]\n', encoding="utf-8")
    (tmp_path / "talk.md").write_text(HANS, encoding="utf-8")
    transcript = read(tmp_path / "talk.md")
    assert [turn.speaker for turn in transcript.turns] == ["主持人", "Ann Lee"] * 2
    assert [turn.speaker for turn in read(tmp_path / "talk.md", {}).turns] == ["主持人", "陈若"] * 2


@pytest.mark.parametrize("content", ['"Ann" = [', '"Ann" = 3', "\\xff"])
def test_a_damaged_table_of_aliases_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "speakers.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(UsageError, match=r"speakers\.toml"):
        Naming.read(tmp_path / "speakers.toml")


def with_front(front: str, body: str = ENGLISH) -> Transcript:
    return decoded(f"---\n{front}\n---\n{body}".encode())


def test_the_front_matter_gives_title_date_and_source() -> None:
    transcript = with_front(
        "title: 'Nets: a talk'\ndate: 2024-05-02 12:00:00 +0800\nsource: https://example.org/a"
    )
    assert transcript.title == "Nets: a talk"
    assert transcript.date == "2024-05-02"
    assert transcript.source == "https://example.org/a"
    assert transcript.turns[0].line == 6


@pytest.mark.parametrize(
    ("front", "title"),
    [
        ("title: Nets: a talk", "Nets: a talk"),
        ("title: 007", "007"),
        ("title: yes", "yes"),
        ("title:\ndate: 2024", "talk"),
        ("title: null", "talk"),
        ("标题: 修网", "修网"),
        ("title: [unclosed\nurl: x", "[unclosed"),
        ("title: '[[Nets]]'", "Nets"),
    ],
)
def test_titles_are_read_as_they_are_written(front: str, title: str) -> None:
    assert with_front(front).title == title


@pytest.mark.parametrize(
    ("front", "speaker"),
    [
        ("guest: Nora Vance (baker, Quay School)", "Nora Vance"),
        ("guest: 陈若（船匠，河边小学）", "陈若"),
        ('guest: "[[Nora Vance]]"', "Nora Vance"),
        ("guest:\n  - name: Nora Vance\n    role: baker", "Nora Vance"),
        ("guest:\n  - Nora Vance", "Nora Vance"),
    ],
)
def test_a_declared_guest_is_who_answers(front: str, speaker: str) -> None:
    transcript = with_front(front, "Q: Why bread?\nA: Because.\nQ: And?\nA: Bread.\n")
    assert [turn.speaker for turn in transcript.turns] == ["Q", speaker] * 2


def test_several_names_in_one_line_are_several_people() -> None:
    body = "Will: Hello.\nNora: Hi.\nBo: Hey.\n"
    transcript = with_front("hosts: Will Hart & Bo Lin\nguests: Nora Vance (a, b), Al", body)
    assert [turn.speaker for turn in transcript.turns] == ["Will Hart", "Nora Vance", "Bo Lin"]


def test_a_rule_at_the_top_of_a_text_is_not_front_matter() -> None:
    transcript = decoded(b"---\nIt was a cold morning.\n\n---\n\nThen it was warm.\n")
    assert transcript.sections[0].text == "It was a cold morning.\nThen it was warm."


def test_front_matter_that_is_never_closed_is_text() -> None:
    transcript = decoded(b"---\ntitle: Nets\n\nIt was cold.\n")
    assert transcript.sections[0].text == "title: Nets\nIt was cold."


BILLION_LAUGHS = "\n".join(
    [
        "a: &a [x, x, x, x, x, x, x, x, x]",
        *(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in pairwise("abcdefghi")),
        "speakers: *i",
    ]
)


@pytest.mark.parametrize(
    "front",
    [
        BILLION_LAUGHS,
        "speakers: &a [*a]",
        "speakers: " + "[" * 5000,
        "x: " + "9" * 50_000,
        "x: " + "1:" * 30_000,
        "x: !!python/object/apply:os.system [true]",
        "base: &b {a: 1}\nspeakers:\n  <<: [*b, *b]",
    ],
)  # fmt: skip
def test_hostile_front_matter_is_survived(front: str) -> None:
    transcript = with_front(f"{front}\ntitle: Nets")
    assert [turn.speaker for turn in transcript.turns] == ["Host", "Ann"] * 2


@pytest.mark.parametrize(
    "piece",
    [*'*[:<`_#{(\\~"“。 .a1', "[a](", "<!--", "{{<", "<a ", "a b ", "1:", "![", "\u2028", "🌊"],
)
def test_a_very_long_line_of_anything_is_read_to_its_end(piece: str) -> None:
    line = piece * (300_000 // len(piece))
    turns = decoded(f"Q: Why?\nA: {line}\nQ: Then?\nA: the end.".encode()).turns
    assert turns[-1].text == "the end."


def test_twenty_five_thousand_speakers_are_told_apart() -> None:
    lines = [f"Person{n} Lane{n}: I say {n}.\n" * 2 for n in range(25_000)]
    turns = decoded("".join(lines).encode()).turns
    assert (turns[-1].speaker, turns[-1].text) == ("Person24999 Lane24999", "I say 24999.")
    assert len({turn.speaker for turn in turns}) == 25_000


def test_hidden_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("talk.md", ".trash/old.md", "notes/.drafts/new.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("**Ann:** one\n\n**Bob:** two\n", encoding="utf-8")
    assert find([tmp_path]) == [tmp_path / "talk.md"]


def test_a_hidden_folder_that_is_named_is_read(tmp_path: Path) -> None:
    folder = tmp_path / ".archive"
    folder.mkdir()
    (folder / "talk.md").write_text("**Ann:** one\n\n**Bob:** two\n", encoding="utf-8")
    assert find([folder]) == [folder / "talk.md"]


def test_files_over_a_size_are_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(ENGLISH)
    monkeypatch.setattr("rag.transcripts.reading.LARGEST", 10_000)
    assert len(read(path).turns) == 4
    path.write_text(ENGLISH * 1000)
    with pytest.raises(UsageError, match=r"a\.txt: more than 0 MB \(split it first\)"):
        read(path)
    monkeypatch.setattr("rag.transcripts.reading.LARGEST_FILE", 10_000)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read all the same"))
    with pytest.raises(UsageError, match="split it first"):
        read(path)


def talk(form: str) -> bytes:
    """A talk of 3,000 sentences by two people as a file, some 350 kB."""
    said = "We talk about rivers and bridges and lamps in winter, and about fish {}."
    return "".join(
        form.format(
            at, f"00:{at // 20:02}:{at % 20 * 3:02}", f"00:{at // 20:02}:{at % 20 * 3 + 2:02}",
            ("Nora Pyle", "Jon Abel")[at // 3 % 2], said.format(at),
        )
        for at in range(1100)
    ).encode()  # fmt: skip


@pytest.mark.parametrize(
    ("name", "form", "times"),
    [
        ("a.srt", "{0}\n{1},000 --> {2},000\n{3}: {4}\n\n", 4.5),
        ("a.vtt", "{1}.000 --> {2}.000\n<v {3}>{4}</v>\n\n", 4.5),
        ("a.csv", '{1},{2},{3},"{4}"\n', 7.5),
        ("a.md", "**{3}:** {4}\n\n", 8.0),
        ("a.txt", "[{1}] {3}: {4}\n", 9.5),
    ],
)
def test_reading_takes_a_few_times_the_memory_of_the_file(
    name: str, form: str, times: float
) -> None:
    """As counted by Python's allocator; without care for it all of these take twice as much."""
    data = talk(form)
    parse(data, Path(name), {})  # what is imported and remembered does not count
    tracemalloc.start()
    try:
        assert len(parse(data, Path(name), {}).turns) > 300
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < times * len(data)


@pytest.mark.parametrize("data", [ENGLISH.encode(), b""])
def test_the_collector_of_cycles_is_left_as_it_was(data: bytes) -> None:
    for collecting in (True, False):
        (gc.enable if collecting else gc.disable)()
        try:
            parse(data, Path("a.txt"), {})
        except UsageError:
            assert not data
        finally:
            left = gc.isenabled()
            gc.enable()
        assert left is collecting
