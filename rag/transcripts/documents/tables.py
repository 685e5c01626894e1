"""Tables of interviews: a row is who, when and what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rag.transcripts.documents.blocks import Block, Form, Mark, Piece
from rag.transcripts.documents.openings import COLON_END, TIME_ALONE
from rag.transcripts.names import is_name, is_role

_HEADER_CELL = re.compile(
    r"(?:speakers?|names?|who|发言人|说话人|发言者|姓名|人物|講者|發言人|说话者)", re.IGNORECASE
)


def with_speaking_tables(blocks: Sequence[Block], tables: Mapping[int, int]) -> list[Block]:
    """Make paragraphs with a name in front of the rows of tables in which a column holds names.

    `tables` gives each group (row) the number of its table. A header row that names a column of
    speakers is left out.
    """
    rows: dict[int, dict[int, list[Block]]] = {}
    for block in blocks:
        if block.form == Form.ROW:
            rows.setdefault(tables[block.group], {}).setdefault(block.group, []).append(block)
    spoken: dict[int, Block | None] = {}
    for table in rows.values():
        names = [first.text for row in table.values() if (first := _first_name(row)) is not None]
        top, *_ = table.values()
        header = any(_HEADER_CELL.fullmatch(cell.text) for cell in top)
        if header or _are_names([COLON_END.sub("", name) for name in names], len(table)):
            spoken |= {group: _paragraph(row) for group, row in table.items()}
            spoken |= dict.fromkeys([*table][:header])
    return list(_replaced(blocks, spoken))


def _replaced(blocks: Sequence[Block], spoken: Mapping[int, Block | None]) -> Iterator[Block]:
    done: set[int] = set()
    for block in blocks:
        if block.form != Form.ROW or block.group not in spoken:
            yield block
        elif block.group not in done:
            done.add(block.group)
            if (paragraph := spoken[block.group]) is not None:
                yield paragraph


def _paragraph(row: Sequence[Block]) -> Block:
    """Write a row as a paragraph: the time, the name, and the other cells in lines."""
    times = [cell for cell in row if TIME_ALONE.fullmatch(cell.text)][:1]
    words = [cell for cell in row if cell not in times]
    pieces = [Piece(cell.text, cell.number, Mark.TIME) for cell in times]
    if len(words) > 1:
        pieces.append(Piece(words[0].text, words[0].number, Mark.NAME))
        words = words[1:]
    for index, cell in enumerate(words):
        pieces += [Piece("", 0, Mark.BREAK)] * bool(index)
        pieces += cell.pieces
    first = row[0]
    return Block(Form.PARAGRAPH, tuple(pieces), 0, 0, first.zone, first.holders)


def _first_name(row: Sequence[Block]) -> Block | None:
    filled = [cell for cell in row if cell.text and not TIME_ALONE.fullmatch(cell.text)]
    return filled[0] if len(filled) >= 2 else None


def _are_names(names: Sequence[str], rows: int) -> bool:
    """Most rows begin with a name, and names come back."""
    likely = [name for name in names if is_name(name) or is_role(name)]
    return (
        len(likely) * 4 >= rows * 3
        and len(likely) >= 2
        and (len(set(likely)) < len(likely) or all(is_role(name) for name in likely))
    )
