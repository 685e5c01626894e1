"""Which files of a folder are taken for transcripts, and what an archive holds."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.transcripts import find, parse, unpacked

SRT = "1\n00:00:01,000 --> 00:00:02,000\nThe bridge is old.\n"
TTML = '<tt xmlns="http://www.w3.org/ns/ttml"><body><p begin="1s" end="2s">x</p></body></tt>'
TRANSCRIPTS = {
    "a.srt": SRT,
    "b.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nx\n",
    "c.xml": TTML,
    "d.json": '{"segments": [{"start": 0, "end": 1, "text": "x"}]}',
    "e.json": '[{"speaker": "Ann", "content": "x"}]',
    "f.csv": "start,end,text\n0,1000,x\n",
    "g.tsv": "0\t1000\tx\n",
    "h.md": "Ann: x\n\nBob: y\n",
    "i.csv": "0.14,0.94,Bonjour\n",
    "k.csv": "Bonjour !,0.14,0.94\r\n",
    "j.html": "<html><body><p>Ann: x</p></body></html>",
}
OTHERS = {
    "package.json": '{"name": "x", "scripts": {"start": "node ."}, "content": 1}',
    "metadata.json": '{"text": "x", "start": 1}',
    "data.json": '{"width": 5, "height": 7}',
    "list.json": "[1, 2, 3]",
    "feed.xml": '<?xml version="1.0"?><rss><channel/></rss>',
    "prices.csv": "item,price\nnet,3\nboat,700\n",
    "README.md": "words",
    ".hidden.srt": SRT,
    "clip.mp4": "x",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {**TRANSCRIPTS, **OTHERS}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_a_folder_gives_its_transcripts_and_nothing_else(folder: Path) -> None:
    assert [path.name for path in find([folder])] == sorted(TRANSCRIPTS)


@pytest.mark.parametrize("name", ["package.json", "feed.xml", "prices.csv"])
def test_what_is_given_by_name_is_listed_and_refused_in_one_line(folder: Path, name: str) -> None:
    path = folder / name
    assert find([path]) == [path]
    with pytest.raises(UsageError, match=name) as caught:
        parse(path.read_bytes(), path, {})
    assert "\n" not in str(caught.value)


def archive(**files: str) -> bytes:
    """An archive of files, whose names have a dot for each double underscore."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, content in files.items():
            target.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def test_an_archive_is_unpacked_to_its_transcripts() -> None:
    data = archive(one__srt=SRT, two__xml=TTML, package__json=OTHERS["package.json"])
    found = list(unpacked(data, Path("talks.zip")))
    assert [path.as_posix() for path, _ in found] == ["talks.zip/one.srt", "talks.zip/two.xml"]
    assert parse(found[0][1], found[0][0], {}).turns[0].text == "The bridge is old."


def test_an_archive_with_one_transcript_is_that_transcript() -> None:
    item = parse(archive(one__srt=SRT, cover__png="x"), Path("talk.zip"), {})
    assert (item.id, item.turns[0].line) == ("one", 3)
    with pytest.raises(UsageError, match="several"):
        parse(archive(one__srt=SRT, two__srt=SRT), Path("talk.zip"), {})
    with pytest.raises(UsageError, match="no transcripts in it"):
        parse(archive(cover__png="x"), Path("talk.zip"), {})


def test_another_file_is_itself() -> None:
    assert list(unpacked(b"words", Path("a.md"))) == [(Path("a.md"), b"words")]
