"""Measurements of `rag`: how fast, how large, how right. `python -m bench` prints the tables."""
