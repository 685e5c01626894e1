"""Does retrieval find the right passages, are the answers right, and did a change help?

Cases (`cases`, `beir`, `spans`, `selfmade`) become suites (`suites`): questions with what answers
them, and an index to ask. A run (`work`) ranks and answers them, measures each (`measures`,
`facts`) and is kept in a file (`runs`); two runs are compared question by question (`compare`).
"""

from rag.evaluate.compare import Comparison, against, lost
from rag.evaluate.runs import Result, Run, load, save
from rag.evaluate.show import comparisons, failures, report
from rag.evaluate.work import Plan, run

__all__ = [
    "Comparison",
    "Plan",
    "Result",
    "Run",
    "against",
    "comparisons",
    "failures",
    "load",
    "lost",
    "report",
    "run",
    "save",
]
