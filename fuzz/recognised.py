"""The talk as recognisers, players and meeting services write it: JSON in ten shapes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fuzz.talk import Line, clock


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _words(
    line: Line, text: str = "word", *, scale: float = 1.0, speaker: str | int | None = None
) -> list[Any]:
    parts = line.text.split(" ")
    step = (line.end - line.start) / len(parts)
    return [
        {
            text: part,
            "start": round((line.start + at * step) * scale, 2),
            "end": round((line.start + (at + 1) * step) * scale, 2),
            **({"speaker": speaker} if speaker is not None else {}),
        }
        for at, part in enumerate(parts)
    ]


def whisper(lines: Sequence[Line]) -> str:
    """Whisper's JSON, with words."""
    segments = [
        {"id": at, "start": line.start, "end": line.end, "text": f" {line.text}",
         "words": _words(line)}
        for at, line in enumerate(lines)
    ]  # fmt: skip
    return _json({"text": " ".join(line.text for line in lines), "segments": segments,
                  "language": "en"})  # fmt: skip


def whisperx(lines: Sequence[Line]) -> str:
    """WhisperX's, with speakers."""
    segments = [
        {"start": line.start, "end": line.end, "text": line.text, "speaker": line.speaker,
         "words": _words(line, speaker=line.speaker)}
        for line in lines
    ]  # fmt: skip
    words = [word for segment in segments for word in _list(segment["words"])]
    return _json({"segments": segments, "word_segments": words})


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def whisper_cpp(lines: Sequence[Line]) -> str:
    """whisper.cpp's, in milliseconds."""
    items = [
        {"timestamps": {"from": clock(line.start), "to": clock(line.end)},
         "offsets": {"from": int(line.start * 1000), "to": int(line.end * 1000)},
         "text": line.text}
        for line in lines
    ]  # fmt: skip
    return _json({"result": {"language": "en"}, "transcription": items})


def podcast(lines: Sequence[Line]) -> str:
    """The Podcasting 2.0 transcript."""
    segments = [
        {"speaker": line.speaker, "startTime": line.start, "endTime": line.end, "body": line.text}
        for line in lines
    ]
    return json.dumps({"version": "1.0.0", "segments": segments}, indent=1)


def youtube(lines: Sequence[Line]) -> str:
    """YouTube's events and segments."""
    events = [
        {"tStartMs": int(line.start * 1000), "dDurationMs": 2500, "segs": [
            {"utf8": word["word"] + " ", "tOffsetMs": at * 100}
            for at, word in enumerate(_words(line))
        ]}
        for line in lines
    ]  # fmt: skip
    return _json({"wireMagic": "pb3", "events": events})


def youtube_list(lines: Sequence[Line]) -> str:
    """YouTube's list of text, start and duration."""
    return _json([{"text": line.text, "start": line.start, "duration": 2.5} for line in lines])


def aws(lines: Sequence[Line]) -> str:
    """AWS Transcribe's items and labels."""
    items = [
        {"start_time": str(word["start"]), "end_time": str(word["end"]), "type": "pronunciation",
         "speaker_label": line.speaker,
         "alternatives": [{"confidence": "0.9", "content": word["word"]}]}
        for line in lines for word in _words(line)
    ]  # fmt: skip
    items.append({"type": "punctuation", "alternatives": [{"content": "."}]})
    text = " ".join(line.text for line in lines)
    return _json({"jobName": "talk", "results": {"transcripts": [{"transcript": text}],
                                                 "items": items}})  # fmt: skip


def deepgram(lines: Sequence[Line]) -> str:
    """Deepgram's words and paragraphs."""
    words = [word for line in lines for word in _words(line, speaker=len(line.speaker) % 2)]
    paragraphs = [
        {"speaker": len(line.speaker) % 2, "start": line.start, "end": line.end,
         "sentences": [{"text": line.text, "start": line.start, "end": line.end}]}
        for line in lines
    ]  # fmt: skip
    best = {
        "transcript": " ".join(line.text for line in lines), "words": words,
        "paragraphs": {"paragraphs": paragraphs},
    }  # fmt: skip
    return _json({"metadata": {}, "results": {"channels": [{"alternatives": [best]}]}})


def assemblyai(lines: Sequence[Line]) -> str:
    """AssemblyAI's utterances, in milliseconds."""
    utterances = [
        {"speaker": line.speaker[:1], "text": line.text, "start": int(line.start * 1000),
         "end": int(line.end * 1000), "words": _words(line, "text", scale=1000.0)}
        for line in lines
    ]  # fmt: skip
    return _json({"id": "1", "status": "completed", "utterances": utterances, "words": []})


def meeting(lines: Sequence[Line]) -> str:
    """The meetings of QMSum."""
    said = [{"speaker": line.speaker, "content": line.text} for line in lines]
    return json.dumps({"meeting_transcripts": said}, ensure_ascii=False, indent=4)
