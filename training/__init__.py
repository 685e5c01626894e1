"""How the built-in embedder is made: `python -m training.train` and `python -m training.measure`.

Data flow, one module per arrow: `data` reads the pairs, `tokenizer` learns the pieces, `model` fits
the table of `parts`, `export` packs it into a folder, `measure` scores that folder.
"""
