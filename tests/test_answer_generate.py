"""Answers of a language model, the whole way: from a question over the wire to a checked answer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from samples import OPENING, TEA, VIOLIN, WOOD
from scripted import Scripted

from rag import Rag, Settings
from rag.answer import NOT_FOUND
from rag.errors import ModelFailed
from rag.llm import load
from rag.types import Address, Answer, Earlier

FAITHFUL = "王秀兰说：「我们每天早上五点开门」[tea:2]。"


Open = Callable[..., Rag]


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory) -> Rag:
    """The two sample interviews, indexed once, without a model."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "tea.md").write_text(TEA, encoding="utf-8")
    (folder / "violin.txt").write_text(VIOLIN, encoding="utf-8")
    return Rag.build([folder], chosen=Settings(index=str(folder / "index"), model="none"))


@pytest.fixture
def opened(quoting: Rag, llm_server: Scripted) -> Open:
    """Open it with settings of the test and the model of the scripted server."""

    def open_(**settings: float) -> Rag:
        chosen = replace(Settings(model="scripted", model_retries=0), **settings)  # type: ignore[arg-type]
        return Rag(quoting.store, quoting.encoder, chosen, load(chosen, os.environ))

    return open_


@pytest.fixture
def rag(opened: Open) -> Rag:
    """It with the default settings."""
    return opened()


def asked(rag: Rag, server: Scripted, question: str, *reply: str, **options: object) -> Answer:
    server.say(*reply)
    return rag.ask(question, **options)  # type: ignore[arg-type]


def lines(server: Scripted) -> Iterator[str]:
    """The lines of the last prompt that begin with the key of a turn."""
    return (line for line in server.last.prompt.split("\n") if re.match(r"\[[^\]]+:\d", line))


def test_an_answer_streams_and_is_the_sum_of_its_pieces(rag: Rag, llm_server: Scripted) -> None:
    llm_server.say("王秀兰说：「我们每天早上", "五点开门」[tea", ":2]，", "真早。")
    reply = rag.stream(OPENING)
    pieces = list(reply)
    assert len(pieces) > 1
    assert reply.answer is not None
    assert "".join(pieces) == reply.answer.text
    assert reply.answer.text == "王秀兰说：「我们每天早上五点开门」[tea:2]，真早。"


def test_a_quotation_becomes_a_citation_with_line_and_link(rag: Rag, llm_server: Scripted) -> None:
    answer = asked(rag, llm_server, OPENING, FAITHFUL)
    (citation,) = answer.citations
    assert (citation.speaker, citation.quote) == ("王秀兰", "我们每天早上五点开门")
    assert (str(citation.address), citation.line) == ("tea:2", 9)
    assert citation.exact
    assert citation.quoted
    assert citation.link.startswith("https://example.org/tea#:~:text=")
    assert (answer.findings, answer.quotes, answer.grounded) == ((), 1, True)
    assert (answer.model, answer.refused, answer.incomplete) == ("scripted", False, False)


def test_a_claim_is_cited_with_the_sentence_that_bears_it_out(
    rag: Rag, llm_server: Scripted
) -> None:
    answer = asked(rag, llm_server, OPENING, "冬天要等到六点才开门，因为炉子要先生起来 [tea:2]。")
    (citation,) = answer.citations
    assert citation.quote == "冬天冷，炉子要先生起来，开门就只好等到六点。"
    assert not citation.quoted
    assert answer.findings == ()


def test_a_lie_is_caught_whatever_it_is(rag: Rag, llm_server: Scripted) -> None:
    answer = asked(
        rag,
        llm_server,
        OPENING,
        "主持人说：「我们每天早上五点开门」[tea:2]。王秀兰说「最便宜的花茶六块钱一壶」[tea:4]，"
        "又说「我要搬到月亮上去卖咖啡」[tea:6]。去年他们卖出了 350000 壶茶 [tea:40]。",
    )
    assert [item.kind for item in answer.findings] == ["speaker", "near", "absent", "key", "claim"]
    assert "（✗ 说这话的是王秀兰）" in answer.text
    assert "tea:40" not in answer.text
    assert not any(citation.exact for citation in answer.citations)


def test_a_claim_that_nothing_supports_is_flagged(rag: Rag, llm_server: Scripted) -> None:
    answer = asked(
        rag,
        llm_server,
        OPENING,
        f"{FAITHFUL}\n火星上的探测器最近发现了甲烷气体的踪迹。",
    )
    assert [(item.kind, item.text) for item in answer.findings] == [
        ("claim", "火星上的探测器最近发现了甲烷气体的踪迹。")
    ]


