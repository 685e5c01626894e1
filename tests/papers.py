"""Office files, e-books, PDF and archives, made of nothing but the standard library.

Only what a test is about is written: each of these opens in the programs that it is meant for.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
ODF = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in [
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"),
        ("fo", "xsl-fo-compatible"),
    ]
)  # fmt: skip
STYLES = (
    f'<w:styles {W}><w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="a5"><w:name w:val="List Bullet"/></w:style></w:styles>'
)


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    """A zip archive of parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            # The type of an e-book must be readable without unpacking.
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, how)
    return stream.getvalue()


def run(text: str, bold: bool = False) -> str:
    """A run of a Word paragraph; a line break is one, and a tab is one."""
    words = escape(text).replace("\n", '</w:t><w:br/><w:t xml:space="preserve">')
    words = words.replace("\t", '</w:t><w:tab/><w:t xml:space="preserve">')
    look = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return f'<w:r>{look}<w:t xml:space="preserve">{words}</w:t></w:r>'


def para(*runs: str, style: str = "", properties: str = "") -> str:
    """A Word paragraph of runs, or of plain texts."""
    inside = "".join(item if item.startswith("<") else run(item) for item in runs)
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{inside}</w:p>"


def table(*rows: Sequence[str]) -> str:
    """A Word table of texts."""
    cells = (
        "".join(f"<w:tc>{cell if cell.startswith('<') else para(cell)}</w:tc>" for cell in row)
        for row in rows
    )
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def docx(*body: str, head: str = "", **parts: str) -> bytes:
    """A Word document of paragraphs and tables; `parts` are others of the folder `word`."""
    document = f"{head}<w:document {W} {MC}><w:body>{''.join(body)}</w:body></w:document>"
    others = {f"word/{name}.xml": content for name, content in parts.items()}
    return packed(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": document,
            "word/styles.xml": STYLES,
            **others,
        }
    )


def odt(*body: str, styles: str = "", head: str = "") -> bytes:
    """An OpenDocument text of paragraphs."""
    content = (
        f"{head}<office:document-content {ODF}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{''.join(body)}</office:text>"
        "</office:body></office:document-content>"
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": content,
            "META-INF/manifest.xml": "<manifest/>",
        }
    )


def epub(*chapters: str, title: str = "A book", parts: Mapping[str, str] | None = None) -> bytes:
    """An e-book of chapters, which stand in the archive in the reverse of their order."""
    names = [f"c{number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(f'<item id="{name}" href="text/{name}"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    written = {
        f"OEBPS/text/{name}": chapter if chapter.startswith("<?xml") else xhtml(chapter)
        for name, chapter in reversed(list(zip(names, chapters, strict=True)))
    }
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:'
            'container"><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title>'
            '<dc:date>2021-03-04</dc:date></metadata><manifest><item id="nav" properties="nav"'
            f' href="nav.xhtml"/>{items}</manifest><spine><itemref idref="nav"/>{spine}</spine>'
            "</package>",
            "OEBPS/nav.xhtml": xhtml("<nav><p>Contents</p></nav>"),
            **written,
            **(parts or {}),
        }
    )


def xhtml(body: str) -> str:
    """A chapter."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>c</title></head><body>{body}</body></html>"
    )


def pdf(pages: Iterable[Sequence[str]], title: str = "") -> bytes:
    """A PDF in which each page has these lines; any characters, by a table of what they mean."""
    written = [list(page) for page in pages]
    letters = sorted({char for page in written for line in page for char in line})
    code = {char: index + 1 for index, char in enumerate(letters)}
    meaning = "\n".join(
        f"<{index:04x}> <{char.encode('utf-16-be').hex()}>" for char, index in code.items()
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <ffff>"
        f" endcodespacerange {len(code)} beginbfchar\n{meaning}\nendbfchar endcmap end"
    )
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(len(written)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(written)}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-H/ToUnicode 4 0 R"
        b"/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/F/DW 600>>]>>",
        _stream(cmap.encode()),
        f"<</Title({title})>>".encode(),
    ]
    for number, page in enumerate(written):
        drawn = "BT /F1 10 Tf 12 TL 50 800 Td\n"
        for line in page:
            drawn += f"<{''.join(f'{code[char]:04x}' for char in line)}> Tj T*\n"
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 850]/Contents {7 + 2 * number} 0 R"
            "/Resources<</Font<</F1 3 0 R>>>>>>".encode(),
            _stream((drawn + "ET").encode()),
        ]
    return _file(objects)


def _stream(content: bytes) -> bytes:
    data = zlib.compress(content)
    return b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(data), data)


def _file(objects: Sequence[bytes]) -> bytes:
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"trailer\n<</Size %d/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, start)
    )
