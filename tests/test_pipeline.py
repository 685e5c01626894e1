"""The Python API: what a script sees."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

import rag as package
from rag import NotReady, Rag, Settings, UsageError
from rag.pipeline import build, configured, default_sources
from rag.store import Store

TALK = """\
**Host:** Where do the swifts nest?

**Ines:** Under the old roof of the station, since 1987.
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    (tmp_path / "swifts.md").write_text(TALK, encoding="utf-8")
    return tmp_path / "swifts.md"


def test_build_open_search_ask(talk: Path, tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    Rag.build([talk], index)
    rag = Rag.open(index)
    assert str(rag.search("where do the swifts nest", 1)[0].passage.address) == "swifts:1-2"
    assert "1987" in rag.ask("since when do the swifts nest there").text


def test_a_blank_question_and_an_impossible_k_are_usage_errors(talk: Path, tmp_path: Path) -> None:
    rag = Rag.build([talk], str(tmp_path / "index"))
    with pytest.raises(UsageError, match="blank"):
        rag.ask(" \n\t ")
    with pytest.raises(UsageError, match="k is 0"):
        rag.search("swifts", 0)


def test_an_unknown_speaker_or_transcript_is_named_with_those_there_are(
    talk: Path, tmp_path: Path
) -> None:
    rag = Rag.build([talk], str(tmp_path / "index"))
    with pytest.raises(UsageError, match=r"no speaker 'Bob'.*Ines, Host"):
        rag.search("swifts", speaker="Bob")
    with pytest.raises(UsageError, match=r"no transcript 'owls'.*swifts"):
        rag.ask("swifts", transcript="owls")


def test_an_index_of_another_encoder_is_not_ready_and_says_how_to_go_on(
    talk: Path, tmp_path: Path
) -> None:
    index = str(tmp_path / "index")
    rag = Rag.build([talk], index)
    other = Store.open(Path(index))
    other.manifest = replace(other.manifest, fingerprint="static:other:256")
    with pytest.raises(NotReady, match=r"built with encoder 'builtin'.*rag index"):
        Rag(other, rag.encoder, rag.settings)


def test_a_missing_index_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"no index at .*rag index PATH"):
        Rag.open(str(tmp_path / "nowhere"))


def test_settings_reach_the_search(talk: Path, tmp_path: Path) -> None:
    rag = Rag.build([talk], str(tmp_path / "index"), Settings(k=1))
    assert len(rag.ask("swifts").hits) == 1


def test_without_paths_the_index_is_renewed_from_what_it_was_built_of(
    talk: Path, tmp_path: Path
) -> None:
    chosen = Settings(index=str(tmp_path / "index"))
    build([talk], chosen)
    talk.write_text(TALK.replace("1987", "1999"), encoding="utf-8")
    assert build(default_sources(chosen), chosen).changed
    assert "1999" in Rag.open(chosen=chosen).ask("since when do the swifts nest there").text


def test_a_first_index_without_paths_is_of_the_projects_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rag.toml").write_text("k = 3\n", encoding="utf-8")
    (tmp_path / "corpus").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAG_K", raising=False)
    assert configured().k == 3
    assert default_sources(configured()) == [tmp_path / "corpus"]


def test_the_environment_counts_more_than_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rag.toml").write_text("k = 3\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_K", "5")
    assert configured().k == 5
    assert configured({"k": 7}).k == 7
    assert os.environ["RAG_K"] == "5"


def test_every_public_name_resolves() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        package.nothing  # noqa: B018
