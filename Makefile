# Everything that a developer and CI do. Needs Python 3.11 or newer with its headers, git, make and a C compiler; `make test`
# also Java, Maven, Prometheus, Alertmanager, Chromium, Node.js and valgrind, which it installs where it may. Nothing is
# written outside the checkout but caches.

UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
RUN := .venv/bin
ARGS ?=

# The machine's own Python and certificates, the environment inside the checkout, whatever the caller's shell has set.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export UV_SYSTEM_CERTS := true
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint format kafka chaos bench bench-detection bench-concept bench-labels bench-budget lock

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  ARGS="…" is passed on, for example: make demo ARGS="--seed 7"'

setup: .venv/.synced ## Make the environment (.venv) from the lock file

demo: setup ## Show drifts being injected and detected, without Kafka
	$(RUN)/stream-monitor demo $(ARGS)

test: ## Check everything: system parts, lint, all tests with a real Kafka
	scripts/system-parts
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory lint
	$(RUN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup ## Check style, formatting, types and layers
	$(RUN)/ruff check
	$(RUN)/ruff format --check
	PATH=$(CURDIR)/$(RUN):$$PATH cython-lint stream_monitor
	$(RUN)/mypy
	$(RUN)/lint-imports

format: setup ## Format the code and fix what can be fixed
	$(RUN)/ruff format
	$(RUN)/ruff check --fix
	$(RUN)/ruff format

kafka: setup ## Run the tests' Kafka broker in the foreground (ARGS="--nodes 3 --port 9092")
	scripts/system-parts
	$(RUN)/python -m tests.kafka_broker $(ARGS)

chaos: setup ## Kill workers and brokers on a real Kafka and print the table of guarantees
	scripts/system-parts
	$(RUN)/python -m tests.chaos $(ARGS)

bench: setup ## Measure what an event costs, next to a floor and others (ARGS="--quick --only core,kafka --write")
	scripts/system-parts
	$(RUN)/python -m bench $(ARGS)

bench-detection: setup ## Measure false alarms and delays next to river and an oracle (ARGS="--quick --datasets DIR")
	$(RUN)/python -m bench.detection $(ARGS)

bench-concept: setup ## Replay public streams whose concept drifts (ARGS="--datasets DIR")
	$(RUN)/python -m bench.concept $(ARGS)

bench-labels: setup ## Measure a million predictions that wait for their label
	$(RUN)/python -m bench.join $(ARGS)

bench-budget: setup ## Count the instructions of the core's steps and hold them against their budget (ARGS=--write)
	scripts/system-parts
	$(RUN)/python -m bench.budget $(ARGS)

lock: $(UV) ## Renew the lock file within the bounds of pyproject.toml
	$(UV) lock --upgrade

.venv/.synced: pyproject.toml uv.lock scripts/compile_kernels.py $(shell find stream_monitor -name '*.px[yd]') | $(UV)
	@command -v cc >/dev/null || { echo 'A C compiler and the headers of Python are needed: apt-get install gcc libc6-dev python3-dev' >&2; exit 1; }
	$(UV) sync --locked --quiet
	$(RUN)/python scripts/compile_kernels.py
	@touch $@

.tools/bin/uv:
	python3 scripts/install_uv.py
