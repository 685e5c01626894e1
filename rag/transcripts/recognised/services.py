"""Speech services whose files give words rather than texts: AWS, Speechmatics, Deepgram.

Each reader looks at the shape of a value and returns None when it is not its own; what the vendors
call themselves is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.transcripts.recognised.pieces import Piece, Word, speaker, stretches
from rag.transcripts.recognised.times import seconds
from rag.transcripts.recognised.tree import Item, Tree, first, mapping, objects, written


def aws(tree: Tree, value: object) -> list[Piece] | None:
    """AWS Transcribe: `results.items` of words and marks, speakers inside or aside."""
    results = mapping(mapping(value).get("results"))
    tracks = [results]
    if channels := objects(mapping(results.get("channel_labels")).get("channels")):
        tracks = channels
    if not any(objects(track.get("items")) for track in tracks):
        return None
    names = _aws_speakers(results)
    pieces: list[Piece] = []
    for track in tracks:
        channel = written(track.get("channel_label"))
        pieces += located(tree, _aws_words(track, names, channel))
    return in_order(pieces)


def _aws_speakers(results: Item) -> dict[str, str]:
    """The speaker of each word by its start, as older files have it."""
    segments = objects(mapping(results.get("speaker_labels")).get("segments"))
    words = (word for segment in segments for word in objects(segment.get("items")))
    return {str(word.get("start_time")): speaker(word.get("speaker_label")) for word in words}


def _aws_words(
    track: Item, names: dict[str, str], channel: str
) -> Iterator[tuple[Item, Word, bool]]:
    for item in objects(track.get("items")):
        content = next((o.get("content") for o in objects(item.get("alternatives"))), None)
        if not isinstance(content, str):
            continue
        name = speaker(item.get("speaker_label")) or names.get(str(item.get("start_time")), "")
        start, end = seconds(item.get("start_time"), 1), seconds(item.get("end_time"), 1)
        mark = item.get("type") == "punctuation"
        yield item, Word(content, start, end, "" if mark else name or channel), mark


def speechmatics(tree: Tree, value: object) -> list[Piece] | None:
    """Speechmatics: `results` of words and marks, each with alternatives that name the speaker."""
    results = objects(mapping(value).get("results"))
    if not results or not all("alternatives" in r and "type" in r for r in results[:20]):
        return None

    def words() -> Iterator[tuple[Item, Word, bool]]:
        for item in results:
            best = next(iter(objects(item.get("alternatives"))), {})
            content = best.get("content")
            if isinstance(content, str):
                mark = item.get("type") == "punctuation"
                name = "" if mark else speaker(best.get("speaker"))
                start, end = seconds(item.get("start_time"), 1), seconds(item.get("end_time"), 1)
                yield item, Word(content, start, end, name), mark

    return located(tree, words())


def deepgram(tree: Tree, value: object) -> list[Piece] | None:
    """Deepgram: channels of alternatives, with paragraphs of sentences, or words; or utterances."""
    results = mapping(mapping(value).get("results"))
    channels = objects(results.get("channels"))
    if not any("alternatives" in channel for channel in channels):
        return None
    pieces: list[Piece] = []
    for number, channel in enumerate(channels):
        best = next(iter(objects(channel.get("alternatives"))), {})
        name = f"Channel {number}" if len(channels) > 1 else ""
        paragraphs = objects(mapping(best.get("paragraphs")).get("paragraphs"))
        if any("sentences" in paragraph for paragraph in paragraphs):
            pieces += _deepgram_sentences(tree, paragraphs, name)
        elif words := objects(best.get("words")):
            pieces += located(tree, ((item, _deepgram_word(item, name), False) for item in words))
        elif text := written(best.get("transcript")):
            pieces.append(Piece(text, None, None, tree.line(best, text), name))
    return in_order(pieces)


def _deepgram_sentences(tree: Tree, paragraphs: Sequence[Item], name: str) -> Iterator[Piece]:
    for paragraph in paragraphs:
        for item in objects(paragraph.get("sentences")):
            yield Piece(
                written(item.get("text")),
                seconds(item.get("start"), 1),
                seconds(item.get("end"), 1),
                tree.line(item, written(item.get("text"))),
                speaker(paragraph.get("speaker")) or name,
            )


def _deepgram_word(item: Item, name: str) -> Word:
    text = written(first(item, "punctuated_word", "word"))
    start, end = seconds(item.get("start"), 1), seconds(item.get("end"), 1)
    return Word(text, start, end, speaker(item.get("speaker")) or name)


def located(tree: Tree, words: Iterator[tuple[Item, Word, bool]]) -> list[Piece]:
    """Cut words into stretches, marks set to the word before, each with the line of its object."""
    listed: list[Word] = []
    places: list[Item] = []
    for item, word, mark in words:
        if mark and listed:
            last = listed[-1]
            listed[-1] = Word(last.text + word.text, last.start, last.end, last.speaker)
        else:
            places.append(item)
            listed.append(word)
    return list(stretches(listed, lambda number: tree.line(places[number])))


def in_order(pieces: list[Piece]) -> list[Piece]:
    """Channels were recorded at the same time: sort them together, where all have times."""
    kept = [piece for piece in pieces if piece.text]
    if any(piece.start is None for piece in kept):
        return kept
    return sorted(kept, key=lambda piece: piece.start or 0.0)
