# The verbs of the house. `make demo` and `make test` are all that a newcomer needs; both set up what is missing.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
SAMAN := $(BIN)/saman
ARGS ?=
MINUTES ?= 60
SEED ?=

.PHONY: help setup demo test times fast faults chaos outages check format bench contracts lock clean

help: ## Show the verbs
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

setup: .venv/ready ## Make .venv with everything pinned by hash, and the web assets

.venv/ready: requirements-dev.lock pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Saman needs Python 3.11 or later, this is " + sys.version.split()[0] + "; set PYTHON=/path/to/python3.11")'
	@test -e $@ || rm -rf .venv  # what a setup that was interrupted left cannot be trusted
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what requirements-dev.lock names (about a minute the first time)"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --progress-bar on --require-hashes -r requirements-dev.lock \
	  || { echo "The packages could not be installed. Is the network reachable, and is it allowed to fetch from PyPI?" >&2; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --no-index -e .
	@$(BIN)/python -m deploy.assets
	@$(BIN)/python -m deploy.local.prepare
	@touch $@

demo: setup ## Run the whole system with the model programme; Ctrl-C stops it
	@$(SAMAN) demo $(ARGS)

# Three processes on two cores, because whole systems are started, struck and waited for. One at a time: make test ARGS="--numprocesses 0"
test: setup ## Run all checks and tests
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -q --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

times: setup ## Run all tests, and say where their time goes
	@$(BIN)/python -m pytest -q --numprocesses 3 --dist loadfile --no-loadscope-reorder -p tests.support.times $(ARGS)

# Neither plugins nor the shared fixtures are loaded, and properties get five examples instead of a hundred.
fast: setup ## Run the tests of the rules; a second or two, no servers
	@SAMAN_EXAMPLES=quick PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest --noconftest -p pytest_asyncio.plugin -q $$(find tests -path '*rules*' -name 'test_*.py') $(ARGS)

# Each deterministic fault fifty times, each poison a thousand: an hour or so.
faults: setup ## Prove delivery at length: every fault point 50 times, every poison 1,000 times
	@SAMAN_FAULTS=many $(BIN)/python -m pytest -q tests/faults $(ARGS)

check: setup ## Run format, lint, types, imports and house rules
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --check . ; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports > .import-check.txt 2>&1 || { cat .import-check.txt; exit 1; }
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/test_house.py > .house-check.txt 2>&1 || { cat .house-check.txt; exit 1; }

format: setup ## Put code into the house's form
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

bench: setup ## Measure speed on this machine; results go to docs/performance.md
	@$(BIN)/python -m tests.speed.run $(ARGS)

chaos: setup ## Random faults for MINUTES=60 with SEED=n; results go to var/chaos
	@$(BIN)/python -m tests.faults.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(ARGS)

# ARGS="--only backlog --figures 200000" runs one of them, or shorter; ARGS="--only soak --hours 8" watches what grows.
outages: setup ## 20 rolling restarts, 15 minutes without Kafka, a backlog of a million figures; results go to var/outages
	@$(BIN)/python -m tests.faults.outages $(ARGS)

contracts: setup ## Write docs/contracts anew from the code
	@$(BIN)/python -m deploy.contracts

lock: ## Write the lock files anew (needs uv)
	@for name in requirements requirements-dev; do \
	  UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-config --no-emit-index-url --no-emit-find-links --upgrade -o $$name.lock $$name.in; done

clean: ## Remove the environment and what was built
	@rm -rf .venv node_modules shared/web/static/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
