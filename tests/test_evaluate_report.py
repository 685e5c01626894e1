"""The report: what it shows of a run, that it is one file, and what a browser makes of it."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import Run as Command
from samples import is_one_line

from rag.errors import safe
from rag.evaluate import Result, Run, against, reporting, save
from rag.evaluate.reporting import figures, plots
from rag.evaluate.reporting.drawing import Drawing, fit
from rag.evaluate.reporting.misses import misses
from rag.evaluate.runs import Place

EVIL = (
    "</script><script>window.hacked = 1</script>",
    "</style><img src=x onerror='window.hacked = 1'>",
    '<a href="javascript:window.hacked = 1">read on</a>',
    '" onmouseover="window.hacked = 1',
    "</title></textarea><svg onload=window.hacked=1><foreignObject>",
    "{{ 7 * 7 }}{% for x in y %}&lt;b&gt;",
)


def place(address: str, dense: float, lexical: float, right: bool = False) -> Place:
    return Place(address, dense + lexical, dense, lexical, right)


def result(id_: str, ranking: tuple[Place, ...] = (), **fields: Any) -> Result:
    rank = next((n for n, found in enumerate(ranking, 1) if found.relevant), 0)
    measured = {} if not ranking else {
        "hit@1": float(rank == 1), "hit@5": float(0 < rank <= 5), "hit@10": float(rank > 0),
        "recall@10": float(rank > 0), "mrr@10": 1 / rank if rank else 0.0,
    }  # fmt: skip
    given = {
        "suite": "tea house", "question": f"question {id_}?", "kind": "direct", "language": "en",
        "answerable": True, "relevant": ("tea:2",) if ranking else (), "transcript": "tea",
        "confidence": 0.7, "measures": measured, **fields,
    }  # fmt: skip
    return Result(id=id_, ranking=ranking, **given)


RESULTS = (
    result("first", (place("tea:2", 0.9, 2.0, True), place("tea:4", 0.2, 1.0)), confidence=0.95),
    result("dense", (place("tea:4", 0.2, 2.0), place("tea:2", 0.9, 0.0, True)),
           texts={"tea:2": "王秀兰：我们每天早上五点开门", "tea:4": "王秀兰：花茶八块钱一壶"},
           kind="paraphrased", language="zh", question="几点开门？", history=("茶馆在哪里？",)),
    result("lost", (place("tea:4", 0.5, 2.0), place("tea:6", 0.4, 1.0)), transcript="violin",
           texts={"tea:2": "Five in the morning.", "tea:4": "y" * 300}),
    result("silent", answerable=False, kind="unanswerable", transcript="", confidence=0.6,
           measures={"refusal recall": 0.0}),
    result("refused", (place("tea:2", 0.1, 0.1, True),), confidence=0.3,
           measures={"hit@1": 1.0, "mrr@10": 1.0, "false refusals": 1.0, "refusal precision": 0.0}),
)  # fmt: skip


def run_of(results: tuple[Result, ...] = RESULTS, **fields: Any) -> Run:
    suites = tuple(
        {"name": name, "form": "cases", "corpus": "c0ffee", "transcripts": 2, "passages": 6,
         "questions": len(results), "of": len(results), "notes": [], "skipped": {}}
        for name in dict.fromkeys(item.suite for item in results)
    )  # fmt: skip
    given = {
        "version": "1", "date": "2026-11-21T10:00:00+00:00", "legs": "fused", "k": 10,
        "settings": {"encoder": "builtin", "refuse_below": 0.5}, "encoder": "fake", **fields,
    }  # fmt: skip
    return Run(suites=suites, results=results, **given)


class Seen(HTMLParser):
    """The elements of a page with their attributes, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.inside = ""
        self.within: dict[str, str] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside in ("style", "script"):
            self.within[self.inside] = self.within.get(self.inside, "") + data
        else:
            self.words += data

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if self.inside == tag else self.inside

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def evil() -> Run:
    """A run in which everything that comes from a transcript or a case tries to get out."""
    texts = "".join(EVIL)
    wrong = tuple(
        replace(
            RESULTS[1], id=f"{n} {text}", question=text, kind=text, transcript=text, suite=text,
            history=(text,), texts={"tea:2": text, "tea:4": texts},
            answer={"refused": False, "text": text},
            measures={**RESULTS[1].measures, "must say": 0},
        )
        for n, text in enumerate(EVIL)
    )  # fmt: skip
    return run_of((*wrong, *RESULTS), model=texts, version=EVIL[0])


