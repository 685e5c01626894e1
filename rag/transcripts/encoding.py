"""Bytes to text: byte order marks, UTF-8, UTF-16 without a mark, and the legacy encodings."""

from __future__ import annotations

import codecs

from rag.errors import UsageError

_SAMPLE = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Detection is asked only about encodings in which transcripts really come.
_LEGACY = ["gb18030", "big5", "big5hkscs", "shift_jis", "euc_jp", "euc_kr", "cp1252"]
_LINE_FEED = 0x0A
_REPLACED = "\N{REPLACEMENT CHARACTER}"


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file and a warning, empty when nothing was lost.

    Raises:
        UsageError: when the bytes are no text in any known encoding.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_as(data, encoding, name)
    if (wide := _utf16_without_mark(data)) is not None:
        return _decode_as(data, wide, name)
    if _looks_binary(data):
        raise UsageError(f"{name}: not a text file", "convert it to .md, .txt or .srt first")
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        return _decode_damaged_or_legacy(data, error, name)


def _decode_as(data: bytes, encoding: str, name: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        line = data.count(_LINE_FEED, 0, error.start) + 1
        text = data.decode(encoding, errors="replace")
        return text, f"{name}:{line}: bytes that are not {encoding} were replaced by {_REPLACED}"


def _utf16_without_mark(data: bytes) -> str | None:
    """Tell UTF-16 by its line feeds and spaces: a zero byte on one side only."""
    sample = data[:_SAMPLE]
    little = sample.count(b"\n\x00") + sample.count(b" \x00")
    big = sample.count(b"\x00\n") + sample.count(b"\x00 ")
    zeros = sample.count(0)
    if not zeros or len(sample) < 4 or zeros > len(sample) * 0.6 or little == big:
        return None
    encoding = "utf-16-le" if little > big else "utf-16-be"
    try:
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
    except UnicodeDecodeError:
        return None
    broken = sum(not char.isprintable() and char not in "\n\r\t\u3000" for char in text)
    return encoding if broken <= len(text) * 0.02 else None


def _looks_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    control = sum(sample.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    return b"\x00" in sample or control * 50 > len(sample)


def _decode_damaged_or_legacy(data: bytes, error: UnicodeDecodeError, name: str) -> tuple[str, str]:
    # A file that is UTF-8 but for a few bytes is damaged, not legacy: the legacy encodings hardly
    # ever form valid multi-byte UTF-8 by chance.
    text = data.decode("utf-8", errors="replace")
    lost = text.count(_REPLACED)
    if lost * 20 < sum(ord(char) > 127 for char in text):
        return _decode_as(data, "utf-8", name)
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE].rsplit(b"\n", 1)[0], cp_isolation=_LEGACY).best()
    if best is None:
        line = data.count(_LINE_FEED, 0, error.start) + 1
        raise UsageError(f"{name}:{line}: encoding not recognised", "save the file as UTF-8")
    # GB18030 holds everything that its subsets GBK and GB2312 hold.
    encoding = "gb18030" if best.encoding.startswith("gb") else best.encoding
    return _decode_as(data, encoding, name)
