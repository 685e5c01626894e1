"""Pictures as SVG elements: shapes with a class each, so that the page's style colours them."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring  # only written, never parsed

WIDTH = 380
"""Units across every picture: on a phone as many pixels, so that its words can be read there."""

Point = tuple[float, float]


class Drawing:
    """One picture under way. Words are escaped by the library that writes the elements."""

    def __init__(self, title: str, height: float) -> None:
        box = f"0 0 {WIDTH} {height:g}"
        self._root = Element("svg", {"viewBox": box, "role": "img", "aria-label": title})

    def line(self, start: Point, end: Point, kind: str, tip: str = "") -> None:
        """Draw a line."""
        (x1, y1), (x2, y2) = start, end
        self._add("line", kind, {"x1": x1, "y1": y1, "x2": x2, "y2": y2}, tip)

    def rectangle(self, corner: Point, size: Point, kind: str, tip: str = "") -> None:
        """Draw a rectangle from its upper left corner."""
        (x, y), (width, height) = corner, size
        self._add("rect", kind, {"x": x, "y": y, "width": width, "height": height}, tip)

    def path(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through points; a `kind` that fills makes it an area."""
        places = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        self._add("polyline", kind, {"points": places})

    def mark(self, centre: Point, kind: str, shape: str = "circle", tip: str = "") -> None:
        """Draw a circle, a square or a triangle: what colour tells, shape tells as well."""
        x, y = centre
        if shape == "circle":
            self._add("circle", kind, {"cx": x, "cy": y, "r": 4}, tip)
        elif shape == "square":
            self.rectangle((x - 3.5, y - 3.5), (7, 7), kind, tip)
        else:
            corners = ((x, y - 4.5), (x + 4.5, y + 3.5), (x - 4.5, y + 3.5))
            places = " ".join(f"{_short(x)},{_short(y)}" for x, y in corners)
            self._add("polygon", kind, {"points": places}, tip)

    def text(self, place: Point, words: str, kind: str = "", anchor: str = "start") -> None:
        """Write words at a place: its left, middle or end."""
        x, y = place
        found = self._add("text", kind, {"x": x, "y": y, "text-anchor": anchor})
        found.text = words

    def fitted(self, place: Point, words: str, columns: int, kind: str = "") -> None:
        """Write words that end at a place, cut to so many columns; pointing at them shows all."""
        x, y = place
        cut = fit(words, columns)
        found = self._add("text", kind, {"x": x, "y": y, "text-anchor": "end"})
        found.text = cut
        if cut != words:
            SubElement(found, "title").text = words

    def __str__(self) -> str:
        return tostring(self._root, encoding="unicode")

    def _add(
        self, name: str, kind: str, values: Mapping[str, float | str], tip: str = ""
    ) -> Element:
        written = {key: _short(value) for key, value in values.items()}
        found = SubElement(self._root, name, {"class": kind, **written} if kind else written)
        if tip:
            SubElement(found, "title").text = tip
        return found


def fit(words: str, columns: int) -> str:
    """Cut a text to so many columns, of which Chinese characters take two."""
    widths = [2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in words]
    if sum(widths) <= columns:
        return words
    return words[: sum(end < columns for end in itertools.accumulate(widths))] + "…"


def _short(value: float | str) -> str:
    """Write a number with as many digits as can be seen."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
