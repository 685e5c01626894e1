"""`rag fetch` keeps pages with their source; `rag index` says what to do with an address."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag.cli import app
from rag.errors import UsageError
from rag.transcripts import web

SAID = ("Mara", "Is it cold?"), ("Teo", "The lake froze."), ("Mara", "Again?"), ("Teo", "Again.")
PAGE = "".join(f"<p><b>{name}:</b> {words}</p>" for name, words in SAID)


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str) -> web.Page:
        if "gone" in url:
            raise UsageError(f"{url}: not found (404)", "check the address")
        return web.Page(url, PAGE.encode(), "text/html", "utf-8")

    monkeypatch.setattr(web, "fetch", fetch)


def test_a_page_is_kept_with_its_source_and_can_be_shown(online: None, tmp_path: Path) -> None:
    address = "https://lakes.example/talks/ice"
    done = CliRunner().invoke(app, ["fetch", address, "--to", str(tmp_path / "talks")])
    assert done.exit_code == 0
    kept = Path(done.stdout.strip())
    assert kept.parent == tmp_path / "talks"
    assert address in (kept.parent / "sources.toml").read_text(encoding="utf-8")
    shown = CliRunner().invoke(app, ["show", str(kept), "--json"])
    assert '"Teo"' in shown.stdout
    assert address in shown.stdout


def test_one_that_fails_does_not_keep_the_others(online: None, tmp_path: Path) -> None:
    addresses = ["https://a.example/gone", "ftp://a.example/x", "https://a.example/there"]
    done = CliRunner().invoke(app, ["fetch", *addresses, "--to", str(tmp_path)])
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 1
    assert "https://a.example/gone: not found (404)" in done.stderr
    assert "ftp://a.example/x: no http(s) address" in done.stderr


def test_a_private_address_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["fetch", "http://127.0.0.1:9/x", "--to", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "127.0.0.1" in done.stderr
    assert not list(tmp_path.iterdir())


def test_index_says_that_an_address_is_fetched_first(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["index", "https://a.example/x", "-i", str(tmp_path / "i")])
    assert done.exit_code == 2
    assert "rag fetch ADDRESS --to FOLDER" in done.stderr
