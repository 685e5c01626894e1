"""Which language answers: when passages of another one lead, and when they stay behind."""

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rag.pipeline import Rag
from rag.retrieve.across import levelled
from rag.settings import Settings

BREAD = """\
**Host:** What do you teach at the bakery school?

**Ida Holm:** The dough has to rest overnight, otherwise the crust tears in the oven.

**Host:** How many students come?

**Ida Holm:** Twelve a term, and most of them change careers.
"""
ORCHARD = """\
**主持人：**果园里今年最难的是什么？

**老丁：**霜冻来得太早，苹果花冻掉了一半，我们整夜在树下点火盆。

**主持人：**学校的学生来帮忙吗？

**老丁：**来过一批学生，学校放假的时候摘苹果，一天能摘六百斤。
"""

row = st.tuples(st.floats(-1, 8, width=32), st.floats(-1, 1, width=32), st.booleans())


def test_a_much_nearer_passage_in_another_language_leads() -> None:
    # Three characters in common with a Chinese passage, and an English one that means the same.
    scores = levelled([2.1, 1.9, 1.8], [0.22, 0.20, 0.55], [True, True, False], 0.15)
    assert scores[2] > scores[0]
    assert scores[:2] == [2.1, 1.9]


def test_words_found_together_keep_another_language_behind() -> None:
    scores = levelled([3.0, 3.4], [0.45, 0.40], [True, False], 0.6)
    assert scores == [3.0, 3.0]


def test_what_is_doubtful_stays_as_it_is() -> None:
    assert levelled([1.5, 1.6], [0.25, 0.24], [True, False], 0.2) == [1.5, 1.6]


@given(st.lists(row, max_size=12), st.floats(0, 1))
def test_the_order_within_a_language_never_changes(
    rows: list[tuple[float, float, bool]], covered: float
) -> None:
    before = [score for score, _, _ in rows]
    own = [same for _, _, same in rows]
    after = levelled(before, [cosine for _, cosine, _ in rows], own, covered)
    assert [s for s, same in zip(after, own, strict=True) if same] == [
        s for s, same in zip(before, own, strict=True) if same
    ]
    moved = sorted((b, a) for b, a, same in zip(before, after, own, strict=True) if not same)
    assert all(one[1] <= other[1] for one, other in pairwise(moved))
    if all(own) or not any(own):
        assert after == before


def test_the_answer_in_the_other_language_is_found_first(tmp_path: Path) -> None:
    (tmp_path / "bread.md").write_text(BREAD, encoding="utf-8")
    (tmp_path / "orchard.md").write_text(ORCHARD, encoding="utf-8")
    rag = Rag.build([tmp_path], str(tmp_path / "index"), Settings(passage_tokens=50))
    first = rag.search("面团为什么要过夜", 1)[0]
    assert str(first.passage.address) == "bread:1-2"
    assert str(rag.search("学校的学生摘多少苹果", 1)[0].passage.address) == "orchard:3-4"
    assert str(rag.search("How many students come a term?", 1)[0].passage.address) == "bread:3-4"
