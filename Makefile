# One line of help each: make help
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ORACLES ?= .venv-oracles
AUDIT ?= .venv-audit

# Telemetry off before anything is imported.
export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false

.PHONY: help install demo test check lint types walls units sql docs ui prove-house prove-identity prove-margin prove-delivery prove-consent prove-marketing oracles audit bench bench-margin bench-attribution clean
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(STAMP) ## virtual environment with every pinned dependency

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tributary needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: export TRIBUTARY_HOME ?= var/demo
demo: install ## the main job end to end on a simulated brand, delivered to loopback sandboxes
	$(BIN)/tributary demo

test: check ## everything: lint, types, units, walls, whole stories, quick faults and proofs
	$(BIN)/python -m pytest -n 2 --dist loadfile tests --ignore=tests/unit --ignore=tests/architecture
	QUICK=1 $(BIN)/python -m tests.proof.house
	QUICK=1 $(BIN)/python -m tests.proof.identity
	QUICK=1 $(BIN)/python -m tests.proof.margin
	QUICK=1 $(BIN)/python -m tests.proof.delivery
	QUICK=1 $(BIN)/python -m tests.proof.consent
	QUICK=1 $(BIN)/python -m tests.proof.marketing

check: lint types units ## lint, types, units and walls in under two minutes

lint: install ## ruff over Python, import walls
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: install ## mypy, strict
	$(BIN)/mypy

units: install ## unit tests and the walls
	$(BIN)/python -m pytest -n 2 tests/unit tests/architecture

sql: install ## sqlfluff with the dbt templater
	mkdir -p var
	$(BIN)/sqlfluff lint --processes 2

docs: install ## dbt docs into target/
	$(BIN)/dbt docs generate

ui: install ## Dagster on loopback: http://127.0.0.1:3000
	$(BIN)/tributary ui

bench: install ## connected components beside union-find and Splink (SIZE=10M), then margin, then attribution
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.margin
	$(BIN)/python -m tests.bench.attribution

bench-margin: install ## margin beside a scan and a plain sum, into docs/benchmarks.md (ORDERS=1M,5M)
	$(BIN)/python -m tests.bench.margin

bench-attribution: install ## sessions, credits and one more day beside a scan, into docs/benchmarks.md (EVENTS=10M)
	$(BIN)/python -m tests.bench.attribution

prove-house: install ## every claim of the house with its figure, into docs/proof/house.md
	$(BIN)/python -m tests.proof.house

prove-identity: install ## every claim of identity with its figure, into docs/proof/identity.md
	$(BIN)/python -m tests.proof.identity

prove-margin: install ## every claim of margin with its figure, into docs/proof/margin.md
	$(BIN)/python -m tests.proof.margin

prove-delivery: install ## every claim of delivery with its figure, into docs/proof/delivery.md
	$(BIN)/python -m tests.proof.delivery

prove-consent: install ## every claim of consent with its figure, into docs/proof/consent.md
	$(BIN)/python -m tests.proof.consent

prove-marketing: install ## every claim of marketing with its figure, into docs/proof/marketing.md
	$(BIN)/python -m tests.proof.marketing

oracles: ## our payloads, hashes and credits against vendors' and public packages, in an environment of their own
	$(PYTHON) -m venv $(ORACLES)
	$(ORACLES)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,oracles]'
	$(ORACLES)/bin/python -m pytest tests/contracts/oracles

audit: ## known weaknesses of every pinned package, and var/sbom.cdx.json; says NOT CHECKED without a feed
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --constraint constraints.txt pip-audit
	$(AUDIT)/bin/python -m tests.audit

clean: ## remove what builds and runs left behind, the virtual environment included
	rm -rf $(VENV) $(ORACLES) $(AUDIT) var target logs build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis
