# `make run` starts Loctelli, `make test` tests it; both do all they need on a bare machine with Python 3.11.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.PHONY: run test check bench pictures clean
.DEFAULT_GOAL := run

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && exit; done; echo python3)
PIP := .venv/bin/python -m pip --disable-pip-version-check --quiet
TESTS ?=
LEADS ?= 1000000

run: .venv/runtime .env ## Install what is missing, then start everything.
	@exec .venv/bin/python manage.py start

test: .venv/development .env ## All checks and all tests.
	@bash .ci/chromium
	@$(MAKE) check
	@echo "Tests"
	@.venv/bin/python -m pytest -n 2 $(TESTS)

check: .venv/development .env ## Style, layers, types, migrations, isolation, API description.
	@echo "Style"
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet || { echo "Run .venv/bin/ruff format"; exit 1; }
	@echo "Layers"
	@.venv/bin/lint-imports >var/lint-imports.log || { cat var/lint-imports.log; exit 1; }
	@echo "Types"
	@.venv/bin/mypy --no-error-summary
	@echo "System, migrations, isolation, API description"
	@.venv/bin/python manage.py migrate --verbosity 0
	@.venv/bin/python manage.py check --database default --fail-level WARNING --verbosity 0
	@.venv/bin/python manage.py makemigrations --check --dry-run
	@.venv/bin/python manage.py check_isolation
	@.venv/bin/python manage.py spectacular --fail-on-warn --validate --file var/openapi.yaml

bench: .venv/development .env ## Measure the API at a million leads; see benchmarks/README.md.
	@bash .ci/wrk
	@.venv/bin/python -m benchmarks --leads $(LEADS)

pictures: .venv/development .env ## Do each job in the console in a browser, and take the README's pictures on the way.
	@CI=1 bash .ci/chromium
	@CONSOLE_PICTURES=docs .venv/bin/python -m pytest loctelli/tests/console_jobs -k desk

clean: ## Remove what was built; the data in var/postgres stays.
	@rm -rf .venv staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.env: .venv/runtime .env.example
	@.venv/bin/python -m loctelli.environment
	@touch .env

# A stamp a set of requirements: while they stay as they are, nothing is installed.
.venv/runtime: requirements.txt requirements-postgres.txt constraints.txt
	@$(MAKE) .venv/bin/python
	@echo "Installing the runtime (once, about half a minute)"
	@$(PIP) install -r requirements.txt -c constraints.txt || { echo "pip failed: is the package index reachable?"; exit 1; }
	@touch $@

.venv/development: requirements-dev.txt requirements-geoip.txt .venv/runtime
	@mkdir -p var
	@echo "Installing what the tests need (once)"
	@$(PIP) install -r requirements-dev.txt -c constraints.txt || { echo "pip failed: is the package index reachable?"; exit 1; }
	@touch $@

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Loctelli needs Python 3.11 or later: install it, or name it with \`make run PYTHON=/path/to/python3\`."; exit 1; }
	@echo "Creating .venv with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv .venv || { \
	    echo "Python's venv module is missing: on Debian and Ubuntu, apt-get install python3-venv."; rm -rf .venv; exit 1; }
