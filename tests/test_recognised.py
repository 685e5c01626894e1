"""JSON of recognisers and meetings: who said what, at which second, in which line of the file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rag.errors import UsageError
from rag.transcripts.cues import Recording
from rag.transcripts.recognised import read_json


def read(value: Any, indent: int | None = None) -> Recording:
    return read_json(json.dumps(value, ensure_ascii=False, indent=indent), "talk.json")


def said(recording: Recording) -> list[tuple[str, str, float | None]]:
    return [(cue.speaker, cue.text, cue.start) for cue in recording.cues]


def word(text: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"word": text, "start": start, "end": end, **more}


BOATS = [
    ("Ann", "Are the boats ready?", 1.0, 2.5),
    ("Bob", "Two of them are.", 3.0, 4.25),
]
READ = [("Ann", "Are the boats ready?", 1.0), ("Bob", "Two of them are.", 3.0)]


@pytest.mark.parametrize(
    "value",
    [
        {
            "segments": [
                dict(zip(("speaker", "text", "start", "end"), b, strict=True)) for b in BOATS
            ]
        },
        {
            "version": "1.0.0",
            "segments": [
                dict(zip(("speaker", "body", "startTime", "endTime"), b, strict=True))
                for b in BOATS
            ],
        },
        [dict(zip(("speaker", "text", "start", "end"), b, strict=True)) for b in BOATS],
        {
            "data": {
                "transcript": {
                    "title": "Boats",
                    "sentences": [
                        dict(
                            zip(("speaker_name", "text", "start_time", "end_time"), b, strict=True)
                        )
                        for b in BOATS
                    ],
                }
            }
        },
        [
            {"speaker": s, "text": t, "start": int(a * 1000), "end": int(b * 1000)}
            for s, t, a, b in BOATS
        ],
        {
            "Transcript": [
                {"ParticipantRole": s, "Content": t, "BeginOffsetMillis": int(a * 1000)}
                for s, t, a, _ in BOATS
            ]
        },
        [{"说话人": s, "内容": t, "开始时间": f"00:00:0{a:.0f}"} for s, t, a, _ in BOATS],
        {"chunks": [{"timestamp": [a, b], "text": t, "speaker": s} for s, t, a, b in BOATS]},
        [{"speaker": {"name": s}, "text": t, "time": f"0:0{a:.0f}"} for s, t, a, _ in BOATS],
        {
            "sentence_info": [
                {"spk": s, "text": t, "start": int(a * 1000), "end": int(b * 1000), "timestamp": []}
                for s, t, a, b in BOATS
            ]
        },
    ],
    ids=str,
)
def test_lists_of_texts_with_speakers_and_times_are_read_by_their_keys(value: Any) -> None:
    assert said(read(value)) == READ


def test_json_lines_and_one_after_the_other_are_one_recording() -> None:
    lines = [json.dumps({"speaker": s, "text": t, "start": a}) for s, t, a, _ in BOATS]
    for between in ("\n", "\n\n", ",\n"):
        recording = read_json(between.join(lines), "talk.jsonl")
        assert said(recording) == READ
    assert [cue.line for cue in read_json("\n".join(lines), "x").cues] == [1, 2]


def test_sentences_of_a_segment_get_the_times_of_their_own_words() -> None:
    words = [
        word(" Oh,", 6.28, 6.9), word(" fine.", 6.9, 7.6), word(" Let", 8.3, 8.5),
        word(" us", 8.5, 8.7), word(" go.", 8.7, 9.18),
    ]  # fmt: skip
    segment = {"start": 6.0, "end": 9.5, "text": " Oh, fine. Let us go.", "words": words}
    cues = read({"segments": [segment], "language": "en"}).cues
    assert [(cue.text, cue.start, cue.end) for cue in cues] == [
        ("Oh, fine.", 6.0, 7.6),
        ("Let us go.", 8.3, 9.5),
    ]


def test_a_segment_whose_words_change_speaker_is_two() -> None:
    words = [
        word("Ready?", 1.0, 1.4, speaker="SPEAKER_00"), word("Not", 1.5, 1.7, speaker="SPEAKER_01"),
        word("4", 0, 0), word("yet.", 1.8, 2.0, speaker="SPEAKER_01"),
    ]  # fmt: skip
    del words[2]["start"], words[2]["end"]
    segment = {"start": 1.0, "end": 2.0, "text": "Ready? Not 4 yet.", "speaker": "SPEAKER_00"}
    value = {"segments": [{**segment, "words": words}], "word_segments": words}
    assert said(read(value)) == [
        ("SPEAKER_00", "Ready?", 1.0),
        ("SPEAKER_01", "Not 4 yet.", 1.5),
    ]


def test_chinese_words_are_put_together_without_spaces() -> None:
    words = [word(text, n / 2, n / 2 + 0.4) for n, text in enumerate("船好了吗？GPS也好了。")]
    (first, second) = read({"words": words}).cues
    assert first.text == "船好了吗？"
    assert (second.text.replace(" ", ""), second.start) == ("GPS也好了。", 2.5)


def test_words_alone_are_cut_at_speakers_pauses_and_sentences() -> None:
    words = [
        {"text": "Ready?", "start": 0, "end": 400, "speaker": "A"},
        {"text": "Not", "start": 500, "end": 700, "speaker": "B"},
        {"text": "yet.", "start": 700, "end": 900, "speaker": "B"},
        {"text": "Later.", "start": 900, "end": 1200, "speaker": "B"},
        {"text": "well", "start": 4200, "end": 4400, "speaker": "B"},
    ]
    assert said(read({"utterances": None, "words": words})) == [
        ("Speaker A", "Ready?", 0.0),
        ("Speaker B", "Not yet.", 0.5),
        ("Speaker B", "Later.", 0.9),
        ("Speaker B", "well", 4.2),
    ]


def test_each_stretch_of_words_has_the_line_of_its_first_word() -> None:
    words = [word("Ready?", 1.0, 1.4), word("No.", 9.0, 9.2), word("Go", 9.3, 9.5)]
    cues = read({"words": words}, indent=1).cues
    assert [(cue.text, cue.line) for cue in cues] == [("Ready?", 4), ("No.", 9), ("Go", 9)]


def test_utterances_win_over_the_same_words_alone() -> None:
    words = [{"text": w, "start": 100 * n, "end": 100 * n + 90, "speaker": "A"} for n, w in
             enumerate("we mend the nets before the boats go out".split())]  # fmt: skip
    value = {
        "text": "we mend the nets before the boats go out",
        "words": words,
        "utterances": [
            {"speaker": "A", "text": "we mend the nets before the boats go out", "start": 0,
             "end": 890, "words": words},
        ],
        "auto_highlights_result": {"results": [{"text": "the nets", "rank": 0.1}]},
    }  # fmt: skip
    assert said(read(value)) == [("Speaker A", "we mend the nets before the boats go out", 0.0)]


def test_whisper_cpp() -> None:
    value = {
        "result": {"language": "en"},
        "transcription": [
            {"timestamps": {"from": "00:00:01,000", "to": "00:00:02,500"},
             "offsets": {"from": 1000, "to": 2500}, "text": " Are the boats ready?"},
            {"timestamps": {"from": "00:00:03,000", "to": "00:00:04,250"},
             "offsets": {"from": 3000, "to": 4250}, "text": " Two of them are."},
        ],
    }  # fmt: skip
    recording = read(value)
    assert said(recording) == [("", text, start) for _, text, start, _ in BOATS]
    assert recording.language == "en"


def test_youtube_events_lose_their_rolling_windows_and_keep_their_words_times() -> None:
    value = {
        "wireMagic": "pb3",
        "events": [
            {"tStartMs": 0, "dDurationMs": 9000, "id": 1},
            {"tStartMs": 1000, "dDurationMs": 4000,
             "segs": [{"utf8": "we"}, {"utf8": " sail", "tOffsetMs": 400}]},
            {"tStartMs": 2000, "aAppend": 1, "segs": [{"utf8": "\n"}]},
            {"tStartMs": 2500, "dDurationMs": 4000, "segs": [{"utf8": "at four"}]},
        ],
    }  # fmt: skip
    cues = read(value).cues
    assert [(c.text, c.start, c.end) for c in cues] == [
        ("we sail", 1.0, 2.5),
        ("at four", 2.5, 6.5),
    ]


def test_youtube_list_of_text_start_and_duration() -> None:
    cues = read([{"text": "we sail\nat four", "start": 1.5, "duration": 2.0}]).cues
    assert [(c.text, c.start, c.end) for c in cues] == [("we sail at four", 1.5, 3.5)]


def aws_item(kind: str, content: str, start: str = "", **more: Any) -> dict[str, Any]:
    times = {"start_time": start, "end_time": str(float(start) + 0.4)} if start else {}
    return {"type": kind, "alternatives": [{"content": content}], **times, **more}


@pytest.mark.parametrize("inside", [True, False])
def test_aws_has_marks_without_times_and_speakers_inside_or_aside(inside: bool) -> None:
    spoken = [("Ready", "1.0", "spk_0"), ("Not", "2.0", "spk_1"), ("yet", "2.5", "spk_1")]
    items = [
        aws_item("pronunciation", w, start, **({"speaker_label": who} if inside else {}))
        for w, start, who in spoken
    ]
    items.insert(1, aws_item("punctuation", "?"))
    items.append(aws_item("punctuation", "."))
    segments = [
        {"speaker_label": who, "start_time": start, "items": [
            {"speaker_label": who, "start_time": start}]}
        for _, start, who in spoken
    ]  # fmt: skip
    aside = {"speakers": 2, "segments": segments}
    results = {"transcripts": [{"transcript": "Ready? Not yet."}], "items": items}
    value = {"jobName": "j", "results": results | ({} if inside else {"speaker_labels": aside})}
    assert said(read(value)) == [("spk_0", "Ready?", 1.0), ("spk_1", "Not yet.", 2.0)]


def test_deepgram_paragraphs_or_words() -> None:
    sentence = {"text": "Are the boats ready?", "start": 1.0, "end": 2.5}
    words = [
        word("are", 1.0, 1.2, punctuated_word="Are", speaker=0),
        word("ready", 1.2, 2.5, punctuated_word="ready?", speaker=0),
        word("no", 3.0, 3.3, punctuated_word="No.", speaker=1),
    ]
    best = {"transcript": "…", "words": words}
    paragraphs = {"paragraphs": [{"sentences": [sentence], "speaker": 0}]}
    with_paragraphs = {
        "results": {"channels": [{"alternatives": [best | {"paragraphs": paragraphs}]}]}
    }
    assert said(read(with_paragraphs)) == [("Speaker 0", "Are the boats ready?", 1.0)]
    assert said(read({"results": {"channels": [{"alternatives": [best]}]}})) == [
        ("Speaker 0", "Are ready?", 1.0),
        ("Speaker 1", "No.", 3.0),
    ]


def test_google_repeats_everything_with_speakers_in_its_last_result() -> None:
    def one(text: str, start: str, end: str, tag: int | None = None) -> dict[str, Any]:
        more = {} if tag is None else {"speakerTag": tag}
        return {"word": text, "startTime": start, "endTime": end, **more}

    value = {
        "results": [
            {"alternatives": [{"transcript": "Ready? No.", "words": [
                one("Ready?", "1s", "1.400s"), one("No.", "2.100s", "2.500s")]}]},
            {"alternatives": [{"words": [
                one("Ready?", "1s", "1.400s", 1), one("No.", "2.100s", "2.500s", 2)]}]},
        ]
    }  # fmt: skip
    assert said(read(value)) == [("Speaker 1", "Ready?", 1.0), ("Speaker 2", "No.", 2.1)]


def test_azure_counts_ticks() -> None:
    phrase = {
        "recognitionStatus": "Success", "speaker": 1, "offset": "PT1S", "duration": "PT1.5S",
        "offsetInTicks": 10000000.0, "durationInTicks": 15000000.0,
        "nBest": [{"lexical": "are the boats ready", "display": "Are the boats ready?"}],
    }  # fmt: skip
    (cue,) = read({"recognizedPhrases": [phrase]}).cues
    assert cue == type(cue)(1.0, 2.5, "Are the boats ready?", 1, "Speaker 1")


def test_rev_names_its_speakers_aside() -> None:
    elements = [
        {"type": "text", "value": "Ready", "ts": 1.0, "end_ts": 1.3},
        {"type": "punct", "value": "? "},
        {"type": "text", "value": "Go", "ts": 2.0, "end_ts": 2.2},
        {"type": "punct", "value": "."},
    ]
    value = {
        "speakers": [{"id": 0, "name": "Ann Lee"}],
        "monologues": [{"speaker": 0, "elements": elements}],
    }
    assert said(read(value)) == [("Ann Lee", "Ready?", 1.0), ("Ann Lee", "Go.", 2.0)]


def test_speechmatics() -> None:
    def one(kind: str, text: str, at: float, who: str) -> dict[str, Any]:
        best = {"content": text, "speaker": who}
        return {"type": kind, "start_time": at, "end_time": at + 0.3, "alternatives": [best]}

    results = [
        one("word", "Ready", 1.0, "S1"), one("punctuation", "?", 1.3, "S1"),
        one("word", "No", 2.0, "S2"), one("punctuation", ".", 2.3, "S2"),
    ]  # fmt: skip
    assert said(read({"format": "2.9", "results": results})) == [
        ("S1", "Ready?", 1.0),
        ("S2", "No.", 2.0),
    ]


def test_meetings_without_times_are_whole_turns() -> None:
    turns = [{"speaker": "Ann", "content": "Ready?"}, {"speaker": "Ann", "content": "Well?"}]
    qmsum = read({"topic_list": [{"topic": "Boats"}], "meeting_transcripts": turns})
    assert qmsum.whole
    assert said(qmsum) == [("Ann", "Ready?", None), ("Ann", "Well?", None)]
    vcsum = read(
        {"id": "1", "context": [["船好了吗？", "好了就走。"], ["还没有。"]], "speaker": [1, 2]}
    )
    assert vcsum.whole
    assert said(vcsum) == [
        ("Speaker 1", "船好了吗？好了就走。", None),
        ("Speaker 2", "还没有。", None),
    ]


def test_each_turn_of_two_lists_has_its_own_line() -> None:
    value = {"speaker": [1, 2, 1], "context": [["Ja.", "Gut."], ["Nein."], ["Ja."]]}
    assert [cue.line for cue in read(value, indent=1).cues] == [9, 13, 16]


def test_the_line_of_a_cue_is_that_of_its_words_and_one_in_a_file_of_one_line() -> None:
    value = {"text": "all", "segments": [
        {"id": n, "start": n, "end": n + 0.5, "text": text, "tokens": [1, 2, 3], "braces": "}{\"",
         "words": [{"text": text, "start": n, "end": n + 0.5}]}
        for n, text in enumerate(["Ja.", "船好了 \\ \"x\".", "Ja."])
    ]}  # fmt: skip
    for ascii_only in (True, False):
        text = json.dumps(value, indent=2, ensure_ascii=ascii_only)
        lines = text.split("\n")
        cues = read_json(text, "x").cues
        assert [cue.text for cue in cues] == ["Ja.", '船好了 \\ "x".', "Ja."]
        assert len({cue.line for cue in cues}) == 3
        for cue in cues:
            assert lines[cue.line - 1].strip().startswith('"text": ')
            assert json.loads(lines[cue.line - 1].strip(" ,").partition(": ")[2]) == cue.text
    assert {cue.line for cue in read(value).cues} == {1}


def test_title_date_source_and_language_are_kept() -> None:
    about = {"title": "Boats", "date": "2024-05-06T10:00:00Z", "url": "https://example.org/v"}
    segments = [{"start": 0.5, "text": "Go."}]
    recording = read({**about, "language": "en", "segments": segments})
    assert (recording.title, recording.date, recording.source, recording.language) == (
        "Boats", "2024-05-06", "https://example.org/v", "en",
    )  # fmt: skip


def test_whole_numbers_are_weighed_against_the_words_and_doubt_is_told() -> None:
    def start(step: int, text: str = "two boats went out today") -> Recording:
        return read([{"start": n * step, "end": (n + 1) * step, "text": text} for n in range(1, 9)])

    assert start(3).cues[0].start == 3.0
    assert start(2000).cues[0].start == 2.0
    assert start(2000).warnings == ()
    assert "without a unit" in start(100).warnings[0]


@pytest.mark.parametrize(
    "value",
    [
        {"name": "package", "version": "1.0.0", "dependencies": {"left": "^1"}},
        {"slug": "a", "title_en": "b", "hosts": "Ann & Bob", "duration_sec": 4153.48},
        {"cells": [{"cell_type": "code", "source": ["print(1)"], "outputs": []}]},
        {"timeline": [{"ts": "00:00:01.000", "users": [{"username": "Ann"}]}]},
        {"features": [{"type": "Feature", "geometry": {"coordinates": [1, 2]}}]},
        {"segments": []}, [], {}, "text", 3, None, [[1, 2], [3, 4]], {"a": {"b": [{"c": 1}]}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_transcript_is_refused_in_one_line(value: Any) -> None:
    with pytest.raises(UsageError) as caught:
        read(value)
    assert caught.value.message == "talk.json: JSON, but no transcript in it"
    assert "Whisper" in caught.value.hint


def test_what_is_no_json_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"talk.json:3: not JSON"):
        read_json('{\n"segments": [\n{"text": oops}]}', "talk.json")
    with pytest.raises(UsageError, match="nested too deeply"):
        read_json("[" * 200_000, "talk.json")


def test_halves_of_characters_and_absurd_times_do_no_harm() -> None:
    text = '[{"text": "a \\ud83d b", "start": 1e999, "speaker": true}, {"text": "c", "start": -1}]'
    cues = read_json(text, "x").cues
    assert [(cue.text, cue.start, cue.speaker) for cue in cues] == [
        ("a \N{REPLACEMENT CHARACTER} b", None, ""),
        ("c", None, ""),
    ]
