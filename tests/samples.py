"""Transcripts to index, questions to ask of them, and how to run the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rag.store.index import Store
from rag.types import Passage

ROOT = Path(__file__).resolve().parent.parent


def passage_at(opened: Store, transcript: str, turn: int) -> Passage:
    """Return the passage that holds one turn."""
    passages = opened.catalog.passages(opened.catalog.ids_where((), (transcript,)))
    return next(p for p in passages if p.spans[0].number <= turn <= p.spans[-1].number)


# Every exchange is long enough to be a passage of its own.
TEA = """\
---
title: 老茶馆的早晨
date: 2024-05-01
source: https://example.org/tea
---

**主持人：**茶馆每天几点开门？

**王秀兰：**我们每天早上五点开门，因为第一批客人是下夜班的司机。夏天会再早半个小时，那时候天亮得早，\
老人们睡不着，四点多就在门口等着了。冬天冷，炉子要先生起来，开门就只好等到六点。

**主持人：**最便宜的茶多少钱一壶？

**王秀兰：**最便宜的花茶八块钱一壶，可以坐一上午，续水不要钱。贵的是明前的龙井，一壶要一百二十块，\
一个月也卖不出几壶，多半是外地来的人请朋友喝的。

**主持人：**周末年轻人来得多吗？

**王秀兰：**周末多一些，他们喜欢拍照，走的时候常常带一盒桂花糕。平日里还是附近的老街坊，下棋、听评书，\
一坐就是大半天，谁家有事都在这里商量。
"""

VIOLIN = """\
Host: How many weeks does the restoration of one violin take?

Marta Lindqvist: A restoration takes about eleven weeks, and most of it is waiting for varnish to \
dry. The work with my hands is perhaps thirty hours. People imagine me carving all day, while in \
truth I look at a drying surface and drink coffee.

Host: Which wood do you use for the bridge of a violin?

Marta Lindqvist: The bridge is always maple, cut in winter, when the sap is low. I buy it from a \
family in Bosnia who have sold to this workshop since my grandfather's days, and I keep every \
blank for ten years before I touch it with a knife.

Host: Have you ever ruined an instrument?

Marta Lindqvist: Once, in 1998, I cracked the belly of a cello and paid for it for three years. \
The owner was kind about it, kinder than I was to myself, and she still brings me her students, \
whose instruments I mend for nothing.
"""

OPENING = "茶馆每天早上几点开门？"
WOOD = "Which wood is the bridge of a violin?"
NOT_THERE = "zygomorphic quaternion photolithography"


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


def process(*arguments: object, cwd: Path | None = None, **options: Any) -> Result:
    """Run `rag …` as a process of its own, for what a process alone can show."""
    ran = subprocess.run(
        [*options.pop("before", []), sys.executable, "-m", "rag", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )
    return Result(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def is_one_line(text: str) -> bool:
    """Tell whether an error is as it should be: one line that begins with `rag: `."""
    return text.startswith("rag: ") and text.count("\n") == 1 and "Traceback" not in text


def without_privileges() -> list[str]:
    """What to put before a command so that permissions count, for root as well."""
    if os.geteuid():
        return []
    tool = shutil.which("setpriv")
    if tool is None:
        pytest.skip("run as root without setpriv: nothing is forbidden")
    return [tool, "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
