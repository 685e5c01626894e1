# One command per job; `make` lists them. CI runs `make check` and `make test`, nothing else.
PYTHON ?= python3
BIN := .venv/bin
TRAIN ?= ../shared/train
Q ?= 年轻人是怎么用 ChatGPT 的？
export Q

.DEFAULT_GOAL := help
.PHONY: help chat ask index test check format bench fuzz embedder constraints clean

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

chat: index ## set everything up and chat with the sample transcripts (works with piped input)
	@$(BIN)/rag chat

ask: index ## answer one question: make ask Q="…"
	@$(BIN)/rag ask -- "$$Q"

index: .venv/ready ## index corpus/, if that is missing or stale
	@$(BIN)/rag index >&2 || [ $$? -eq 1 ] # 1: some file could not be read, the others are there

test: .venv/ready-dev .venv/milvus/ready ## set everything up and run all tests
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

check: .venv/ready-dev ## lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/ready-dev ## put the code in order
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: .venv/ready-dev ## measure speed, size and retrieval here and now, as tables
	@$(BIN)/python -m bench

fuzz: .venv/ready-dev ## throw damaged files of every format at the readers
	@$(BIN)/python -m fuzz

embedder: .venv/ready-dev ## train the built-in embedder anew from TRAIN=…
	@$(BIN)/pip install -q -c constraints.txt -e ".[training]"
	@$(BIN)/python -m training.train $(TRAIN) --out rag/data/builtin

constraints: .venv/ready-dev ## renew the pinned versions
	@$(BIN)/pip install -q uv
	@echo "torch==2.13.0" | $(BIN)/uv pip compile -q pyproject.toml --all-extras --no-header \
		--python-version 3.11 \
		--no-annotate -c - -o .venv/resolved.txt
	@# What only a build of torch for CUDA needs is left out: a CPU build is what is tested.
	@{ grep '^#' constraints.txt; sed -E 's/[+]cpu$$//; /^(nvidia-|cuda-|triton=)/d' .venv/resolved.txt; } \
		> .venv/constraints.txt
	@mv .venv/constraints.txt constraints.txt

clean: ## remove the environment, caches and indexes
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist index/*/

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "rag needs Python 3.11 or newer as $(PYTHON): sudo apt-get install python3" >&2; exit 3; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "the package python3-venv is missing: sudo apt-get install python3-venv" >&2; exit 3; }
	@echo "Setting up .venv (once, a minute or two) …" >&2
	@$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e . >&2
	@touch $@

# A real server to test against, in an environment of its own: its package wants an old client.
# Where there is none for the machine, its tests skip.
.venv/milvus/ready: .venv/bin/python
	@$(PYTHON) -m venv .venv/milvus
	@.venv/milvus/bin/python -m pip install -qq --disable-pip-version-check --prefer-binary \
		'milvus==2.3.5' 'pymilvus==2.3.7' 'marshmallow<4' 'setuptools<80' >&2 \
		|| { echo "no Milvus server for this machine: its tests will skip" >&2; rm -rf .venv/milvus/bin/milvus*; }
	@touch $@

.venv/ready-dev: .venv/bin/python pyproject.toml constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[dev]" >&2
	@touch $@ .venv/ready
