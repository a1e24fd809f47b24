# Each target works as the first command on a machine that has only Python 3.10-3.12, make and git.
VENV := .venv
BIN := $(VENV)/bin
# The newest Python that the platform supports, unless PYTHON says which.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.10 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; done)
UV := $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/python -m pip install --disable-pip-version-check)
export DAGSTER_HOME ?= $(CURDIR)/.dagster
BY_FILE := --dist loadfile --no-loadscope-reorder
FIRST := 2026-01-01
LAST := 2026-01-07

.PHONY: help setup demo ui test lint bench readme lock clean
help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: $(VENV)/.ready ## create .venv from the lock file

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.10, 3.11 or 3.12 is needed, and none is on the PATH. Install one, or run: make PYTHON=/path/to/python"; exit 1; }
	@echo "Creating $(VENV) (once; a minute or two)"
	@$(if $(UV),$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))
	@$(INSTALL) --quiet -r requirements.lock
	@$(INSTALL) --quiet --no-deps -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@$(INSTALL) --quiet -r requirements-dev.lock
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: deploy/local/dagster.yaml
	@mkdir -p $(DAGSTER_HOME) && { test -L $@ || cp $< $@; } # a link leads to the instance file of another site

demo: $(VENV)/.ready $(DAGSTER_HOME)/dagster.yaml ## build every table from the sample files, and show what came out
	@$(BIN)/python -W ignore -m dagster asset materialize -m platform_assets.definitions --select '*' \
		--partition-range $(FIRST)...$(LAST)
	@$(BIN)/platform-assets summary
	@echo && $(BIN)/platform-assets plan
	@echo && echo "Activate the environment for these: . $(BIN)/activate; export DAGSTER_HOME=$(DAGSTER_HOME)"

ui: $(VENV)/.ready $(DAGSTER_HOME)/dagster.yaml ## the Dagster UI on http://localhost:3000
	@$(BIN)/dagster dev -w workspace.yaml

test: $(VENV)/.ready-dev ## everything that can be tested on this machine
	@said=$$(mktemp); $(BIN)/python -m pytest --engine=spark >$$said 2>&1 & spark=$$!; \
		$(BIN)/python -m pytest $(BY_FILE) -n 3; by_sail=$$?; wait $$spark; by_spark=$$?; \
		echo "With Apache Spark, at the same time:"; cat $$said; rm $$said; exit $$((by_sail || by_spark))

lint: $(VENV)/.ready-dev ## format, lint and types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

bench: $(VENV)/.ready-dev ## measure against hand-written scripts
	@$(BIN)/python -m platform_assets_tests.benchmarks $(ARGS)

readme: $(VENV)/.ready-dev ## write the generated parts of the README anew: the graph, the settings
	@$(BIN)/python -W ignore -m platform_assets.docs.readme README.md

lock: ## resolve the lock files again (needs uv)
	uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean: ## remove the tables, exports and run history of the demo (not the environment)
	@rm -rf data/lake data/exports .dagster