def test_what_a_transcript_says_stays_words() -> None:
    run = evil()
    earlier = replace(run, settings={EVIL[0]: EVIL[1]}, date=EVIL[3],
                      results=tuple(replace(r, measures=dict.fromkeys(r.measures, 0.0))
                                    for r in run.results))  # fmt: skip
    page = Seen(reporting.page(run, earlier, against(earlier, run)))
    for text in EVIL:
        assert text in page.words
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert "hacked" not in page.within["script"] + page.within["style"]
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert names.isdisjoint({"style", "src", "srcdoc", "action"})
    links = [attributes.get("href") or "" for _, attributes in page.elements]
    assert {link for link in links if link and not link.startswith("#")} == {"data:,"}
    assert {tag for tag, _ in page.elements}.isdisjoint(
        {"img", "iframe", "object", "foreignobject"}
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1).filter(lambda text: text.strip() and text.isprintable()))
def test_no_text_changes_how_a_page_is_built(text: str) -> None:
    plain = Seen(reporting.page(run_of()))
    other = replace(RESULTS[1], question=text, texts={"tea:2": text, "tea:4": text}, id=text)
    page = Seen(reporting.page(run_of((RESULTS[0], other, *RESULTS[2:]))))
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert safe(text) in page.words


def test_words_that_steer_are_left_out() -> None:
    page = reporting.page(run_of((replace(RESULTS[1], question="a\u202eb\x1b[2Jc\x00d\ud800"),)))
    assert "ab[2Jcd" in page
    assert not {"\u202e", "\x1b", "\x00"} & set(page)


