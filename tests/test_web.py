"""The web: only public addresses, only text, within limits; and what is kept of a page."""

from __future__ import annotations

import gzip
import ipaddress
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.errors import UsageError
from rag.transcripts import read, web
from rag.transcripts.fetched import file_name, save
from rag.transcripts.web import Fetcher, Page, fetch, is_public, is_url

Reply = tuple[int, Mapping[str, str], bytes]
PAGE = "<p>主持人：为什么？</p><p>陈若：因为。</p>"


@contextmanager
def site(
    replies: Mapping[str, Reply | Callable[[BaseHTTPRequestHandler], None]],
    tls: ssl.SSLContext | None = None,
) -> Iterator[tuple[str, list[str]]]:
    """A site on loopback; yields its address, under a public-looking name, and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            assert "Cookie" not in self.headers
            reply = replies[self.path]
            if callable(reply):
                reply(self)
                return
            status, headers, body = reply
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # What goes wrong with a certificate is for the client to say.
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://talks.example:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"] if host.endswith(".example") else [host]


def only_loopback(address: web.Address) -> bool:
    return str(address) == "127.0.0.1"


HERE = Fetcher(loopback, only_loopback, seconds=5, total_seconds=5)
HTML = {"Content-Type": "text/html; charset=utf-8"}


def test_a_page_comes_with_its_type_and_from_the_address_that_was_checked() -> None:
    with site({"/a%20b?x=1": (200, HTML, PAGE.encode())}) as (base, asked):
        page = fetch(f"{base}/a%20b?x=1#part", HERE)
    assert (page.data, page.type, page.charset) == (PAGE.encode(), "text/html", "utf-8")
    assert page.url == f"{base}/a%20b?x=1"
    assert asked[0].startswith("talks.example:")


def test_redirections_are_followed_and_counted() -> None:
    replies = {f"/{n}": (302, {"Location": f"/{n + 1}"}, b"") for n in range(9)}
    with site({**replies, "/9": (200, HTML, b"<p>x")}) as (base, _):
        assert fetch(f"{base}/5", HERE).url == f"{base}/9"
        with pytest.raises(UsageError, match="redirected more than 5 times"):
            fetch(f"{base}/0", HERE)


@pytest.mark.parametrize(
    "target",
    ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
     "//192.168.0.1/x", "http://[::ffff:10.0.0.1]/"],
)  # fmt: skip
def test_a_redirection_to_an_inner_address_is_refused(target: str) -> None:
    with (
        site({"/": (301, {"Location": target}, b"")}) as (base, _),
        pytest.raises(UsageError, match="not on the public internet"),
    ):
        fetch(f"{base}/", HERE)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://talks.example/x", "gopher://x/"])
def test_a_redirection_to_something_else_is_refused(target: str) -> None:
    with (
        site({"/": (301, {"Location": target}, b"")}) as (base, _),
        pytest.raises(UsageError, match="only http and https"),
    ):
        fetch(f"{base}/", HERE)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "100.100.100.200", "168.63.129.16", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255",
     "192.0.0.192", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
     "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "2002:7f00:1::",
     "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
     "2001:db8::1"],
)  # fmt: skip
def test_inner_addresses_in_all_their_forms(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_one_inner_address_among_several_is_enough_to_refuse() -> None:
    fetcher = Fetcher(lambda *_: ["93.184.216.34", "10.0.0.1"], is_public)
    with pytest.raises(UsageError, match=r"leads to 10\.0\.0\.1"):
        fetch("https://talks.example/", fetcher)


def test_loopback_is_refused_as_users_have_it() -> None:
    for url in ("http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:8080/"):
        with pytest.raises(UsageError, match="not on the public internet"):
            fetch(url)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://x.example/a", "only http and https"),
        ("http:///a", "only http and https"),
        ("http://u:secret@x.example/", "a password in it"),
        ("http://x.example:22/", "port 22"),
        ("http://x.example/a b", "blanks"),
        ("http://x.example:99999/", "not an address"),
        ("http://[::1/", "not an address"),
        ("https://www.youtube.com/watch?v=abc", "yt-dlp"),
        ("https://youtu.be/abc", "subtitles"),
    ],
)
def test_addresses_that_are_not_fetched(url: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        fetch(url, HERE)
    assert "secret" not in str(caught.value)


def test_https_is_not_left_for_http(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def response(*_: object) -> Iterator[object]:
        yield object()

    monkeypatch.setattr(web, "_response", response)
    monkeypatch.setattr(web, "_redirection", lambda *_: "http://talks.example/")
    with pytest.raises(UsageError, match="from https to http"):
        fetch("https://talks.example/", HERE)


def test_too_much_is_refused_whether_it_is_announced_packed_or_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "LARGEST", 10_000)
    long = b"a" * 20_000

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(long)

    packed = (200, {**HTML, "Content-Encoding": "gzip"}, gzip.compress(bytes(10_000_000)))
    with site({"/a": (200, HTML, long), "/b": packed, "/c": endless}) as (base, _):
        for name in "abc":
            with pytest.raises(UsageError, match="more than 0 MB"):
                fetch(f"{base}/{name}", HERE)


def test_packed_pages_are_unpacked() -> None:
    packed = (200, {**HTML, "Content-Encoding": "gzip"}, gzip.compress(PAGE.encode()))
    with site({"/": packed}) as (base, _):
        assert fetch(f"{base}/", HERE).data == PAGE.encode()


def test_a_server_that_dawdles_is_cut_off() -> None:
    done = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not done.wait(0.05):
            try:
                handler.wfile.write(b"X: y\r\n")
            except OSError:
                return

    with site({"/": drip}) as (base, _):
        try:
            with pytest.raises(UsageError, match=r"takes too long|not reached"):
                fetch(f"{base}/", Fetcher(loopback, only_loopback, 0.4, 0.4))
        finally:
            done.set()


def test_a_body_that_breaks_off_is_not_kept() -> None:
    with (
        site({"/": (200, {**HTML, "Content-Length": "9999"}, b"<p>x")}) as (base, _),
        pytest.raises(UsageError, match=r"broke off|not reached"),
    ):
        fetch(f"{base}/", HERE)


def test_errors_of_the_server_and_what_is_no_text() -> None:
    replies = {
        "/404": (404, HTML, b"gone"),
        "/mp3": (200, {"Content-Type": "audio/mpeg"}, b"ID3"),
        "/br": (200, {**HTML, "Content-Encoding": "br"}, b"x"),
    }
    with site(replies) as (base, _):
        for path, reason in (("404", "says 404"), ("mp3", "audio/mpeg"), ("br", "packed as br")):
            with pytest.raises(UsageError, match=reason):
                fetch(f"{base}/{path}", HERE)


def test_a_kept_page_is_read_with_its_source(tmp_path: Path) -> None:
    page = Page("https://example.com/talks/river", PAGE.encode("gb18030"), "text/html", "gbk")
    path = save(page, tmp_path / "kept", date(2025, 6, 7))
    assert path.suffix == ".html"
    transcript = read(path)
    assert transcript.source == "https://example.com/talks/river"
    assert [turn.speaker for turn in transcript.turns] == ["主持人", "陈若"]
    noted = (tmp_path / "kept" / "sources.toml").read_text(encoding="utf-8")
    assert "2025-06-07" in noted
    assert save(page, tmp_path / "kept") == path
    assert (tmp_path / "kept" / "sources.toml").read_text(encoding="utf-8") == noted


def test_sources_that_are_already_noted_stay(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text('"a.srt" = "https://example.com/a"', encoding="utf-8")
    save(Page("https://example.com/b.vtt", b"WEBVTT\n", "text/vtt"), tmp_path)
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello.\n", encoding="utf-8")
    assert read(tmp_path / "a.srt").source == "https://example.com/a"


def test_names_of_files_are_harmless_and_tell_pages_apart() -> None:
    urls = [
        "https://example.com/", "https://example.com/?p=1", "https://example.com/..%2F..%2Fetc",
        "https://example.com/a/%E8%AE%BF%E8%B0%88.vtt", "https://example.com/con%00.html",
    ]  # fmt: skip
    names = [file_name(Page(url, b"", "text/html")) for url in urls]
    assert len(set(names)) == len(urls)
    assert all("/" not in name and not name.startswith(".") for name in names)
    assert file_name(Page("https://example.com/x.vtt", b"", "text/plain")).endswith(".vtt")


def test_what_is_an_address() -> None:
    assert is_url("https://example.com")
    assert is_url("HTTP://example.com")
    assert not is_url("talks/https.md")


# --- certificates, made by the openssl command where there is one


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificate of an authority, and those that it gave out."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make certificates with")
    folder = tmp_path_factory.mktemp("tls")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=ours", "-days", "2")  # fmt: skip
    openssl(folder, "req", "-x509", *key, "-keyout", "own.key", "-out", "own.pem", "-days", "2",
            "-subj", "/CN=own", "-addext", "subjectAltName=DNS:talks.example")  # fmt: skip
    for name, host, days in (
        ("good", "talks.example", "2"),
        ("other", "else.example", "2"),
        ("old", "talks.example", "-1"),
    ):
        (folder / "names").write_text(f"subjectAltName=DNS:{host}\n")
        openssl(folder, "req", "-new", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={host}")  # fmt: skip
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "names", "-days", days, "-out",
                f"{name}.pem")  # fmt: skip
    return folder


def certified(authority: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
    return context


def test_a_page_is_fetched_over_https_from_the_address_that_was_checked(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    replies = {"/": (302, {"Location": "/a"}, b""), "/a": (200, HTML, PAGE.encode())}
    with site(replies, certified(authority, "good")) as (base, asked):
        page = fetch(f"{base}/", HERE)
    assert (page.data, page.url) == (PAGE.encode(), f"{base}/a")
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("old", "certificate has expired"),
        ("own", "self-signed certificate|self signed certificate"),
        ("other", "not valid for 'talks.example'"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_refused_before_anything_is_asked(
    authority: Path, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    with site({"/": (200, HTML, b"<p>x")}, certified(authority, name)) as (base, asked):
        with pytest.raises(
            UsageError, match=rf"its certificate is not trusted \(.*(?:{why})"
        ) as no:
            fetch(f"{base}/", HERE)
        assert asked == []
    assert "\n" not in str(no.value)
    assert "_ssl.c" not in str(no.value)


def test_https_that_leads_to_http_is_not_followed(
    authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    replies = {"/": (302, {"Location": "http://talks.example/"}, b"")}
    with (
        site(replies, certified(authority, "good")) as (base, _),
        pytest.raises(UsageError, match="from https to http"),
    ):
        fetch(f"{base}/", HERE)
