import json

import pytest

from bench.peers import environments, gold, report
from bench.peers.gold import Question
from bench.peers.report import Row

SAID = {
    "shop:1": ["周岚", "问", "你们什么时候开门？"],
    "shop:2": ["陈默", "答", "早上九点。周一休息。"],
    "shop:3": ["Ann Lee", "Ann Lee", "We open at 9.30 on Sundays. Then we rest."],
    "shop:s1": ["", "", "书店在海边。"],
}
TITLES = {"rag": "ours", "one": "One", "two": "Two"}


def case(**changed: object) -> dict[str, object]:
    return {
        "question": "周一开门吗",
        "kind": "direct",
        "language": "zh",
        "relevant": ["shop:2"],
        "must_say": ["休息"],
    } | changed


def row(key: str) -> Row:
    return next(row for row in report.ROWS if row.key == key)


def test_only_the_sentence_with_what_must_be_said_answers() -> None:
    (asked,) = gold.questions([case()], SAID)
    assert gold.right(asked, ["答：早上九点。\n周一休息。"])
    assert not gold.right(asked, ["答：早上九点。", "周一"])


def test_a_full_stop_inside_a_number_ends_no_sentence() -> None:
    (asked,) = gold.questions([case(relevant=["shop:3"], must_say=["9.30"])], SAID)
    assert asked.sentences == (gold.fold("We open at 9.30 on Sundays."),)


def test_where_no_sentence_has_it_all_the_words_are_the_answer() -> None:
    (asked,) = gold.questions([case(must_say=[])], SAID)
    assert gold.right(asked, ["早上九点。周一休息。"])
    (asked,) = gold.questions([case(must_say=["nowhere"])], SAID)
    assert not gold.right(asked, ["周一休息。"])


def test_questions_that_no_retriever_can_answer_are_left_out() -> None:
    cases = [
        case(kind="follow-up"),
        case(kind="structure", relevant=[]),
        case(kind="unanswerable", relevant=[]),
        case(kind="cross-lingual", language="en"),
        case(kind="paraphrased", language="en"),
    ]
    assert [asked.group for asked in gold.questions(cases, SAID)] == ["cross", "en"]


def test_width_case_stars_and_blanks_do_not_matter() -> None:
    assert gold.fold("**Ann Lee：** We  OPEN\n") == gold.fold("ann lee: we open")


def test_a_turn_is_whole_only_behind_its_name_and_in_one_chunk() -> None:
    whole = "问：你们什么时候开门？\n\n答：早上九点。周一休息。\n\n**Ann Lee:** We open at 9.30"
    assert gold.whole(SAID, [whole, "on Sundays. Then we rest."]) == pytest.approx(2 / 3)
    assert gold.whole(SAID, ["你们什么时候开门？", "陈默：早上九点。周一休息。"]) == pytest.approx(
        1 / 3
    )


def test_the_budget_cuts_the_last_text_and_drops_the_rest() -> None:
    assert gold.within(["abcd", "efgh", "ijkl"], 6) == ["abcd", "ef"]
    assert gold.within(["abcd", "efgh"], 4) == ["abcd"]
    asked = Question("?", "en", ("efgh",))
    assert gold.right(asked, gold.within(["abcd", "efgh"], 8))
    assert not gold.right(asked, gold.within(["abcd", "efgh"], 7))


def test_we_are_compared_with_the_best_other_in_the_better_direction() -> None:
    figures = {
        "rag": {"cold": 0.5, "rate": 2000.0, "whole": 100.0, "chunks": 3.0},
        "one": {"cold": 6.0, "rate": 40.0, "whole": 99.0, "chunks": 9.0},
        "two": {"cold": 7.0, "rate": 50.0, "whole": 40.0, "chunks": 1.0},
    }
    assert report.against(row("cold"), figures, "rag") == "12 ×"
    assert report.against(row("rate"), figures, "rag") == "40 ×"
    assert report.against(row("whole"), figures, "rag") == "+1 points"
    assert report.against(row("chunks"), figures, "rag") == "–"
    assert report.against(row("zh_words"), figures, "rag") == "–"


def test_a_loss_is_shown_as_one() -> None:
    figures = {"rag": {"warm50": 6.0, "zh": 50.0}, "one": {"warm50": 1.5, "zh": 60.0}}
    assert report.against(row("warm50"), figures, "rag") == "0.25 ×"
    assert report.against(row("zh"), figures, "rag") == "-10 points"


def test_cells_are_medians_with_the_least_and_dashes_where_nothing_was_measured() -> None:
    measured = {
        "rag": {"cold": [0.7, 0.5, 0.6], "zh": [80.0]},
        "one": {"cold": [6.0], "zh": [70.0]},
        "two": {"cold": [8.0, 8.001]},
    }
    headings, rows = report.cells(TITLES, measured, "rag")
    assert headings[1:4] == ["ours", "One", "Two"]
    assert rows == [
        [row("cold").title, "0.60 (0.50)", "6.00", "8.00", "10 ×"],
        [row("zh").title, "80", "70", "–", "+10 points"],
    ]


def test_the_json_has_every_repetition_and_what_was_run() -> None:
    kept = json.loads(report.document({"date": "2026-01-02"}, {"one": {"cold": [3.0, 1.0, 2.0]}}))
    assert kept["date"] == "2026-01-02"
    assert kept["systems"]["one"] == {
        "median": {"cold": 2.0},
        "least": {"cold": 1.0},
        "samples": {"cold": [3.0, 1.0, 2.0]},
    }


def test_all_packages_are_pinned_and_torch_is_the_one_without_cuda() -> None:
    packages = [name for system in environments.SYSTEMS for name in system.packages]
    assert all("==" in name for name in (*packages, *environments.ENCODERS, environments.MINILM))
    assert environments.TORCH == ("torch==2.13.0",)
    assert not any(name.startswith("torch==") for name in packages)
