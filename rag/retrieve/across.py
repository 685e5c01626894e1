"""Passages in the question's own language beside those in another: which of the two answer it.

Scores of the two are made of different things: words count only in one language, and cosines are
lower between languages. So a logistic model judges first in which of them the answer stands, by how
much nearer the nearest passage of the other language is, and by how much of the question the best
passage in its own language has word for word. Where it is sure, the passages of the other language
move as one: up until the best of them leads, or down until it does not. How it was fitted:
`docs/decisions/fusion.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

# Coefficients of the logit that the answer stands in the other language.
_NEARER, _COVERED, _OTHERWISE = 24.0, 8.3, 1.3
_SURE_THERE, _SURE_HERE = 1.0, -3.0
_LEAD = 0.25  # of the logit


def levelled(
    scores: Sequence[float], cosines: Sequence[float], own: Sequence[bool], covered: float
) -> list[float]:
    """Return the scores with those of the other language moved.

    `own` tells of each passage whether it shares the question's script, `covered` is the best of
    their lexical scores as a share of the best thinkable.
    """
    here = [row for row, same in enumerate(own) if same]
    there = [row for row, same in enumerate(own) if not same]
    if not here or not there:
        return list(scores)
    nearer = max(cosines[row] for row in there) - max(cosines[row] for row in here)
    logit = _NEARER * nearer - _COVERED * covered + _OTHERWISE
    gap = max(scores[row] for row in here) - max(scores[row] for row in there)
    move = 0.0
    if logit > _SURE_THERE:
        move = max(gap + _LEAD * logit, 0.0)
    elif logit < _SURE_HERE:
        move = min(gap, 0.0)
    return [score if same else score + move for score, same in zip(scores, own, strict=True)]