@pytest.mark.parametrize("spoken", ["zh", "en"])
@pytest.mark.parametrize("form", ["{}", "{}\n", "**{}**", "“{}”", " {} "])
def test_the_refusal_is_recognised_and_shown_with_the_nearest_passages(
    rag: Rag, llm_server: Scripted, spoken: str, form: str
) -> None:
    question = {"zh": "茶馆的老板叫什么名字？", "en": "Which violin does the host play?"}[spoken]
    whole = form.format(NOT_FOUND[spoken])
    answer = asked(rag, llm_server, question, whole[:7], whole[7:])
    assert answer.refused
    assert answer.text.startswith(NOT_FOUND[spoken] + "\n")
    assert "[tea:" in answer.text or "[violin:" in answer.text
    assert (answer.citations, answer.grounded, answer.findings) == ((), False, ())


def test_a_refusal_that_explains_itself_is_one(rag: Rag, llm_server: Scripted) -> None:
    reply = f"{NOT_FOUND['en']} They only talk about tea."
    answer = asked(rag, llm_server, "Who plays the piano in the violin workshop?", reply)
    assert answer.refused
    assert answer.text == reply


def test_an_answer_that_ends_with_a_gap_is_none(rag: Rag, llm_server: Scripted) -> None:
    answer = asked(rag, llm_server, OPENING, f"{FAITHFUL}{NOT_FOUND['zh']}")
    assert not answer.refused


def test_off_topic_questions_do_not_reach_the_model_when_nothing_is_near(
    opened: Open, llm_server: Scripted
) -> None:
    rag = opened(model_refuse_below=1.0)
    answer = rag.ask("zygomorphic quaternion photolithography")
    assert answer.refused
    assert answer.text.startswith(NOT_FOUND["en"])
    assert llm_server.requests == []


def test_an_answer_without_source_to_an_unlikely_question_is_all_flagged(
    opened: Open, llm_server: Scripted
) -> None:
    rag = opened(refuse_below=1.0)
    answer = asked(rag, llm_server, OPENING, "茶馆每天早上五点开门，夏天再早半个小时。")
    assert [item.kind for item in answer.findings] == ["claim"]
    assert not answer.grounded


def test_the_prompt_is_in_the_language_of_the_question(rag: Rag, llm_server: Scripted) -> None:
    asked(rag, llm_server, OPENING, FAITHFUL)
    assert "用中文回答" in llm_server.last.prompt
    asked(rag, llm_server, "When does the tea house open?", "At five [tea:2].")
    assert "Answer in the language of the question" in llm_server.last.prompt
    assert "[tea:2] 王秀兰: 我们每天早上五点开门" in llm_server.last.prompt


def test_marks_follow_the_question_and_quotations_stay_in_the_original(
    rag: Rag, llm_server: Scripted
) -> None:
    answer = asked(
        rag,
        llm_server,
        "When does the tea house open?",
        '王秀兰 says "我们每天早上五点开门" (we open at five every morning) [tea:2]. '
        'The Host adds "贵的是明前的龙井" [tea:4].',
    )
    assert [item.kind for item in answer.findings] == ["speaker"]
    assert '"贵的是明前的龙井" (✗ said by 王秀兰) [tea:4]' in answer.text


def test_a_follow_up_is_asked_as_the_model_understands_it(rag: Rag, llm_server: Scripted) -> None:
    llm_server.say("茶馆冬天几点开门？")
    answer = asked(
        rag,
        llm_server,
        "那冬天呢？",
        "冬天六点 [tea:2]。",
        history=[Earlier(OPENING, FAITHFUL, (Address.parse("tea:2"),))],
    )
    rewriting, answering = llm_server.requests
    assert OPENING in rewriting.prompt
    assert answer.standalone == "茶馆冬天几点开门？"
    assert "那冬天呢？ (茶馆冬天几点开门？)" in answering.prompt
    roles = [message["role"] for message in answering.messages]
    assert roles == ["system", "user", "assistant", "user"]
    assert answer.usage["prompt_tokens"] > answering.tokens  # both requests are counted


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_first_follow_up_is_as_good_as_the_third(
    rag: Rag, llm_server: Scripted, steps: int
) -> None:
    before = [OPENING, "夏天呢？", "为什么？"][:steps]
    llm_server.say("冬天茶馆几点开门？")
    asked(rag, llm_server, "那冬天呢？", "六点 [tea:2]。", history=before)
    assert next(lines(llm_server)).startswith("[tea:1] 主持人: 茶馆每天几点开门？")


