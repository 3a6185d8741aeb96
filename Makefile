# make help lists the targets. A bare machine needs python3.11 (or newer) and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV   ?= .venv
TOOLS  := .tools
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help install demo test check docs bench stress emulators format clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## make .venv with the package (editable), its extras and the dev tools

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[all,dev,bench]'
	@touch $@

demo: $(STAMP) ## build, branch, curate and train on a store of real data, offline, under 3 minutes
	$(BIN)/python examples/demo.py

test: $(STAMP) ## the quick suite: every room, README and docs included
	HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-ci} $(BIN)/python -m pytest -n $(JOBS) -m "not slow and not emulator"

check: $(STAMP) ## what must hold before a commit: style, types, rooms, tidiness, executed docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/test_tidy.py tests/test_cold_start.py tests/docs

format: $(STAMP) ## apply the formatter and the safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measure the figures, write benchmarks/results/
	$(BIN)/python benchmarks/run.py store
	$(BIN)/python benchmarks/run.py git
	$(BIN)/python benchmarks/run.py sql

stress: $(STAMP) emulators ## the slow suite: crashes, races, emulators; every property on 1,000 examples
	HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-nightly} PATH="$(CURDIR)/$(TOOLS)/node_modules/.bin:$$PATH" \
		$(BIN)/python -m pytest -n $(JOBS) -m "slow or emulator or hypothesis" --timeout 3600

emulators: $(TOOLS)/node_modules/.bin/azurite-blob

$(TOOLS)/node_modules/.bin/azurite-blob:
	npm install --silent --no-audit --no-fund --prefix $(TOOLS) azurite@3.37.0

clean: ## remove the environment, caches and builds
	rm -rf $(VENV) $(TOOLS) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis benchmarks/.cache
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
