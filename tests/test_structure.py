"""Questions about structure are counted, those on the matter are left to the search."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import structure, views
from rag.pipeline import Rag
from rag.pipeline.building import build
from rag.retrieve import Filters
from rag.settings import Settings
from rag.structure.recognise import possible, recognise
from rag.structure.scope import Known
from rag.text import fold
from rag.types import Answer, Chat, Delta, Message

CORPUS = Path(__file__).parent.parent / "corpus"
CASES: list[dict[str, Any]] = [
    json.loads(line) for line in (CORPUS / "cases.jsonl").read_text(encoding="utf-8").splitlines()
]
_KEY = re.compile(r"\[([^\[\]\s]+)\]")


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Rag:
    where = tmp_path_factory.mktemp("structure") / "index"
    chosen = Settings(index=str(where))
    build([CORPUS], chosen)
    return Rag.open(str(where), chosen)


def counted(rag: Rag, question: str, *earlier: str, **filters: tuple[str, ...]) -> Answer | None:
    names = tuple(dict.fromkeys(row.name for row in rag.store.catalog.speakers()))
    return structure.reply(question, rag.store, names, Filters(**filters), earlier)


# What is asked, and what the first line of the answer has to say; `*` looks at all lines.
ASKED = [
    # who speaks most
    ("who spoke the most in the bridge conversation?", "Ottoline said most: 20 turns, 1926"),
    ("Who took the most turns in the bridge conversation?", "Maren spoke most: 23 turns"),
    ("Who talks most in the battery recycling podcast", "Desmond said most: 24 turns, 5075"),
    ("who speaks the least in the battery recycling podcast?", "Ike said least: 10 turns"),
    ("In the school interview, who said more words?", "Gareth Pryce said most: 19 turns, 4587"),
    ("Which speaker has the most turns?", "Sam Altman spoke most: 29 turns"),
    ("who talks more, Callum or Ottoline?", "Ottoline said most"),
    ("Tell me who speaks most often in the bridge roundtable", "Maren spoke most: 23"),
    ("Who did most of the talking in the school interview?", "Gareth Pryce said most: 19"),
    ("rank the speakers by turns", "Sam Altman spoke most: 29 turns"),
    ("青石巷图书馆那次会谁发言次数最多？", "周岚：13 次发言"),
    ("小满复盘会上谁说话次数最多", "陆晴：12 次发言"),
    ("潮間帶那集誰講的字比較多", "林昭儀：22 次发言，1239 个字"),
    ("图书馆那次会谁说得最少", "许一苇：7 次发言，262 个字"),
    ("谁说得最多？", "Desmond：24 次发言，5075 个字"),
    ("骑手电池那篇采访谁的话最多", "彭立洲：23 次发言，1376 个字"),
    ("发言次数最多的是谁", "Sam Altman：29 次发言"),
    ("图书馆会议发言最多的人是谁？", "周岚"),
    ("老贺和周岚谁说得更多", "周岚"),
    ("Who does the most talking in the bridge chat?", "Ottoline said most"),
    # who asks most
    ("Who asked the most questions?", "沈砚 asked most: 24 questions"),
    (
        "Who asks the fewest questions in the bridge roundtable?",
        "Ottoline asked least: 0 questions",
    ),
    ("谁提问最多？", "问得最多的是沈砚：24 个问句"),
    ("图书馆那次会谁问得最多", "问得最多的是周岚：5 个问句"),
    ("提问最多的人是谁？", "问得最多的是沈砚"),
    # how often somebody speaks
    ("How many times does 老贺 speak?", "老贺: 12 turns"),
    ("how many times does Lena Marsh speak in the school interview", "Lena Marsh: 19 turns"),
    ("How often does Callum speak?", "Callum: 19 turns"),
    ("how many turns does Desmond have", "Desmond: 24 turns, 5075 characters"),
    ("How much does Ike talk in the recycling podcast?", "Ike: 10 turns, 490 characters"),
    ("how many times does the host speak in the bridge roundtable?", "Maren: 23 turns"),
    ("采访彭立洲，记者一共开了多少次口", "沈砚：23 次发言"),
    ("老贺一共说了几次话？", "老贺：12 次发言"),
    ("周岚发言几次", "周岚：13 次发言"),
    ("昭儀講了幾句話", "林昭儀：22 次发言"),
    ("图书馆那次会上马小川说了多少次", "马小川：9 次发言"),
    ("Altman 一共说了多少次话", "Sam Altman：29 次发言"),
    ("骑手电池那篇采访里记者发言几次", "沈砚：23 次发言"),
    # questions asked
    ("Altman 那场一共有几个观众提问", "观众：13 次发言带问句"),
    ("观众一共提了几个问题？", "观众：13 次发言带问句，共 15 个问句"),
    ("观众问了几次", "观众：13 次"),
    ("How many questions did the audience ask?", "观众: 13 turns with a question"),
    ("how many questions were asked by the audience in the Altman interview", "观众: 13 turns"),
    ("How many questions does Lena Marsh ask?", "17 turns with a question in them, 18 questions"),
    ("观众都问了哪些问题", "*年轻人用起来和别人有什么不一样？"),
    ("列出观众的所有问题", "*那写代码呢，只是一个细分方向吗？"),
    ("What questions did the audience ask?", "*语音在你们那里排第几？"),
    ("list all questions from the audience", "*接下来 12 个月，价值会从哪儿来？"),
    # who and how many speak
    ("Who are the people talking in the battery recycling episode?", "Speakers: 3"),
    ("How many people speak in the bridge roundtable?", "Speakers: 3"),
    ("list the speakers of the library meeting", "Speakers: 5"),
    ("How many speakers are there?", "Speakers: 24"),
    ("图书馆那次会有几个人发言？", "一共 5 人说话"),
    ("一共有多少人发言", "一共 24 人说话"),
    ("小满复盘会都有谁发言", "一共 4 人说话"),
    ("列出所有发言人", "一共 24 人说话"),
    ("Give me a list of everyone who speaks", "Speakers: 24"),
    # which transcripts
    ("What transcripts do I have", "Transcripts: 9"),
    ("哪几篇里提到了电池", "*[battery-swap-qa:"),
    ("Which transcripts are there?", "Transcripts: 9"),
    ("how many interviews do you have", "Transcripts: 9"),
    ("list all transcripts", "*[tidal-bookstore-podcast]"),
    ("有哪些访谈？", "一共 9 份"),
    ("一共有几份记录", "一共 9 份"),
    ("列出所有文件", "*[altman-essay-retold]"),
    ("Which transcripts does Callum appear in?", "Callum speaks in 1 of the transcripts"),
    ("老贺在哪些会议记录里发言", "老贺在 1 份记录里说话"),
    ("which transcripts mention lithium", "*[battery-recycling-podcast:"),
    ("Which interviews mention lithium?", "“lithium” stands there"),
    ("哪些访谈提到了押金", "“押金”按字面出现"),
    ("谁提到了罚款？", "*周岚"),
    ("Who mentions batteries?", "*Desmond"),
    ("who mentions nests?", "*[bridge-inspection-roundtable:"),
    ("押金被提到几次", "“押金”按字面出现"),
    ("How many times is lithium mentioned?", "“lithium” stands there"),
    # who asked about
    ("谁问了关于语音的问题", "*观众：「语音在你们那里排第几？」"),
    ("谁问到了温度", "*[altman-ai-ascent-2025:40]"),
    (
        "who asked about the ban",
        "*Lena Marsh: “How long did the ban last?” [school-and-chatbots:1]",
    ),
    # what in which file
    ("Desmond 在哪个文件里说了什么", "Desmond [battery-recycling-podcast]：24 次发言"),
    ("What did Callum say in which file?", "Callum [bridge-inspection-roundtable]: 19 turns"),
    ("list everything Ike said", "Ike [battery-recycling-podcast]: 10 turns"),
    ("What did Callum say in the bridge interview?", "Callum [bridge-inspection-roundtable]: 19"),
    ("老贺在图书馆那次会上说了什么", "老贺 [library-planning-meeting]：12 次发言"),
    ("列出老贺说过的所有话", "老贺 [library-planning-meeting]：12 次发言"),
    # first and last
    ("What is the first thing Callum says?", "Callum: First: “Hello.” [bridge"),
    (
        "What was the last thing Gareth Pryce said in the school interview?",
        "[school-and-chatbots:38]",
    ),
    ("老贺第一句话说了什么", "老贺：最先：「最后一瓣，最后一瓣。」 [library-planning-meeting:2]"),
    ("图书馆那次会谁最后发言", "[library-planning-meeting:48]"),
    ("who speaks first in the bridge roundtable", "Maren: First: “Okay, we're rolling.”"),
    ("周岚最后说了什么？", "周岚：最后："),
    ("What are the last words of Desmond?", "Desmond: Last: "),
    # length and date
    ("what's the date of the school interview?", "2024-10-17 [school-and-chatbots]"),
    ("How long is the bridge roundtable?", "from 0:00:04 to"),
    ("小满复盘会开了多久", "从 0:00:03 到"),
    ("how long was the school interview", "the file has no times; 38 turns"),
    ("When was the school interview recorded?", "2024-10-17 [school-and-chatbots]"),
    ("潮间带那集是什么时候录的", "2024-08-22 [tidal-bookstore-podcast]"),
    ("图书馆那次会是哪天开的", "2025 年 3 月 6 日"),
    ("When was the bridge roundtable recorded?", "5 September 2024"),
    # predictions
    ("把他说的带年份的预测都列出来", "*2027"),
    ("list all predictions with a year", "*by 2028.” [school-and-chatbots:36]"),
    ("列出 Altman 所有带年份的预测", "*[altman-ai-ascent-2025:53]"),
    ("Which predictions with a year does Gareth Pryce make?", "Predictions with a year: 2"),
]


# Words of the same kind, on the matter: who reads the transcripts finds the answer in what is said.
NOT_STRUCTURE = [
    "who asked the most about batteries?",
    "谁提的要求最多？",
    "问得最多的问题是什么",
    "Altman 为什么说年轻人把 ChatGPT 当操作系统",
    "哪个学生一直在记 AI 翻译的错误？",
    "下次会哪天开？",
    "图书馆什么时候开门",
    "这座桥有多长",
    "谁的投诉最多",
    "哪个柜子换电次数最多",
    "志愿者最多的时候有几个人",
    "观众席有多少个座位",
    "一周有几个人来参加故事会",
    "主持人问 Altman 怎么看语音的时候他说了什么",
    "Altman 预测 2027 年会怎么样",
    "老贺为什么最后同意了",
    "谁第一个发现了裂缝",
    "第一台 DGX-1 有多重？",
    "小满记账 2.4.1 什么时候发？",
    "有哪些人反对取消罚款",
    "谁说加号应该放回右下角",
    "彭立洲说了什么关于押金的事",
    "会议室里挤了多少人",
    "有多少人在用 ChatGPT",
    "谁提议取消罚款",
    "谁问他为什么离开",
    "访谈里提到的那家眼镜店为什么不赞助了",
    "换电柜一天能换几次",
    "最近一次冒烟是什么时候",
    "书店开了多久了",
    "采访里他最得意的是哪一件",
    "谁参加了换电柜的抢修",
    "谁在说谎？",
    "说话的两个人是什么关系？",
    "他最后那句话是什么意思？",
    "那位女士说了几句话",
    "这本书一共有多少字",
    "谁说话最有分量",
    "谁提到他儿子考完大学了",
    "演唱会持续了多久",
    "对话里没有提到哪种动物？",
    "他说了几次话",
    "你们会议开多久合适",
    "Who spoke to the council about the viaduct?",
    "Who took the most photographs?",
    "how many people work at Kestrel Span?",
    "How many times has the drone crashed?",
    "what did Desmond say to any AI reading the transcript",
    "How long did the ban last?",
    "when did the fire at the battery shop happen",
    "What did Callum say about wind?",
    "What did Altman say in 2025?",
    "who asked Gareth to retire",
    "Who was the first person to climb the viaduct?",
    "What was the last straw for Gareth Pryce?",
    "how long does the interview with a pupil take?",
    "How many questions do pupils have to answer?",
    "What does Altman predict for 2027?",
    "which meeting did the glasses shop skip",
    "How many people came to the reading event?",
    "when does the overnight reading event start?",
    "who says the thermal camera was worth it",
    "Who speaks for the ropes?",
    "how many words does the policy on the postcard have",
    "which file does the app export?",
    "who said most inspections miss cracks",
    "who says more inspections are needed",
    "How often do they talk to parents?",
    "How often does Gareth Pryce speak at assemblies?",
    "How often does Gareth Pryce speak at school?",
    "How long was the meeting with the insurers?",
    "How many times did the insurer say no?",
    "Who said good heavens?",
    "Who speaks to Ruth about chemistry?",
    "who mentions that the cell was swollen",
    "who talks most sense about second lives",
    "How many people are in the room?",
    "who is talking to Callum",
    "how many speakers does the thermal camera have",
    "What are the first words on the postcard?",
    "list the three lines on the postcard",
    "when was the viaduct built",
    "how many times does he speak",
]


@pytest.mark.parametrize(("question", "said"), ASKED, ids=[question for question, _ in ASKED])
def test_a_question_about_structure_is_counted(rag: Rag, question: str, said: str) -> None:
    answer = counted(rag, question)
    assert answer is not None
    first = answer.text if said.startswith("*") else answer.text.split("\n")[0]
    assert fold(said.removeprefix("*")) in fold(first)


@pytest.mark.parametrize("question", NOT_STRUCTURE)
def test_a_question_on_the_matter_is_left_to_the_search(rag: Rag, question: str) -> None:
    assert counted(rag, question) is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_of_the_cases_those_of_structure_are_counted_and_no_other(
    rag: Rag, case: dict[str, Any]
) -> None:
    answer = counted(rag, case["question"], *case.get("history", []))
    assert (answer is not None) == (case["kind"] == "structure")
    if answer is not None:
        assert all(fold(words) in fold(answer.text) for words in case["must_say"])


@pytest.mark.parametrize("question", [question for question, _ in ASKED])
def test_every_statement_can_be_looked_up_and_every_quotation_is_exact(
    rag: Rag, question: str
) -> None:
    answer = counted(rag, question)
    assert answer is not None
    keys = _KEY.findall(answer.text)
    assert keys
    for key in keys:
        if ":" in key:
            assert views.at(rag.store, key)
        else:
            assert rag.store.catalog.transcript(key) is not None
    for citation in answer.citations:
        part = views.at(rag.store, str(citation.address))
        said = (part.turns or part.sections)[0]
        assert citation.quote
        assert citation.quote in said.text
        assert citation.exact
        assert said.line <= citation.line <= citation.end_line <= said.end_line
        assert f"[{citation.address}]" in answer.text


def test_the_counts_are_those_that_rag_speakers_shows(rag: Rag) -> None:
    for share in views.speakers(rag.store.catalog.speakers()):
        for question in (
            f"how many times does {share.speaker} speak",
            f"{share.speaker}说了几次话",
        ):
            answer = counted(rag, question)
            assert answer is not None
            assert f"{share.turns} " in answer.text
            assert f"{share.characters} " in answer.text
            assert all(f"[{id_}]" in answer.text for id_ in share.transcripts)


def test_the_answer_keeps_the_contract_of_ask(rag: Rag) -> None:
    answer = rag.ask("谁说得最多？")
    shown = views.answer(answer)
    assert shown["question"] == "谁说得最多？"
    assert shown["refused"] is False
    assert shown["confidence"] == 1.0
    assert shown["model"] is None
    assert shown["hits"] == []
    assert answer.timings["total"] > 0


def test_filters_narrow_what_is_counted(rag: Rag) -> None:
    only = rag.ask("who speaks most?", transcript="bridge-inspection-roundtable")
    assert only.text.startswith("By characters, Ottoline said most")
    assert "Desmond" not in only.text
    one = rag.ask("how many questions were asked?", speaker="Callum")
    assert "Callum" in one.text
    assert "Lena" not in one.text
    listed = rag.ask("which transcripts are there", transcript="school-and-chatbots")
    assert listed.text.startswith("Transcripts: 1\n")
    found = counted(rag, "谁提到了电池？", speakers=("彭立洲",))
    assert found is not None
    assert found.citations
    assert not any(item.speaker != "彭立洲" for item in found.citations)


def test_with_one_transcript_chosen_this_interview_is_that_one(rag: Rag) -> None:
    question = "when was this interview recorded?"
    assert counted(rag, question) is None
    answer = counted(rag, question, transcripts=("school-and-chatbots",))
    assert answer is not None
    assert "2024-10-17" in answer.text


def test_a_question_about_a_transcript_that_is_filtered_out_is_not_counted(rag: Rag) -> None:
    question = "who spoke most in the bridge conversation"
    assert counted(rag, question, transcripts=("school-and-chatbots",)) is None


def test_he_is_whom_the_question_before_names(rag: Rag) -> None:
    answer = counted(rag, "他一共说了几次话", "老贺怎么看罚款", "那后来呢")
    assert answer is not None
    assert answer.text.startswith("老贺：12 次发言")
    answer = counted(rag, "how many times does she speak", "Why did Lena Marsh ask that?")
    assert answer is not None
    assert answer.text.startswith("Lena Marsh: 19 turns")


def test_a_model_does_not_count(rag: Rag) -> None:
    class Silent:
        model = "silent"

        def stream(self, _: Sequence[Message], /) -> Iterator[Delta]:
            raise AssertionError("the model was asked to count")

    asked = Rag(rag.store, rag.encoder, rag.settings, cast(Chat, Silent()))
    answer = asked.ask("who took the most turns in the bridge conversation?")
    assert answer.text.startswith("By turns, Maren spoke most: 23 turns")
    assert answer.model == ""


def test_the_answer_is_in_the_language_of_the_question(rag: Rag) -> None:
    chinese, english = rag.ask("有哪些访谈？").text, rag.ask("which transcripts are there?").text
    assert chinese.startswith("一共 9 份")
    assert english.startswith("Transcripts: 9")


def test_long_lists_say_how_much_is_left_out(rag: Rag) -> None:
    lines = rag.ask("list everything Desmond said").text.split("\n")
    assert lines[-1] == "… and 12 more."
    assert len(lines) == 1 + 12 + 1


def test_predictions_are_sentences_with_a_year_to_come(rag: Rag) -> None:
    answer = rag.ask("list all predictions with a year")
    assert {str(item.address) for item in answer.citations} == {
        "altman-ai-ascent-2025:53",
        "school-and-chatbots:36",
        "school-and-chatbots:38",
    }
    assert "403 turns and sections looked at" in answer.text
    assert "2021" not in answer.text


def test_a_pasted_document_is_no_question_about_structure() -> None:
    assert not possible("谁说得最多？" * 50)


_WORDS = (
    "who said most in the bridge interview list all questions of 老贺 Callum how many times does"
    " speak mention 谁 说 了 几次 提到 第一 最后 那场 会 有 哪些 访谈 预测 年份 [ ( * ? 、"
    " ， 's \ue000"
)
_PIECES = st.sampled_from(_WORDS.split())


@given(st.lists(_PIECES, max_size=16).map(" ".join) | st.text(max_size=60))
def test_any_text_is_read_and_what_is_named_is_known(question: str) -> None:
    speakers = {"老贺": frozenset({"meeting"}), "Callum": frozenset({"bridge"})}
    heads = {"meeting": "meeting", "bridge": "bridge who looks under it"}
    found = recognise(question, Known(tuple(speakers), lambda: speakers, lambda: heads))
    if found is not None:
        assert set(found.transcripts) <= set(heads)
        assert all(names <= set(speakers) for names in found.speakers)


@pytest.fixture
def half_named(tmp_path: Path) -> Rag:
    """One file in which nobody is named and much is said and asked, one with two people."""
    unnamed = "".join(
        f"{at}\n00:00:{at * 4:02},000 --> 00:00:{at * 4 + 1:02},000\nShall we sail on day {at}?\n\n"
        for at in range(1, 12)
    )
    (tmp_path / "tape.srt").write_text(unnamed)
    talk = "**Ann:** Is it late?\n\n**Bo:** It is, as I think.\n\n**Ann:** Oh.\n\n**Bo:** So.\n"
    (tmp_path / "talk.md").write_text(talk)
    chosen = Settings(index=str(tmp_path / "index"))
    build([tmp_path / "tape.srt", tmp_path / "talk.md"], chosen)
    return Rag.open(str(tmp_path / "index"), chosen)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("Who spoke the most?", "By characters, Bo said most", "(speaker not named)"),
        ("Who took the most turns?", "By turns, Bo, Ann spoke most", "(speaker not named)"),
        ("Who asked the most questions?", "Ann asked most: 1 question", "(speaker not named)"),
        ("谁说得最多？", "按字数，说得最多的是Bo", "（未标明说话人）"),
    ],
)
def test_what_nobody_is_named_for_is_listed_and_does_not_win(
    half_named: Rag, question: str, first: str, last: str
) -> None:
    reply = counted(half_named, question)
    assert reply is not None
    lines = reply.text.splitlines()
    assert first in lines[0]
    assert last in lines[-1]


@pytest.mark.parametrize("question", ["Who spoke the most?", "Who asked the most questions?"])
def test_where_nobody_is_named_nobody_is_said_to_speak_most(half_named: Rag, question: str) -> None:
    reply = counted(half_named, question, transcripts=("tape",))
    assert reply is not None
    assert "(speaker not named)" in reply.text
    assert "most" not in reply.text