@pytest.mark.parametrize("rewritten", ["", "一行\n两行", "长" * 600])
def test_without_a_usable_rewriting_the_rules_serve(
    rag: Rag, llm_server: Scripted, rewritten: str
) -> None:
    llm_server.say(rewritten)
    answer = asked(rag, llm_server, "那冬天呢？", "六点 [tea:2]。", history=[OPENING])
    assert answer.standalone == ""
    assert "[tea:2]" in llm_server.last.prompt


def test_a_failed_rewriting_does_not_fail_the_question(rag: Rag, llm_server: Scripted) -> None:
    llm_server.fail(500, "no")
    answer = asked(rag, llm_server, "那冬天呢？", "六点 [tea:2]。", history=[OPENING])
    assert answer.text == "六点 [tea:2]。"


def test_the_evidence_of_the_last_answer_stays_a_candidate(
    opened: Open, llm_server: Scripted
) -> None:
    rag = opened(model_passages=1)
    llm_server.say(WOOD)
    said = Earlier(
        "Which instrument did she ruin?", "A cello [violin:6].", (Address.parse("violin:6"),)
    )
    asked(rag, llm_server, "And the wood?", "Maple [violin:4].", history=[said])
    keys = [line.split("]")[0][1:] for line in lines(llm_server)]
    assert "violin:4" in keys
    assert "violin:6" in keys


def test_what_does_not_fit_is_left_out_and_counted(opened: Open, llm_server: Scripted) -> None:
    rag = opened(model_window=1024, reply_tokens=100)
    answer = asked(rag, llm_server, OPENING, FAITHFUL)
    assert answer.left_out > 0
    assert len(answer.hits) + answer.left_out == 6
    assert answer.findings == ()
    assert llm_server.last.tokens < 1024


def test_a_prompt_too_long_is_made_shorter_until_it_fits(rag: Rag, llm_server: Scripted) -> None:
    for _ in range(2):
        llm_server.fail(400, "maximum context length is 100 tokens", code="context_length_exceeded")
    answer = asked(rag, llm_server, OPENING, FAITHFUL)
    sizes = [len(re.findall(r"^\[\w+:\d", request.prompt, re.M)) for request in llm_server.requests]
    assert sizes[0] > sizes[1] > sizes[2]
    assert answer.left_out == 5
    assert answer.findings == ()


def test_what_came_before_a_failure_is_kept_checked_and_marked(
    rag: Rag, llm_server: Scripted
) -> None:
    llm_server.break_after("主持人说：「我们每天早上五点开门」[tea:2]。", "王秀兰说：「我们每")
    reply = rag.stream(OPENING)
    shown = list[str]()
    with pytest.raises(ModelFailed) as failed:
        shown.extend(reply)
    assert failed.value.kind == "broken"
    answer = reply.answer
    assert answer is not None
    assert answer.text == "".join(shown)
    assert answer.text.endswith("（✗ 说这话的是王秀兰）[tea:2]。王秀兰说：「我们每")
    assert answer.incomplete
    assert answer.failure == str(failed.value)


def test_a_reply_that_is_stopped_is_kept_as_far_as_it_came(rag: Rag, llm_server: Scripted) -> None:
    gate = llm_server.hold("王秀兰说，", "五点 [tea:2]。")
    reply = rag.stream(OPENING)
    assert next(iter(reply)) == "王秀兰说，"
    answer = reply.stop()
    gate.set()
    assert answer is not None
    assert (answer.text, answer.incomplete, answer.failure) == ("王秀兰说，", True, "stopped")


def test_prices_make_costs(opened: Open, llm_server: Scripted) -> None:
    rag = opened(price_input=2.0, price_output=8.0)
    llm_server.say(
        FAITHFUL, usage={"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    )
    answer = rag.ask(OPENING)
    assert answer.cost == pytest.approx(0.002 + 0.004)
    assert answer.usage["total_tokens"] == 1500


def test_without_prices_there_is_no_cost(rag: Rag, llm_server: Scripted) -> None:
    assert asked(rag, llm_server, OPENING, FAITHFUL).cost is None
