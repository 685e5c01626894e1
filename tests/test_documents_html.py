"""Pages: every turn is kept, what stands around the interview is not, and lines are file lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.transcripts import parse
from rag.transcripts.documents import read
from rag.transcripts.kinds import Kind
from rag.types import Transcript

Turns = list[tuple[str, str]]
RIVER: Turns = [
    ("Host", "Why did you leave the town on the river, Nora?"),
    ("Nora", "The rent went up, and the fish went away."),
    ("Host", "Really?"),
    ("Nora", "Yes."),
    ("Host", "And what did the others do when the last boat went to the museum upstream?"),
    ("Nora", "They stayed. Most of them still mend nets in winter, and nobody asks them why."),
    ("Host", "Thanks."),
    ("Nora", "Thank you."),
]
FLUSS: Turns = [
    ("主持人", "你们为什么搬到河边来？"),
    ("陈若", "因为租金便宜，而且鱼多。"),
    ("主持人", "真的吗？"),
    ("陈若", "对。"),
    ("主持人", "冬天怎么过？"),
    ("陈若", "冬天我们补网，修船，也给孩子们讲从前的故事，一直讲到开春化冰的时候。"),
    ("主持人", "谢谢。"),
    ("陈若", "不客气。"),
]
AROUND = (
    '<header><nav><ul><li><a href="/">Start</a></li><li><a href="/p">Shows</a></li></ul></nav>'
    '</header><aside class="sidebar"><h3>Related</h3><p>Ten boats you must see</p></aside>'
)
BEHIND = (
    '<section id="comments"><h2>2 comments</h2><div class="comment"><b>Troll:</b> rubbish</div>'
    '<div class="comment"><b>Fan:</b> I listened to it twice, on two different trains</div>'
    "</section><footer><p>Copyright Small Radio</p></footer>"
)
NOISE = ("Shows", "Related", "Ten boats", "rubbish", "two different trains", "Copyright")
WAYS = {
    "strong": "<p><strong>{}:</strong> {}</p>",
    "colon behind": "<p><b>{}</b>: {}</p>",
    "full width": "<p>　　<strong>{}：</strong>{}</p>",
    "no colon": "<p><strong>{}</strong> {}</p>",
    "line break": "<p><b>{}</b><br>\n{}</p>",
    "bold paragraph": "<p><b>{}</b></p>\n<p>{}</p>",
    "heading": "<h3>{}</h3>\n<p>{}</p>",
    "terms": "<dl><dt>{}</dt>\n<dd>{}</dd></dl>",
    "class": '<p class="speaker">{}</p>\n<p class="text">{}</p>',
    "class and time": '<div><time>0:12</time> <b class="speaker-name">{}</b>\n<p>{}</p></div>',
    "cite": "<cite>{}:</cite><time>0:12</time>\n<p>{}</p>",
    "attribute": '<p data-speaker="{}">{}</p>',
    "plain": "<p>{}: {}</p>",
    "brackets": "<p>【{}】{}</p>",
    "bare": "<div>{}：{}</div>",
    "styled": '<section><span style="font-weight: bold">{}：</span><span>{}</span></section>',
    "list": "<ul><li><strong>{}:</strong> {}</li></ul>",
}


def page(body: str, main: str = "article", head: str = "", around: bool = True) -> str:
    before, after = (AROUND, BEHIND) if around else ("", "")
    return (
        f"<!DOCTYPE html>\n<html><head><title>The river | Radio</title>{head}</head>\n<body>"
        f"{before}\n<{main}>\n<h1>Leaving the river</h1>\n{body}\n</{main}>\n{after}"
        "</body></html>\n"
    )


def talk(text: str | bytes) -> Transcript:
    return parse(text.encode() if isinstance(text, str) else text, Path("talk.html"), {})


def said(text: str | bytes) -> Turns:
    return [(turn.speaker, turn.text) for turn in talk(text).turns]


@pytest.mark.parametrize("turns", [RIVER, FLUSS])
@pytest.mark.parametrize("main", ["article", "main", "div"])
@pytest.mark.parametrize("way", WAYS)
def test_every_turn_and_nothing_around_them(way: str, main: str, turns: Turns) -> None:
    text = page("\n".join(WAYS[way].format(*turn) for turn in turns), main)
    assert said(text) == turns
    everything = "\n".join(read(text.encode(), Kind.HTML, "x").lines)
    assert [noise for noise in NOISE if noise in everything] == []


@pytest.mark.parametrize("way", WAYS)
def test_lines_are_those_of_the_file(way: str) -> None:
    text = page("\n".join(WAYS[way].format(*turn) for turn in RIVER))
    written = text.split("\n")
    for turn in talk(text).turns:
        for words, line in zip(turn.text.split("\n"), turn.lines, strict=True):
            assert words in written[line - 1]
        assert turn.speaker in written[turn.line - 1]


def test_one_table_one_list_of_terms_and_lines_in_one_element() -> None:
    rows = "".join(f"<tr><td>{who}</td><td>{what}</td></tr>\n" for who, what in RIVER)
    timed = "".join(f"<tr><td>0:01</td><td>{who}</td><td>{what}</td></tr>" for who, what in RIVER)
    head = "<tr><th>Time</th><th>Speaker</th><th>Text</th></tr>"
    terms = "".join(f"<dt>{who}</dt><dd>{what}</dd>" for who, what in RIVER)
    lines = [f"{who}: {what}" for who, what in RIVER]
    for body in (
        f"<table>{rows}</table>",
        f"<table>{head}{timed}</table>",
        f"<dl>{terms}</dl>",
        f"<div>{'<br><br>'.join(lines)}</div>",
        "<pre>" + "\n".join(lines) + "</pre>",
        '<div style="white-space: pre-wrap">' + "\n".join(lines) + "</div>",
    ):
        assert said(page(body)) == RIVER


def test_a_small_page_whose_body_is_the_transcript() -> None:
    body = "\n".join(f"<p><b>{who}:</b> {what}</p>" for who, what in RIVER[2:4])
    assert said(f"<html><body>{body}</body></html>") == RIVER[2:4]
    assert said(body) == RIVER[2:4]


@pytest.mark.parametrize(
    "around",
    [
        '<div class="transcript" style="display:none">{}</div>',
        '<aside id="transcript">{}</aside>',
        '<div class="sidebar-transcript related">{}</div>',
        "<footer>{}</footer>",
        '<div hidden aria-hidden="true">{}</div>',
        "<details><summary>Transcript</summary>{}</details>",
        "<form>{}</form>",
        "</article></body></html>{}",
    ],
)
def test_turns_are_kept_wherever_a_page_hides_them(around: str) -> None:
    turns = "\n".join(f"<p><b>{who}:</b> {what}</p>" for who, what in RIVER)
    assert said(page("<p>Today we go to the river.</p>" + around.format(turns))) == RIVER


def test_an_article_for_each_turn() -> None:
    turns = "".join(f"<article><b>{who}:</b> {what}</article>" for who, what in RIVER)
    assert said(f"<html><body>{AROUND}{turns}{BEHIND}</body></html>") == RIVER


def test_names_that_the_page_itself_marks_need_not_come_back() -> None:
    body = '<p class="speaker">Ann Lee</p><p>Hello.</p><p class="speaker">Bob Ray</p><p>Yes.</p>'
    assert said(page(body)) == [("Ann Lee", "Hello."), ("Bob Ray", "Yes.")]


def test_emphasis_inside_a_reply_is_nobody() -> None:
    body = (
        "<p><b>Host:</b> What matters?</p><p><b>Nora:</b> Two things.</p>"
        "<p><b>Patience</b> is the first.</p><p><b>Nets</b> are the second.</p>"
        "<p><b>Host:</b> I see.</p>"
    )
    assert {turn.speaker for turn in talk(page(body)).turns} == {"Host", "Nora"}


def test_markdown_in_the_words_of_a_page_is_only_text() -> None:
    body = (
        "<p><b>Host:</b> Is it 2*3*4 or snake_case_name?</p>\n"
        "<p><b>Nora:</b> `Both` [see](this), # and ~~that~~.</p>\n<p><b>Host:</b> a\\b</p>"
    )
    assert said(page(body)) == [
        ("Host", "Is it 2*3*4 or snake_case_name?"),
        ("Nora", "`Both` [see](this), # and ~~that~~."),
        ("Host", "a\\b"),
    ]


def test_raised_numbers_of_footnotes_are_not_spoken() -> None:
    body = (
        '<p><b>Host:</b> Where<sup><a href="#n1">1</a></sup>?</p><p><b>Nora:</b> 10<sup>6</sup> km '
        "away.</p>"
    )
    assert said(page(body)) == [("Host", "Where?"), ("Nora", "106 km away.")]


@pytest.mark.parametrize("declared", ["gb2312", "gbk", "GB18030", "big5"])
def test_chinese_pages_in_the_encoding_that_they_declare(declared: str) -> None:
    text = page("".join(f"<p>{who}：{what}</p>" for who, what in FLUSS[:4]), around=False)
    for meta in (
        f'<meta charset="{declared}">',
        f"<meta http-equiv=Content-Type content='text/html; charset={declared}'>",
    ):
        if declared == "big5":
            traditional = text.replace("们", "們").replace("为", "為").replace("么", "麼")
            traditional = traditional.replace("来", "來").replace("边", "邊").replace("陈", "陳")
            traditional = traditional.replace("鱼", "魚").replace("对", "對").replace("吗", "嗎")
            traditional = traditional.replace("便宜", "便宜").replace("因為", "因為")
            whole = traditional.replace("</head>", f"{meta}</head>").encode("big5")
            assert said(whole)[1] == ("陳若", "因為租金便宜，而且魚多。")
        else:
            whole = text.replace("</head>", f"{meta}</head>").encode("gb18030")
            assert said(whole) == FLUSS[:4]


def test_a_browser_saves_utf_8_and_leaves_the_old_declaration() -> None:
    text = page("".join(f"<p>{who}：{what}</p>" for who, what in FLUSS), around=False)
    saved = "<!-- saved from url=(0027)https://example.com/river -->\n" + text
    found = talk(saved.replace("</head>", '<meta charset="gb2312"></head>'))
    assert [(turn.speaker, turn.text) for turn in found.turns] == FLUSS
    assert found.source == "https://example.com/river"


def test_title_date_and_address_of_a_page() -> None:
    graph = json.dumps({"@graph": [{"@type": "Article", "datePublished": "2025-06-07T08:00:00Z"}]})
    heads = [
        '<meta property="article:published_time" content="2025-06-07T08:00:00Z">'
        '<link rel="canonical" href="https://example.com/river">',
        f'<script type="application/ld+json">{graph}</script>'
        '<meta property="og:url" content="https://example.com/river">',
    ]
    for head in heads:
        found = talk(page("<p>Host: Why?</p><p>Nora: So.</p>", head=head))
        assert (found.title, found.date, found.source) == (
            "Leaving the river", "2025-06-07", "https://example.com/river",
        )  # fmt: skip


def test_an_address_that_is_none_of_the_web_is_not_taken() -> None:
    head = '<link rel="canonical" href="javascript:alert(1)">'
    assert talk(page("<p>Host: Why?</p><p>Nora: So.</p>", head=head)).source == ""


def test_prose_becomes_sections() -> None:
    found = talk(page("<h2>The town</h2><p>It lies low.</p><h2>The boats</h2><p>They leak.</p>"))
    assert found.turns == ()
    assert [section.title for section in found.sections][-1] == "The boats"


def test_scripts_styles_and_comments_are_never_text() -> None:
    body = (
        "<script>var Host = 'Host: evil';</script><style>p{}</style><!-- Host: note -->"
        "<noscript>enable</noscript><template>tpl</template><p>Host: Why?</p><p>Nora: So.</p>"
    )
    lines = "\n".join(read(page(body).encode(), Kind.HTML, "x").lines)
    assert not any(word in lines for word in ("evil", "note", "enable", "tpl"))


@pytest.mark.parametrize("tag", ["div", "span", "b", "table", "ul", "blockquote", "article"])
def test_nesting_without_end_is_read_or_refused_in_one_line(tag: str) -> None:
    for count in (500, 100_000):
        text = f"<{tag}>" * count + "<p>Host: Why?</p>"
        try:
            assert "Why" in "".join(read(text.encode(), Kind.HTML, "x.html").lines)
        except UsageError as error:
            assert count > 500
            assert "nested" in str(error) or "no text" in str(error)  # noqa: PT017


def test_a_page_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from rag.transcripts.documents import html

    monkeypatch.setattr(html, "LARGEST", 1_000)
    with pytest.raises(UsageError, match="a page of more than"):
        read(b"<p>Host: x</p>" * 100, Kind.HTML, "x.html")


WORDS = st.text(st.sampled_from("cdfghjvw河船网鱼"), min_size=1, max_size=12)
NAMES = st.sampled_from(["Ann Lee", "Bob Ray", "主持人", "陈若", "Host"])
BETWEEN = st.sampled_from(["", "<hr>", "<p></p>", "<div><img alt=''></div>", "<!-- x -->\n", "\n"])
WRAPPERS = st.sampled_from(
    ["<div>{}</div>", "<article>{}</article>", "<main><div class=content>{}</div></main>",
     "<table><tr><td>{}</td></tr></table>", "<section><blockquote>{}</blockquote></section>",
     "<div class='related'>{}</div>", "{}"]
)  # fmt: skip
LABELLED = [WAYS[way] for way in WAYS if way not in ("no colon", "bold paragraph", "heading")]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(NAMES, WORDS, BETWEEN), min_size=3, max_size=15),
    st.sampled_from(LABELLED),
    WRAPPERS,
    st.booleans(),
)
def test_the_labels_and_words_of_generated_pages_all_survive(
    turns: list[tuple[str, str, str]], way: str, wrapper: str, around: bool
) -> None:
    body = "".join(
        way.format(who, f"{what} {n}.") + more for n, (who, what, more) in enumerate(turns)
    )
    text = page(wrapper.format(body), around=around)
    everything = "\n".join(read(text.encode(), Kind.HTML, "x.html").lines)
    place = 0
    for number, (who, what, _) in enumerate(turns):
        place = everything.index(who, place)
        place = everything.index(f"{what} {number}.", place)


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=300), st.sampled_from(["<p>Host: x</p>{}", "<div {}>", "{}<table>", "{}"])
)
def test_any_bytes_are_read_or_refused(data: bytes, around: str) -> None:
    before, _, after = around.partition("{}")
    try:
        found = read(before.encode() + data + after.encode(), Kind.HTML, "x.html")
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert len(found.lines) == len(found.numbers)
