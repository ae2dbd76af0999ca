# The commands of a contributor; `make demo` and `make test` set the environment up when it is not there.
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint bench

demo: $(BIN)/milo
	$(BIN)/milo demo

test: $(BIN)/milo
	$(BIN)/python -m pytest -n auto

lint: $(BIN)/milo
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/milo prompts check

bench: $(BIN)/milo
	$(BIN)/python -m benchmarks calls

$(BIN)/milo: pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install -e ".[dev]"
	touch $@
