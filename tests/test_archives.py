"""Archives: which files in them are read, under which names, and what is refused."""

from __future__ import annotations

import io
import random
import stat
import tracemalloc
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papers import packed

from rag.errors import UsageError
from rag.transcripts import archives
from rag.transcripts.archives import members


def is_text(name: str) -> bool:
    return name.endswith((".srt", ".md", ".txt"))


def listed(data: bytes) -> list[tuple[str, bytes]]:
    return list(members(data, "talks.zip", is_text))


def named(*names: str) -> list[str]:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile itself warns of names that come back
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x")
    return [name for name, _ in listed(stream.getvalue())]


def test_wanted_files_come_in_order_with_their_folders() -> None:
    data = packed({"b/two.srt": "2", "a.png": "", "one.md": "1", "b/": ""})
    assert listed(data) == [("b/two.srt", b"2"), ("one.md", b"1")]


def test_hidden_files_and_what_macos_adds_are_left_out() -> None:
    assert named("__MACOSX/._a.srt", ".git/a.txt", "x/.b.md", "a.srt") == ["a.srt"]


def test_names_that_lead_out_of_the_archive_are_harmless() -> None:
    assert named("../../etc/a.txt", "/etc/b.txt", "C:\\talks\\c.srt", "d/./../e.md") == [
        "etc/a.txt", "etc/b.txt", "talks/c.srt", "d/e.md",
    ]  # fmt: skip


def test_names_lose_what_steers_a_terminal() -> None:
    assert named("a\x1b[31m\u202e.srt") == ["a[31m.srt"]


def test_names_that_come_back_are_numbered() -> None:
    assert named("a.srt", "a.srt", "./a.srt") == ["a.srt", "a (2).srt", "a (3).srt"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_names_that_are_not_declared(encoding: str) -> None:
    name = "访谈/第一集.srt"
    raw = name.encode(encoding)
    placeholder = "x" * (len(raw) - 4) + ".srt"
    data = packed({placeholder: "1"}).replace(placeholder.encode(), raw)
    assert listed(data) == [(name, b"1")]


def test_declared_chinese_names() -> None:
    assert named("访谈/第一集.srt") == ["访谈/第一集.srt"]


def test_links_are_left_out() -> None:
    link = zipfile.ZipInfo("passwd.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert listed(stream.getvalue()) == []


def test_an_archive_in_the_archive_is_read_like_a_folder_and_one_in_that_refused() -> None:
    inner = packed({"a.srt": "1"})
    outer = packed({"season.zip": inner, "b.srt": "2"})
    assert listed(outer) == [("season.zip/a.srt", b"1"), ("b.srt", b"2")]
    with pytest.raises(UsageError, match="archive in an archive in an archive"):
        listed(packed({"all.zip": outer}))


def test_encrypted_files_are_named() -> None:
    data = bytearray(packed({"a.srt": "1"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UsageError, match=r"talks\.zip/a\.srt: encrypted"):
        listed(bytes(data))


def test_a_bomb_is_refused_within_little_memory() -> None:
    stream = io.BytesIO()
    archive = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("a.srt", "w", force_zip64=True) as member:
        for _ in range(150):
            member.write(bytes(1 << 20))
    data = stream.getvalue()
    # The header may lie about the size: only what comes out counts.
    directory = data.index(b"PK\x01\x02")
    lying = bytearray(data)
    lying[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    tracemalloc.start()
    try:
        for bomb in (data, bytes(lying)):
            with pytest.raises(UsageError):
                listed(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50_000_000


def test_limits_hold_for_all_files_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1000)
    with pytest.raises(UsageError, match=r"talks\.zip/a\.txt: unpacks to more than"):
        listed(packed({"a.txt": "x" * 1001}))
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    with pytest.raises(UsageError, match="more than 2 files"):
        listed(packed({"a.txt": "", "b.txt": "", "c.txt": ""}))


def test_files_that_share_their_bytes_are_refused() -> None:
    one = packed({"a.txt": random.Random(0).randbytes(10_000)})
    directory, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entry = one[directory:end]
    record = bytearray(one[end:])
    record[8:10] = record[10:12] = (50).to_bytes(2, "little")
    record[12:16] = (50 * len(entry)).to_bytes(4, "little")
    with pytest.raises(UsageError, match="share their bytes"):
        listed(one[:directory] + entry * 50 + bytes(record))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damage_is_an_error_and_not_a_crash(data: st.DataObject) -> None:
    whole = bytearray(packed({"a.srt": "1" * 50, "访谈.md": "2", "in.zip": packed({"b.txt": "3"})}))
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        listed(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017
