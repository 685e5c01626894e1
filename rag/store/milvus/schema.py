"""The collections of an index: their fields, and how they are searched.

Milvus wants a vector in every collection; where there is nothing to be near to, it is a `mark` of
two numbers.
"""

from __future__ import annotations

from typing import Any

from rag.store.milvus.client import Server

PASSAGES, TEXTS, WORDS = "passages", "texts", "words"
COLLECTIONS = (PASSAGES, TEXTS, WORDS)
MOST_ELEMENTS = 4096
"""Values that a field of several takes; of a passage with more terms, the others are looked up."""
LONGEST_NAME = 1024
"""Bytes of a speaker's name."""
LONGEST_BODY = 65_535
_LONGEST_TERM = 600  # bytes
_GRAPH = {"M": 16, "efConstruction": 200}
_EXACT, _GRAPH_UP_TO = 100_000, 5_000_000  # passages


def dense_index(server: Server, passages: int) -> str:
    """Return how vectors of so many passages are searched: exactly, by a graph, by lists."""
    if server.lite or passages <= _EXACT:
        return "FLAT"
    return "HNSW" if passages <= _GRAPH_UP_TO else "IVF_SQ8"


def dense_search(kind: str, limit: int) -> dict[str, int]:
    """Return how far a search for `limit` passages looks."""
    return {"FLAT": {}, "HNSW": {"ef": max(200, 2 * limit)}, "IVF_SQ8": {"nprobe": 256}}[kind]


def make_state(server: Server, name: str) -> None:
    """Make the collection that holds which state readers see."""
    kinds, schema, indexes = _begun()
    schema.add_field("key", kinds.INT64, is_primary=True)
    schema.add_field("number", kinds.INT64)
    schema.add_field("kind", kinds.VARCHAR, max_length=16)
    schema.add_field("body", kinds.VARCHAR, max_length=LONGEST_BODY)
    _mark(kinds, schema, indexes)
    server.create(name, schema, indexes)


def make_passages(server: Server, name: str, dimension: int, dense: str, lists: int) -> None:
    """Make the collection of passages; `lists` is into how many lists `IVF_SQ8` puts them."""
    kinds, schema, indexes = _begun()
    schema.add_field("id", kinds.INT64, is_primary=True)
    for field in ("since", "doc", "first", "last", "length"):
        schema.add_field(field, kinds.INT64)
    schema.add_field("section", kinds.BOOL)
    schema.add_field("many", kinds.BOOL)
    schema.add_field("language", kinds.VARCHAR, max_length=64)
    schema.add_field("body", kinds.VARCHAR, max_length=LONGEST_BODY)
    several = {"max_capacity": MOST_ELEMENTS}
    for field in ("speakers", "voices"):
        schema.add_field(
            field, kinds.ARRAY, element_type=kinds.VARCHAR, max_length=LONGEST_NAME, **several
        )
    schema.add_field("terms", kinds.ARRAY, element_type=kinds.INT64, **several)
    schema.add_field("dense", kinds.FLOAT_VECTOR, dim=dimension)
    built: dict[str, Any] = {"FLAT": {}, "HNSW": _GRAPH, "IVF_SQ8": {"nlist": lists}}[dense]
    indexes.add_index("dense", index_type=dense, metric_type="IP", params=built)
    if server.sparse:
        schema.add_field("sparse", kinds.SPARSE_FLOAT_VECTOR)
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="IP", params={})
    _scalar(server, indexes, "doc")
    if server.sparse and not server.lite:
        for field in ("speakers", "voices", "terms"):
            indexes.add_index(field, index_type="INVERTED")
    server.create(name, schema, indexes)


def make_texts(server: Server, name: str) -> None:
    """Make the collection of turns and sections, long ones in pieces."""
    kinds, schema, indexes = _begun()
    schema.add_field("key", kinds.INT64, is_primary=True)
    for field in ("since", "doc", "number", "piece"):
        schema.add_field(field, kinds.INT64)
    schema.add_field("section", kinds.BOOL)
    schema.add_field("body", kinds.VARCHAR, max_length=LONGEST_BODY)
    _mark(kinds, schema, indexes)
    _scalar(server, indexes, "doc")
    server.create(name, schema, indexes)


def make_words(server: Server, name: str) -> None:
    """Make the collection of terms: the dimension of each, and how many passages have it."""
    kinds, schema, indexes = _begun()
    schema.add_field("key", kinds.INT64, is_primary=True)
    for field in ("since", "dimension", "passages"):
        schema.add_field(field, kinds.INT64)
    schema.add_field("term", kinds.VARCHAR, max_length=_LONGEST_TERM)
    _mark(kinds, schema, indexes)
    _scalar(server, indexes, "term", "Trie")
    server.create(name, schema, indexes)


def _begun() -> tuple[Any, Any, Any]:
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    return DataType, schema, MilvusClient.prepare_index_params()


def _mark(kinds: Any, schema: Any, indexes: Any) -> None:  # noqa: ANN401  # untyped
    schema.add_field("mark", kinds.FLOAT_VECTOR, dim=2)
    indexes.add_index("mark", index_type="FLAT", metric_type="IP", params={})


def _scalar(server: Server, indexes: Any, field: str, old: str = "STL_SORT") -> None:  # noqa: ANN401
    """Index a field for filters; `old` is how versions before 2.4 do it."""
    indexes.add_index(field, index_type="INVERTED" if server.release >= (2, 4) else old)
