"""What is said in every file: one talk in two languages, in our own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, who says it, and from which to which second."""

    start: float
    end: float
    speaker: str
    text: str


Writer = Callable[[Sequence[Line]], bytes]

_RIVER = (
    ("Nora Pyle", "Why did you come to live by the river?"),
    ("Jon Abel", "The rent is low; 3.5 shillings a week, Mr. Hale said."),
    ("Jon Abel", "[laughter] And there is fish."),
    ("Nora Pyle", "And in winter?"),
    ("Jon Abel", "We mend nets. See example.com & <that> is all."),
)
_FLUSS = (
    ("主持人", "你们为什么搬到河边来住？"),
    ("陈若", "租金便宜，一周三块五。"),
    ("陈若", "（笑声）鱼也多。"),
    ("主持人", "冬天呢？"),
    ("陈若", "补网，等 GPS 船回来。"),
)


def conversations() -> tuple[list[Line], ...]:
    """The same talk in English, in Chinese, and in both at once."""
    english, chinese = (
        [Line(3.0 * at, 3.0 * at + 2.5, *said) for at, said in enumerate(talk)]
        for talk in (_RIVER, _FLUSS)
    )
    both = [line for pair in zip(english, chinese, strict=True) for line in pair]
    return english, chinese, both


def clock(seconds: float, mark: str = ",") -> str:
    """`00:00:03,500`."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{rest:03}"
