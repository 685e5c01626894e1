"""An index on a Milvus server: everything that a reader needs, for any machine with the address.

It is written by `rag.store.copying` and read by `MilvusStore`. Why it is laid out as it is, and
what was shown on which server, is in `docs/decisions/milvus.md`.
"""
