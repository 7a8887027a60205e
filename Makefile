# What developers and CI run. `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := .venv-peers
PYTEST := $(BIN)/pytest

.DEFAULT_GOAL := help
.PHONY: help setup setup-browser demo test test-long test-interop check bench bench-accuracy bench-online bench-batch clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-15s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

setup: $(STAMP) ## Build the environment in .venv (Python 3.11 or newer)

setup-browser: ## Install Debian's Chromium, which the tests of the review desk need (as root)
	command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

demo: setup ## Take in synthetic feeds, show what was found, serve the API
	$(BIN)/mpi demo

test: setup ## The whole test suite (minutes; starts its own PostgreSQL)
	$(PYTEST) -m "not long"

test-long: setup ## The tests that take long: large populations, many examples
	$(PYTEST) -m long

tests/interop/node_modules/.installed: tests/interop/package-lock.json
	cd tests/interop && npm ci --no-audit --no-fund --silent
	touch $@

.venv-interop/.installed: tests/interop/requirements.txt
	test -x .venv-interop/bin/python || $(PYTHON) -m venv .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

test-interop: setup .venv-interop/.installed tests/interop/node_modules/.installed ## Clients and validators that others wrote, against us (needs Node)
	rm -f .responses.ndjson
	MPI_TEST_RESPONSES=$(CURDIR)/.responses.ndjson $(PYTEST) -q -m "not long" tests/fhir
	MPI_TEST_RESPONSES=$(CURDIR)/.responses.ndjson $(PYTEST) -q tests/interop

check: setup ## Lint, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict mpi
	$(BIN)/lint-imports --no-logo

# The programs that ours is measured against need other versions of what we need.
$(PEERS)/.installed: benchmarks/peers/requirements.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench: setup $(PEERS)/.installed ## All benchmarks
	$(BIN)/python -m benchmarks

bench-accuracy: setup $(PEERS)/.installed ## How well duplicates are found, beside Splink and recordlinkage
	$(BIN)/python -m benchmarks accuracy --peers

bench-online: setup ## How fast single registrations and look-ups are answered
	$(BIN)/python -m benchmarks online

bench-batch: setup $(PEERS)/.installed ## How fast and how right files are deduplicated, beside Splink and recordlinkage
	$(BIN)/python -m benchmarks kernel
	$(BIN)/python -m benchmarks batch

clean: ## Remove the environment and what the tools left
	rm -rf $(VENV) $(PEERS) .venv-interop tests/interop/node_modules .responses.ndjson .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
