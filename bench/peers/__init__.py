"""Peers side by side: other people's systems and a plain script on the same turns.

Each runs in an environment of its own, used as its quick start uses it, with the same encoder: our
static table through sentence-transformers, and all-MiniLM-L6-v2 for building.
"""
