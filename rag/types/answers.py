"""What is found, answered and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rag.types.texts import Address, Passage


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with the fused score and what each leg gave (0 where a leg was silent).

    `covered` is the share of the question's words that it has, by meaning; 0 where that was not
    looked at.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    link: str = ""
    covered: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, best hit first; `timings` are milliseconds."""

    question: str
    hits: tuple[Hit, ...]
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of one speaker, and where they stand.

    With `exact` they are verbatim what the transcript has; without, they are a quotation of a
    language model's that is not. `quoted` tells whether the answer itself shows the words, or only
    names the place. `asked` is the question that they reply to, where they cannot be understood
    without it.
    """

    address: Address
    speaker: str
    quote: str
    exact: bool
    line: int
    end_line: int
    start: float | None = None
    link: str = ""
    asked: str = ""
    quoted: bool = True


FindingKind: TypeAlias = Literal["absent", "near", "speaker", "place", "key", "claim"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in an answer that the transcripts do not bear out.

    - `absent`: a quotation that nobody said; `near`: one that was said in other words, shown by
      `difference` as `[-said-]{+quoted+}`.
    - `speaker`: a quotation that `speaker` said, and not the one whom the answer names; `place`:
      one that stands at `address`, and not where the answer says.
    - `key`: a citation of something that the model was not given.
    - `claim`: a sentence that no passage supports.
    """

    kind: FindingKind
    text: str
    speaker: str = ""
    address: Address | None = None
    difference: str = ""


@dataclass(frozen=True, slots=True)
class QuoteCheck:
    """Whether somebody said something word for word.

    `verdict` is `exact`, `near` (`difference` shows how) or `absent`; `text` is what the transcript
    has at `address`.
    """

    quote: str
    verdict: Literal["exact", "near", "absent"]
    address: Address | None = None
    speaker: str = ""
    text: str = ""
    difference: str = ""
    line: int = 0
    end_line: int = 0
    start: float | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was asked before in a conversation, the answer to it, and what that cited."""

    question: str
    answer: str = ""
    cited: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, from what, or that the transcripts are silent.

    - `findings` are what a check of a model's answer found wrong in it; `quotes` is how many
      quotations were checked. `grounded` tells whether it cites at least one passage that it was
      given, and `incomplete` whether the model broke off (`failure` says why).
    - `standalone` is the question as the model understood it from the conversation, `left_out` how
      many passages found did not fit into the prompt.
    - `timings` are milliseconds; `usage` counts tokens and is empty without a language model,
      `cost` is in the unit of the configured prices and None without.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    refused: bool
    confidence: float
    model: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    quotes: int = 0
    grounded: bool = True
    incomplete: bool = False
    failure: str = ""
    standalone: str = ""
    left_out: int = 0
    cost: float | None = None
