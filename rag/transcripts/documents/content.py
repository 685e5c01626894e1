"""The part of a page that is its subject, and what stands around it.

The rule that matters is that no turn is lost. Menus, comments and teasers are known by their
elements and class names, but a part that holds a fair share of the page's labels is kept whatever
it is called, and where the main part of a page leaves labels outside, the whole page is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.transcripts.documents.blocks import Block
from rag.transcripts.documents.openings import opens_with_label

if TYPE_CHECKING:
    from lxml.etree import _Element

_AROUND = frozenset(("nav", "footer", "aside", "dialog", "menu", "figure", "figcaption"))
_AROUND_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog menu menubar"
    " toolbar".split()
)
_TALK = re.compile(
    r"(?:^|[\s_-])(?:comments?|comment[_-]?(?:list|area|section|form|s)|disqus\w*|respond|replies"
    r"|reviews|评论|pinglun)(?:$|[\s_-])",
    re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"(?:^|[\s_-])(?:sidebar\w*|related\w*|recommend\w*|share|sharing|social\w*|cookies?|consent"
    r"|gdpr|breadcrumbs?|crumbs?|menus?|nav\w*|footer\w*|newsletter\w*|subscribe\w*|promo\w*"
    r"|advert\w*|ads?|banner|popup|modal|pagination|pager|page-?nav|toolbar|skip-?(?:link|to)\w*"
    r"|tags?|tag-?list|copyright|hot-?news|ranking|byline|post-?meta|entry-?meta)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_LONGEST_ATTRIBUTE = 300
_MOST_LINKED = 0.6


def zoning(element: _Element, tag: str) -> str:
    """Name the kind of part that an element is: `holder` for a main one, "" for no special one."""
    role = (element.get("role") or "").lower()
    if tag in ("article", "main") or role == "main" or element.get("itemprop") == "articleBody":
        return "holder"
    name = f"{element.get('id') or ''} {element.get('class') or ''}"[:_LONGEST_ATTRIBUTE]
    if tag not in ("body", "html") and _TALK.search(name):
        return "comments"
    if tag in _AROUND or role in _AROUND_ROLES:
        return "around"
    if tag not in ("body", "html") and _FURNITURE.search(name):
        return "around"
    if element.get("aria-hidden") == "true" or element.get("hidden") is not None:
        return "hidden"
    return "hidden" if _HIDDEN.search(element.get("style") or "") else _linked(element, tag)


def _linked(element: _Element, tag: str) -> str:
    """A list whose items are all links is a menu."""
    if tag not in ("ul", "ol"):
        return ""
    items = list(element.iterchildren("li"))
    if len(items) < 3:
        return ""
    linked = sum(len(item) > 0 and _only_link(item) for item in items)
    return "around" if linked >= len(items) * _MOST_LINKED else ""


def _only_link(item: _Element) -> bool:
    first = item[0]
    around = f"{item.text or ''}{first.tail or ''}".strip()
    return first.tag in ("a", "{http://www.w3.org/1999/xhtml}a") and not around


def select(blocks: Sequence[Block], zones: Sequence[str]) -> list[Block]:
    """Leave out what stands around the subject of a page."""
    labelled = [opens_with_label(block) for block in blocks]
    lengths = [len(block.text) for block in blocks]
    labels, text = Counter[int](), Counter[int]()
    for block, label, length in zip(blocks, labelled, lengths, strict=True):
        labels[block.zone] += label
        text[block.zone] += length
    kept = {zone for zone in text if not zone or _is_kept(zone, zones[zone], labels, text)}
    if sum(text[zone] for zone in kept) * 20 < sum(text.values()):
        kept = set(text)  # a page that is nothing but its menus is what the user asked for
    inside = [index for index, block in enumerate(blocks) if block.zone in kept]
    return [blocks[index] for index in _main(inside, blocks, labelled, lengths)]


def _is_kept(zone: int, kind: str, labels: Counter[int], text: Counter[int]) -> bool:
    if kind == "comments":
        # People in comments are written like people in interviews: only the rest of the page tells.
        return (text.total() - text[zone]) < min(200, text[zone])
    if labels[zone] >= 2 and labels[zone] * 4 >= labels.total():
        return True
    return labels[zone] * 2 >= labels.total() and text[zone] * 2 > text.total()


def _main(
    inside: list[int], blocks: Sequence[Block], labelled: list[bool], lengths: list[int]
) -> list[int]:
    """Narrow to the smallest main part that holds every label and most of the text."""
    labels, text = Counter[int](), Counter[int]()
    for index in inside:
        for holder in blocks[index].holders:
            labels[holder] += labelled[index]
            text[holder] += lengths[index]
    all_labels = sum(labelled[index] for index in inside)
    all_text = sum(lengths[index] for index in inside)
    fit = [
        holder
        for holder in text
        if (text[holder] * 2 >= all_text)
        and (labels[holder] * 10 >= all_labels * 9 if all_labels > 3 else True)
        and all_labels - labels[holder] < 3
    ]
    if not fit:
        return inside
    best = min(fit, key=lambda holder: (text[holder], -holder))
    return [index for index in inside if best in blocks[index].holders]
