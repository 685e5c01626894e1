"""Deep links: the second, the line, the words that an address leads to."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.links import deep


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://www.youtube.com/watch?v=a_b-c", "https://www.youtube.com/watch?v=a_b-c&t=3723"),
        (
            "https://youtube.com/watch?v=abc&t=10s&list=x",
            "https://youtube.com/watch?v=abc&list=x&t=3723",
        ),
        ("https://m.youtube.com/watch?v=abc#t=9", "https://m.youtube.com/watch?v=abc&t=3723"),
        ("https://youtu.be/abc?t=3", "https://youtu.be/abc?t=3723"),
        ("https://youtube.com/shorts/abc", "https://www.youtube.com/watch?v=abc&t=3723"),
        (
            "https://www.youtube.com/live/abc?feature=share",
            "https://www.youtube.com/watch?v=abc&t=3723",
        ),
        ("https://www.youtube.com/@channel", "https://www.youtube.com/@channel"),
        ("https://vimeo.com/123#t=5s", "https://vimeo.com/123#t=3723s"),
        ("https://player.vimeo.com/video/123", "https://player.vimeo.com/video/123#t=3723s"),
        (
            "https://www.bilibili.com/video/BV1x?p=2",
            "https://www.bilibili.com/video/BV1x?p=2&t=3723",
        ),
        ("https://open.spotify.com/episode/ab?t=1", "https://open.spotify.com/episode/ab?t=3723"),
        ("https://open.spotify.com/show/ab", "https://open.spotify.com/show/ab"),
        ("https://soundcloud.com/ann/talk", "https://soundcloud.com/ann/talk#t=1:02:03"),
        ("https://overcast.fm/+AbC-1/2:00", "https://overcast.fm/+AbC-1/1:02:03"),
        ("https://pca.st/episode/ab-c", "https://pca.st/episode/ab-c?t=3723"),
        ("https://www.twitch.tv/videos/12", "https://www.twitch.tv/videos/12?t=1h2m3s"),
        ("https://cdn.example.org/one.MP3?k=v", "https://cdn.example.org/one.MP3?k=v#t=3723"),
        ("https://podcasts.apple.com/us/podcast/x/id1?i=2",) * 2,
    ],
)
def test_what_plays_is_opened_at_the_second(source: str, link: str) -> None:
    assert deep(source, 3723.9, 1, 1, "words") == link


def test_a_site_that_plays_is_left_as_it_is_where_the_second_is_not_known() -> None:
    assert deep("https://youtu.be/abc?t=3", None, 4, 4, "words") == "https://youtu.be/abc?t=3"


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://github.com/a/b/blob/main/x.md", "x.md?plain=1#L12-L15"),
        ("https://github.com/a/b/blob/main/x.txt", "x.txt#L12-L15"),
        ("https://gitlab.com/a/b/-/blob/main/x.md", "x.md?plain=1#L12-15"),
        ("https://git.example.org/a/b/-/blob/v1/x.txt#L3", "x.txt#L12-15"),
        ("https://codeberg.org/a/b/src/branch/main/x.md", "x.md?display=source#L12-L15"),
        ("https://bitbucket.org/a/b/src/main/x.txt", "x.txt#lines-12:15"),
    ],
)
def test_a_file_of_a_repository_is_opened_at_its_lines(source: str, link: str) -> None:
    assert deep(source, 3.0, 12, 15, "words").rpartition("/")[2] == link
    assert deep(source, 3.0, 12, 12).rpartition("/")[2] == link.partition("-L15")[0].partition(
        "-15"
    )[0].removesuffix(":15")


def test_any_other_page_is_opened_at_the_words() -> None:
    words = "Well-known, that is; and then\nwe sailed on & came home at last."
    assert deep("https://example.org/a?b=1", 9.0, 1, 1, words) == (
        "https://example.org/a?b=1#:~:text=Well%2Dknown%2C%20that%20is%3B%20and%20then"
        ",came%20home%20at%20last."
    ).replace("came", "%26%20came")


def test_chinese_words_are_cut_at_marks_where_browsers_cut_them() -> None:
    words = "第一批客人是下夜班的司机，夏天会早半个小时，那时候天亮得早，老人们睡不着。"
    link = deep("https://example.org/tea#top", None, 1, 1, words)
    page, _, text = link.partition(":~:text=")
    assert page == "https://example.org/tea#top"
    assert [unquote(part) for part in text.split(",")] == [
        "第一批客人是下夜班的司机",
        "老人们睡不着",
    ]
    assert unquote(deep("https://example.org", None, 1, 1, "五点开门")).endswith("text=五点开门")


def test_a_page_that_has_a_text_fragment_keeps_it() -> None:
    source = "https://example.org/#:~:text=mine"
    assert deep(source, None, 1, 1, "other words") == source
    assert deep("https://example.org/a.pdf", None, 1, 1, "words") == "https://example.org/a.pdf"


@pytest.mark.parametrize(
    "source",
    [
        "", " ", "talks/a.md", "javascript:alert(1)", "data:text/html,hi", "file:///etc/passwd",
        "https://", "http:///x", "https://[bad", "JaVaScRiPt://youtube.com/watch?v=1", "//x.org/a",
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(source: str) -> None:
    assert deep(source, 5.0, 1, 1, "words") == ""


@given(st.text(), st.one_of(st.none(), st.floats(0, 1e6)), st.text())
def test_whatever_is_given_makes_a_web_address_or_none(
    source: str, start: float | None, words: str
) -> None:
    for prefix in ("", "https://example.org/", "https://youtu.be/", "https://github.com/a/b/blob/"):
        link = deep(prefix + source, start, 3, 4, words)
        assert not link or link.startswith(("http://", "https://"))
        assert not set(link) & set(' \n\t<>"')


@given(st.text(min_size=1))
def test_words_are_encoded_so_that_nothing_in_them_means_anything(words: str) -> None:
    link = deep("https://example.org/", None, 1, 1, words)
    text = link.partition(":~:text=")[2]
    assert text.count(",") <= 1
    assert not set(text) & set(" &-#\"'<>\n")


def test_other_fields_of_the_query_stay() -> None:
    link = deep("https://www.youtube.com/watch?v=a&list=b%20c&index=2", 5)
    assert parse_qs(urlsplit(link).query) == {
        "v": ["a"], "list": ["b c"], "index": ["2"], "t": ["5"],
    }  # fmt: skip
