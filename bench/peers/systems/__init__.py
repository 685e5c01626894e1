"""How each system is used, after its own quick start; run in its own environment by `worker.py`.

All modules offer the same four functions: `build` an index of files and return its chunks, `load`
it as a function from a question to texts, `add` a file to it, and `words` for ranking by BM25.
"""
