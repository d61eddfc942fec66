# `make` lists the targets. Everything runs in .venv, which is built when it is missing or its lock has changed.

BUS ?= memory
WORKERS ?= 3
SEEDS ?= 10000
ARGS ?=
MINUTES ?= 10

BIN := .venv/bin
PY := $(BIN)/python
INSTALLED := .venv/.installed
SERVICES := $(PY) -m tests.services run
PYTEST := $(PY) -m pytest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help install demo test check static coverage storm crash-points chaos bench format lock clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Build .venv from the lock and install the project into it (PYTHON=... names the interpreter).

$(INSTALLED): requirements-dev.txt pyproject.toml tools/install.sh
	@PYTHON="$(PYTHON)" tools/install.sh
	@touch $@

demo: $(INSTALLED) ## Show it at work without any set-up (BUS=memory, or BUS=rabbitmq with a private or named broker).
ifeq ($(BUS),rabbitmq)
	@$(SERVICES) --only rabbitmq -- sh -c \
		'ORCHESTRATOR__BUS__URL="$$ORCHESTRATOR_TEST_AMQP_URL" exec $(BIN)/orchestrator demo --bus rabbitmq'
else
	@$(BIN)/orchestrator demo --bus $(BUS)
endif

test: $(INSTALLED) ## Run all tests, with real RabbitMQ, PostgreSQL and browser (ARGS="-k words" is handed to pytest).
	$(SERVICES) -- $(PYTEST) -n $(WORKERS) --dist loadgroup $(ARGS)

check: static test ## Run what CI runs: linters, types, import rules, generated pages, then all tests.

static: $(INSTALLED) ## Run the checks that start nothing: linters, types, import rules, generated pages.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry orchestrator
	$(PY) -m tools.reference --check

coverage: $(INSTALLED) ## Measure the unit tests' branch coverage; domain and engine must have all of it.
	$(PYTEST) tests/unit -n $(WORKERS) --cov --cov-report=
	$(BIN)/coverage report
	$(BIN)/coverage report --include='orchestrator/domain/*,orchestrator/engine/*' --fail-under=100

storm: $(INSTALLED) ## Run the whole daemon through seeded storms of faults (SEEDS=10000; ARGS="--replay N" shows one).
	$(PY) -m tests.storm --seeds $(SEEDS) $(ARGS)

crash-points: $(INSTALLED) ## Kill the daemon at every passing of every crash point (long; ARGS="--passings 2 --only restart").
	$(SERVICES) --only rabbitmq -- $(PY) -m tests.crashes $(ARGS)

bench: $(INSTALLED) ## Measure throughput and latency, with real RabbitMQ and a PostgreSQL that flushes to disk.
	$(SERVICES) --durable -- $(PY) -m tests.benchmarks $(ARGS)

chaos: $(INSTALLED) ## Break daemons, nodes, broker and database for MINUTES (10) under load, then audit everything (ARGS="--seed 7").
	$(PY) -m tests.chaos --minutes $(MINUTES) $(ARGS)

format: $(INSTALLED) ## Rewrite the code in the house format and fix what ruff can fix.
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: $(INSTALLED) ## Write requirements-dev.txt anew from pyproject.toml, keeping versions where it can (ARGS=--upgrade).
	@test -x $(BIN)/uv || $(PY) -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --quiet $(ARGS) -o requirements-dev.txt

clean: ## Remove .venv, caches, reports and build products.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
