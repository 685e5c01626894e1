"""Whatever JSON or table comes, it is read or refused, and no word of a transcript is lost."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.transcripts.cues import Cue, Recording
from rag.transcripts.recognised import read_json, read_table

KEYS = (
    "text words word start end speaker segments results items alternatives content transcript"
    " channels paragraphs sentences utterances events segs utf8 tStartMs transcription offsets"
    " monologues elements value recognizedPhrases nBest context type speaker_labels timestamp"
    " response startTime duration name id"
).split()
NAMES = ("SPEAKER_00", "Ann Lee", "周岚", "")


def values() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(-5, 10**7), st.floats(), st.text(max_size=12),
        st.sampled_from(["1.5", "00:00:01,2", "PT1.5S", "1.2s", "punctuation", "Go.", "船"]),
    )  # fmt: skip
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
        ),
        max_leaves=40,
    )


def spoken() -> st.SearchStrategy[str]:
    words = st.text(st.sampled_from("cdfgh船网河."), min_size=1, max_size=6).filter(
        lambda text: any(char.isalnum() for char in text)
    )
    return st.lists(words, min_size=1, max_size=8).map(" ".join)


def read_or_refused(read: Callable[[str, str], Recording], text: str) -> tuple[Cue, ...]:
    try:
        cues = read(text, "x.json").cues
    except UsageError as error:
        if not error.message.startswith("x.json"):
            raise
        return ()
    assert cues
    return tuple(cues)


@settings(deadline=None)
@given(values(), st.sampled_from([None, 1]))
def test_any_json_is_read_or_refused(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = text.count("\n") + 1
    for cue in read_or_refused(read_json, text):
        assert cue.text.strip() == cue.text != ""
        assert 1 <= cue.line <= lines
        cue.text.encode()
        assert cue.start is None or 0 <= cue.start < 1e7


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_json_or_a_table_or_refused(text: str) -> None:
    read_or_refused(read_json, text)
    read_or_refused(read_table, text)


@settings(deadline=None)
@given(st.lists(st.tuples(spoken(), st.sampled_from(NAMES)), min_size=1, max_size=12), st.data())
def test_every_word_of_a_segment_is_in_a_cue_in_order_with_rising_times(
    said: list[tuple[str, str]], data: st.DataObject
) -> None:
    segments = []
    for second, (text, name) in enumerate(said):
        parts = text.split()
        step = 1 / len(parts)
        words = [
            {"word": part, "start": second + n * step, "end": second + (n + 1) * step,
             "speaker": data.draw(st.sampled_from(NAMES))}
            for n, part in enumerate(parts)
        ]  # fmt: skip
        one = {"start": second + 0.0, "end": second + 1.0, "text": text, "speaker": name}
        segments.append(one | ({"words": words} if data.draw(st.booleans()) else {}))
    cues = read_json(json.dumps({"segments": segments}), "x").cues
    assert "".join(letters(cue.text) for cue in cues) == "".join(letters(text) for text, _ in said)
    starts = [cue.start for cue in cues if cue.start is not None]
    assert starts == sorted(starts)


@settings(deadline=None)
@given(st.lists(st.tuples(spoken(), st.sampled_from(NAMES[:3])), min_size=1, max_size=12))
def test_every_row_of_a_table_is_a_cue_of_its_line(said: list[tuple[str, str]]) -> None:
    for delimiter in ",;\t":
        file = io.StringIO()
        rows = [("speaker", "start", "text")]
        rows += [(name, f"{n}.5", text) for n, (text, name) in enumerate(said)]
        csv.writer(file, delimiter=delimiter).writerows(rows)
        cues = read_table(file.getvalue(), "x").cues
        assert [(cue.text, cue.speaker, cue.start) for cue in cues] == [
            (text, name, n + 0.5) for n, (text, name) in enumerate(said)
        ]
        assert [cue.line for cue in cues] == list(range(2, len(said) + 2))


def letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)
