# make demo   everything with an invented artist, from nothing to a report
# make test   all tests
# PYTHON names the Python to use, 3.11 or newer: make demo PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
PYTEST_ARGS ?=

.PHONY: demo test lint types bench docs clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.installed
	$(BIN)/optout demo

test: $(VENV)/.dev
	$(BIN)/pytest -n auto $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python tests/benchmarks/crawl.py
	$(BIN)/python tests/benchmarks/robots.py
	$(BIN)/python tests/benchmarks/identity.py

docs: $(VENV)/.installed
	$(BIN)/python docs/reference/generate.py > docs/reference/commands.md.new
	mv docs/reference/commands.md.new docs/reference/commands.md

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Empty files say what is installed, so that a second call has nothing to do.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("optout needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(PIP) install -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(PIP) install -e '.[dev,browser]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) install -e '.[bench]'
	@touch $@
