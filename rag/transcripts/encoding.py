"""Bytes to text: byte order marks, UTF-8, UTF-16 without a mark, and the legacy encodings."""

from __future__ import annotations

import codecs
import re

from rag.errors import UsageError
from rag.text import HAN, HANGUL, KANA

_SAMPLE = 1 << 16
_PIECE = 1 << 20  # characters
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (b"%PDF-", b"PK\x03\x04", b"{\\rtf", b"\xd0\xcf\x11\xe0")
# Detection is asked only about encodings in which transcripts really come.
_LEGACY = ["gb18030", "big5", "big5hkscs", "shift_jis", "euc_jp", "euc_kr", "cp1252"]
BREAK = re.compile(r"\n|\r\n?")
"""Where a line ends, as editors count them."""
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_HALVES = re.compile("[\ud800-\udfff]")
# Every fourth character of any Chinese text is one of these, and hardly one of what comes out when
# its bytes are read in the wrong encoding: that tells the two apart in a line or two.
_FAMILIAR = frozenset(
    "，。：？！、“”（）的一是不了在人有我他这们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过"
    "天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开问答吗吧呢"
    "這們來時為說國著裡後會過對於學麼發當沒樣種開問嗎總從無現經長間兩與話"
)
_FAMILIAR_SHARE = 0.2
_USUAL = re.compile(
    rf"[\t\n\r -~\u00a0-\u024f\u2010-\u203f\u3000-\u303f\uff00-\uffef{HAN}{KANA}{HANGUL}]"
)
_LATIN = re.compile(r"[\t\n\r -~]")
_USUAL_SHARE = 0.9


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


def even_breaks(text: str) -> str:
    """Return a text with one kind of line break; lines are then those that editors count."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def cut(text: str) -> list[str]:
    """Return a text in pieces of about a megabyte, each of which ends with a line.

    They can be used up one after the other, and a single emoji, which makes every character of a
    text four bytes wide, does so to one of them only.
    """
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PIECE) + 1 or len(text)
        pieces.append(text[start:end])
        start = end
    return pieces


def printable(text: str) -> str:
    """Return `text` without halves of characters, which no encoding can write.

    Escapes in JSON and YAML can spell them, and so can the fonts of a PDF; two that stand side by
    side are put together.
    """
    if not _HALVES.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decode_as(data: bytes, encoding: str, name: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="replace")
        line = even_breaks(before).count("\n") + 1
        text = data.decode(encoding, errors="replace")
        return text, f"{name}:{line}: bytes that are not {encoding} were replaced by {_REPLACED}"


def _utf16_without_mark(data: bytes) -> str | None:
    """Tell UTF-16 by what it decodes to: in the wrong byte order, Latin and Han are scattered."""
    sample = data[:_SAMPLE]
    if len(sample) < 4 or not sample.count(0):
        return None
    shares = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="replace")
        # ASCII in the wrong order may well be Han, hence counts for more.
        shares[encoding] = (len(_USUAL.findall(text)), len(_LATIN.findall(text)), len(text))
    best = max(shares, key=lambda encoding: sum(shares[encoding]))
    usual, _, length = shares[best]
    return best if usual >= length * _USUAL_SHARE else None


def _looks_binary(data: bytes) -> bool:
    if data.startswith(_BINARY):
        return True
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
    if (encoding := _chinese(data[:_SAMPLE])) is not None:
        return _decode_as(data, encoding, name)
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE].rsplit(b"\n", 1)[0], cp_isolation=_LEGACY).best()
    if best is None:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{name}:{line}: encoding not recognised", "save the file as UTF-8")
    # GB18030 holds everything that its subsets GBK and GB2312 hold.
    encoding = "gb18030" if best.encoding.startswith("gb") else best.encoding
    return _decode_as(data, encoding, name)


def _chinese(sample: bytes) -> str | None:
    """Tell which of the Chinese encodings makes Chinese of the sample, damaged bytes allowed."""
    shares = {}
    for encoding in ("gb18030", "big5hkscs"):
        foreign = [c for c in sample.decode(encoding, errors="replace") if ord(c) > 127]
        familiar = sum(char in _FAMILIAR for char in foreign)
        shares[encoding] = familiar / len(foreign) if foreign else 0.0
    best = max(shares, key=lambda encoding: shares[encoding])
    return best if shares[best] >= _FAMILIAR_SHARE else None