def test_only_its_own_style_and_script_may_run() -> None:
    page = Seen(reporting.page(run_of()))
    (policy,) = (
        item["content"] or "" for item in page.all("meta")
        if item.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules["default-src"] == ["'none'"]
    for name in ("script", "style"):
        digest = hashlib.sha256(page.within[name].encode()).digest()
        assert rules[f"{name}-src"] == [f"'sha256-{base64.b64encode(digest).decode()}'"]


def test_every_plot_says_what_it_is_and_every_figure_is_also_words() -> None:
    page = Seen(reporting.page(run_of()))
    plotted = [item for item in page.all("svg") if item.get("aria-hidden") is None]
    assert len(plotted) > 5
    assert all(item["role"] == "img" and item["aria-label"] for item in plotted)
    assert "language en" in page.words
    assert "75.0 (25–100)" in page.words  # hit@1 of all, in the table


def test_which_questions_are_missed_and_how() -> None:
    found = {miss.result.id: (miss.wrong, miss.rank) for miss in misses(run_of())}
    assert found == {
        "lost": (("nothing",), 0),
        "dense": (("late",), 2),
        "silent": (("answered",), 0),
        "refused": (("refused",), 1),
    }
    page = Seen(reporting.page(run_of())).words
    for words in ("王秀兰：我们每天早上五点开门", "王秀兰：花茶八块钱一壶", "茶馆在哪里？"):
        assert words in page
    assert "Five in the morning." in page
    assert "y" * 300 + "…" in page  # the run kept no more
    assert "Besides: 2. tea:6" in page


def test_where_a_leg_alone_would_have_been_right() -> None:
    found = {item.result.id: (item.fused, item.lexical, item.dense)
             for item in figures.legs(run_of())}  # fmt: skip
    assert found == {
        "first": (1, 1, 1), "dense": (2, 0, 1), "lost": (0, 0, 0), "refused": (1, 1, 1),
    }  # fmt: skip
    counts = {name: len(some) for name, _, some in figures.outcomes(figures.legs(run_of()))}
    assert counts["dense only: lost by fusing"] == 1
    assert sum(counts.values()) == len(found)


def test_recall_against_k() -> None:
    places = ("tea:2", "tea:2.2", "tea:6-7")
    ranking = tuple(place(address, 0.9, 1.0, right=True) for address in places)
    twice = result("twice", ranking, relevant=("tea:2", "tea:7"))
    hits, recalls = figures.curves(run_of((twice,)))
    assert figures.depths(run_of((twice,)))[:4] == [1, 2, 3, 4]
    assert [value for value, _, _ in hits.values] == [1.0] * 8
    # Another piece of a turn that was found already is nothing new.
    assert [value for value, _, _ in recalls.values][:3] == [0.5, 0.5, 1.0]


def test_chances_and_thresholds() -> None:
    found = figures.chances(run_of())
    assert found is not None
    assert (found.answerable, found.silent, found.threshold) == ([0.95, 0.7, 0.7, 0.3], [0.6], 0.5)
    assert found.refused(0.5) == (0.25, 0.0)
    below, false, right = found.at_most(0.25)
    assert (below, false, right) == (0.7, 0.25, 1.0)
    # A set in which everything has an answer says nothing about refusing.
    other = replace(RESULTS[0], suite="other", confidence=0.1)
    assert figures.chances(run_of((*RESULTS, other))) == found
    answered = figures.chances(run_of(model="m", settings={"model_refuse_below": 0.2}))
    assert answered is not None
    assert answered.threshold == 0.2


def test_what_was_not_measured_has_no_section() -> None:
    bare = tuple(replace(item, confidence=None) for item in RESULTS[:3])
    page = Seen(reporting.page(run_of(bare, legs="dense", settings={})))
    assert {item.get("id") for item in page.all("section")} == {"measures", "depth", "misses"}
    assert "threshold" not in page.words
    empty = Seen(reporting.page(run_of(())))
    assert "every question is answered as its case wants it" in empty.words


def test_answers_show_what_they_cost_and_what_their_judge_is_worth() -> None:
    answer = {"refused": False, "text": "At five.", "length": 8, "latency": 1250.0,
              "usage": {"prompt_tokens": 700, "completion_tokens": 20}}  # fmt: skip
    agreed = {"kappa": 0.61, "agreed": 33}
    judge = {"model": "m", "sample": "p.jsonl", "n": 40, "supported": agreed, "answers": agreed}
    results = (replace(RESULTS[2], answer=answer), *RESULTS[:2])
    page = Seen(reporting.page(run_of(results, model="m", judge=judge))).words
    for words in ("1250.0 ms", "720", "At five.", "supported κ 0.61 (33 of 40 alike)"):
        assert words in page
    unmeasured = run_of(results, model="m", judge={"model": "m", "sample": None})
    assert "not measured against people" in Seen(reporting.page(unmeasured)).words


def test_the_comparison_names_what_was_won_and_lost() -> None:
    before = run_of(settings={"encoder": "builtin", "refuse_below": 0.7, "dense_weight": 1.2})
    after = run_of((replace(RESULTS[0], ranking=(), measures=RESULTS[2].measures), *RESULTS[1:]))
    page = Seen(reporting.page(after, before, against(before, after)))
    assert "refuse_below was 0.7, is 0.5." in page.words
    assert "dense_weight was 1.2, is None." in page.words
    assert "hit@1: 0 won, 1 lost" in page.words
    assert "question first?" in page.words
    assert "1 → –" in page.words


@pytest.mark.parametrize(
    ("words", "columns", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("茶馆", 4, "茶馆"),
        ("茶馆早", 5, "茶馆…"),
        ("", 0, ""),
        ("茶馆早安", 6, "茶馆…"),
    ],
)
def test_names_are_cut_to_the_room_there_is(words: str, columns: int, shown: str) -> None:
    assert fit(words, columns) == shown


def test_a_picture_escapes_what_it_shows() -> None:
    drawing = Drawing('<b>"', 10)
    drawing.fitted((0, 0), "<script>&", 4)
    assert str(drawing) == (
        '<svg viewBox="0 0 380 10" role="img" aria-label="&lt;b&gt;&quot;">'
        '<text x="0" y="0" text-anchor="end">&lt;sc…<title>&lt;script&gt;&amp;</title></text></svg>'
    )


@given(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([2, 5, 10, 20, 50, 100]))
def test_marks_stay_on_the_picture(one: float, other: float, far: int) -> None:
    row = plots.Estimate("x", one, min(one, other), max(one, other))
    drawn = plots.estimates("t", [row], (-far, far), 0)
    assert all(0 <= float(words.split('"')[0]) <= 380 for words in drawn.split('cx="')[1:])
    assert 4 <= drawn.count('class="grid"') <= 7


CASES = [
    {"id": "open", "question": "茶馆每天早上几点开门？", "relevant": ["tea:2"]},
    {"id": "wrong", "question": "茶馆每天早上几点开门？", "relevant": ["violin:6"]},
]


@pytest.fixture
def cases(indexed: Path) -> Path:
    path = indexed / "cases.jsonl"
    path.write_text("".join(f"{json.dumps(case)}\n" for case in CASES), encoding="utf-8")
    return path


def test_a_report_of_a_run_and_of_a_file(
    cases: Path, run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run("eval", cases, "--out", "run.json", "--report", "one.html", "-k", "1")
    assert (made.code, made.err) == (0, "")
    page = Seen(Path("one.html").read_text(encoding="utf-8"))
    assert "茶馆每天早上几点开门？" in page.words
    assert "我们每天早上五点开门" in page.words
    monkeypatch.chdir(tmp_path)
    kept = cases.parent / "run.json"
    shown = run("eval", "--from", kept, "--report", "two.html", "--against", kept)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(made.out.split("\n", maxsplit=1)[0])
    assert 'id="comparison"' in Path("two.html").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cases.jsonl", "--from", "run.json"), "--from run.json and something to evaluate"),
        (("--from", "none.json"), "none.json: No such file"),
        (("cases.jsonl", "--report", "no/where.html"), "no/where.html: No such file"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    cases: Path, run: Command, arguments: tuple[str, ...], said: str
) -> None:
    found = run("eval", *arguments)
    assert (found.code, found.out) == (2, "")
    assert is_one_line(found.err)
    assert said in found.err


# In a browser.

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here (apt-get install chromium)")
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield started
        started.close()


class Tab:
    """A page in the browser, and everything that it complained about or asked for."""

    def __init__(self, browser: Any, path: Path, width: int = 1200, scheme: str = "light") -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        size = {"width": width, "height": 900}
        self.page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def shown(self) -> list[str]:
        return [
            str(text) for text in self.page.locator(".miss:visible .question").all_inner_texts()
        ]

    def contrast(self, selector: str) -> float:
        """Of words on what is behind them, as WCAG computes it."""
        return float(
            self.page.locator(selector).first.evaluate("""element => {
            const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
                .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
                .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
            let behind = element;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)")
                behind = behind.parentElement;
            const style = getComputedStyle(element);
            const [a, b] = [element.closest("svg") ? style.fill : style.color,
                getComputedStyle(behind).backgroundColor].map(light);
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        }""")
        )


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A report with a comparison, in which transcripts try to run scripts."""
    run = evil()
    earlier = replace(run, results=tuple(replace(r, measures=dict.fromkeys(r.measures, 0.0))
                                         for r in run.results))  # fmt: skip
    path = tmp_path / "report.html"
    reporting.write(run, path, earlier, against(earlier, run))
    return path


def test_a_browser_runs_nothing_and_asks_for_nothing(browser: Any, report: Path) -> None:
    tab = Tab(browser, report)
    for fold in tab.page.locator("details").all():
        fold.evaluate("element => element.open = true")
    tab.page.mouse.move(300, 300)
    assert (tab.said, tab.asked) == ([], [report.as_uri()])
    assert tab.page.evaluate("window.hacked") is None
    # Even a script that got into the page would not run.
    tab.page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        document.body.append(script);
    }""")
    assert tab.page.evaluate("window.hacked") is None
    assert "Content Security Policy" in tab.said[0]


def test_misses_can_be_filtered(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    reporting.write(run_of(), path)
    tab = Tab(browser, path)
    everything = ["question lost?", "几点开门？", "question refused?", "question silent?"]
    assert tab.shown() == everything
    status = tab.page.locator("#shown")
    assert status.inner_text() == "4 of 4 shown"
    for name, value, left in (
        ("wrong", "nothing", ["question lost?"]),
        ("kind", "unanswerable", ["question silent?"]),
        ("language", "zh", ["几点开门？"]),
        ("transcript", "violin", ["question lost?"]),
    ):
        tab.page.select_option(f"select[name={name}]", value)
        assert tab.shown() == left
        assert status.inner_text() == "1 of 4 shown"
        tab.page.select_option(f"select[name={name}]", "")
    tab.page.fill("input[name=words]", "八块钱")
    assert tab.shown() == ["几点开门？"]
    tab.page.press("input[name=words]", "Enter")
    tab.page.select_option("select[name=language]", "en")
    assert tab.shown() == []
    assert tab.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_can_be_read_in_any_light_and_width(
    browser: Any, report: Path, scheme: str, width: int
) -> None:
    tab = Tab(browser, report, width, scheme)
    for fold in tab.page.locator("details").all():
        fold.evaluate("element => element.open = true")
    across, room = tab.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert across <= room
    for selector in ("h1", ".note", ".tile dd", "svg text", "svg .quiet", ".badge.late",
                     ".badge.nothing", ".passage .words", "summary"):  # fmt: skip
        assert tab.contrast(selector) >= 4.5, selector
    background = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(20, 23, 26)") == (scheme == "dark")
    sizes = tab.page.eval_on_selector_all(
        "figure svg text", "found => found.map(e => e.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 9


def test_without_scripts_everything_is_there(browser: Any, report: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(report.as_uri())
    assert page.locator(".miss:visible").count() == len(misses(evil()))
    assert not page.locator("#filters").is_visible()


def test_a_run_from_a_file_gives_the_same_page(tmp_path: Path) -> None:
    from rag.evaluate import load

    save(run_of(), tmp_path / "run.json")
    assert reporting.page(load(tmp_path / "run.json")) == reporting.page(run_of())
