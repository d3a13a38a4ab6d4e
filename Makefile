# motcua: `make demo` and `make test` are all a fresh machine with Python 3.11+ needs.
SHELL := /bin/bash
PYTHON ?= python3
SCENARIO ?= tra-vinh-2023-10
KEEP ?= 0
BENCH ?= nightly adapters
SEEDS ?= 1 2 3
UV_VERSION := 0.13.9

BIN := .venv/bin
INSTALLED := .venv/.installed

export UV_PYTHON_DOWNLOADS := never
export GX_ANALYTICS_ENABLED := false
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help setup demo test seeds reliability mutation lint format docs bench topology lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(INSTALLED) ## Create .venv from requirements.lock (hash-checked)

.tools/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "motcua needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The interpreter is named by path: a pyenv shim on PATH may stand for a Python that is not there.
$(INSTALLED): requirements.lock pyproject.toml | .tools/bin/uv
	@.tools/bin/uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv
	@echo "Installing the locked packages into .venv ..."
	@.tools/bin/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@.tools/bin/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## Run a province-month end to end (SCENARIO=..., KEEP=1 leaves the services running)
	@$(BIN)/motcua demo --scenario $(SCENARIO) $(if $(filter 1,$(KEEP)),--keep)

test: $(INSTALLED) ## Run the tests, the end-to-end run on a real scheduler included
	@$(BIN)/python -m pytest --ignore=tests/reliability --numprocesses 2 $(ARGS)

seeds: $(INSTALLED) ## Run the tests in three other orders (SEEDS="1 2 3")
	@for seed in $(SEEDS); do $(MAKE) --no-print-directory test ARGS="-q --randomly-seed=$$seed $(ARGS)" || exit 1; done

reliability: $(INSTALLED) ## Run every adapter through every fault and two rough nights (minutes)
	@$(BIN)/python -m pytest tests/reliability $(ARGS)

mutation: $(INSTALLED) ## Put small faults into the code and tell which no test notices (what changed since; ALL=1 everything, ONLY="days/ ledger/")
	@nice -n 15 $(BIN)/python -m tests.mutation $(ONLY) $(if $(ALL),--all)

lint: $(INSTALLED) ## ruff, mypy --strict on src/, sqlfluff, the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar include/sql
	@$(BIN)/lint-imports --no-logo --no-cache

format: $(INSTALLED) ## Rewrite code and SQL in the house format
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --quiet --disable-progress-bar include/sql

docs: $(INSTALLED) ## Regenerate docs/reference/ from the code
	@$(BIN)/python -m motcua.reference_docs

bench: $(INSTALLED) ## Measure a night by stage, then every adapter beside dlt (BENCH=nightly or adapters: only that)
	@for one in $(BENCH); do case $$one in \
		nightly) $(BIN)/python bench/nightly.py --scenario $(SCENARIO) ;; \
		*) $(BIN)/python bench/$$one.py ;; \
	esac || exit 1; done

bench-outage: $(INSTALLED) ## Measure what sources that are down, and a rough night, cost the others (ARGS=...)
	@$(BIN)/python bench/outage.py $(ARGS)

topology: $(INSTALLED) ## Run the processes of docker-compose.yaml on this machine (needs redis-server)
	@$(BIN)/python bench/topology.py --scenario $(SCENARIO)

lock: | .tools/bin/uv ## Resolve pyproject.toml into requirements.lock
	@.tools/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --group dev --extra celery \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean: ## Remove what runs and set-up leave behind
	@rm -rf .venv .tools .motcua .mypy_cache .pytest_cache .ruff_cache
