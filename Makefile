# Every target sets up what it needs, given python3 (3.10 or newer) and make.
PYTHON ?= python3
PY := .venv/bin/python
UV := .venv/bin/uv
MEMBERS := $(wildcard integrations/*/pyproject.toml)
# A developer's own account must never be billed by a test or a demo.
unexport KEITO_API_KEY KEITO_ACCOUNT_ID KEITO_BASE_URL KEITO_MODE KEITO_OUTBOX \
         KEITO_PROJECT_ID KEITO_TASK_ID KEITO_TIMEZONE KEITO_RECEIPTS PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help demo test chaos losses check fix cassettes spec bench docs framework wheels

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: pyproject.toml $(MEMBERS)
	@echo "Setting up .venv, once"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "keito needs Python 3.10 or newer; choose one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { echo "Python has no venv here; on Debian: apt install python3-venv"; exit 1; }
	@.venv/bin/pip install --quiet --disable-pip-version-check uv
	@$(UV) pip install --quiet --python .venv --group dev -e . $(foreach m,$(MEMBERS),-e $(dir $(m)))
	@touch $@

test: .venv/ready ## Run the tests
	$(PY) -m pytest -q -n 2 --dist worksteal

chaos: .venv/ready ## Kill processes at every step, compare the books: make chaos SEED=7
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED))

losses: .venv/ready ## Measure what is lost and doubled in each failure, as in docs/delivery.md
	@$(PY) -m tests.chaos.single_faults
	@$(PY) -m tests.chaos.scenarios

check: .venv/ready ## Lint, format and type checks, and that the generated half is fresh
	$(PY) -m tests.unasync --check
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(PY) -m pyright --warnings

fix: .venv/ready ## Generate the sync half, sort imports, format
	$(PY) -m tests.unasync
	$(PY) -m ruff check --fix --quiet
	$(PY) -m ruff format --quiet

cassettes: .venv/ready ## Record every operation of both clients against the local Keito again
	rm -rf tests/client/*/cassettes
	KEITO_RECORD=1 $(PY) -m pytest -q tests/client/_async/test_operations.py tests/client/_sync/test_operations.py

spec: .venv/ready ## Read the API's description again: make spec SPEC=path-or-url
	@$(PY) -m tests.spec $(SPEC)

bench: .venv/ready ## Measure what it costs, beside others, and write docs/benchmarks.md
	@$(PY) -m tests.bench --page docs/benchmarks.md

.venv/docs-ready: .venv/ready
	@$(UV) pip install --quiet --python .venv --group docs
	@touch $@

docs: .venv/docs-ready ## Build the documentation into site/; a broken link fails
	@$(PY) -m properdocs build --strict --config-file mkdocs.yml
	@$(PY) -m tests.docs.site site

demo: .venv/ready ## Two agents, billed to a local Keito (FAST=1: no model, MODEL=openai: the real API)
	@$(PY) -m examples.demo $(if $(FAST),--fast) $(if $(MODEL),--model $(MODEL))

framework: .venv/ready ## An adapter's tests: make framework NAME=langchain VERSIONS=lowest
	@$(PY) -m tests.ci.frameworks $(NAME) $(VERSIONS)

wheels: .venv/ready ## Build the wheels, look into them, and run the demo on them
	@$(PY) -m tests.ci.wheels
