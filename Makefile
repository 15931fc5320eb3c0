# Entry points. Each sets up what it needs; a second run takes seconds.
.POSIX:
.DEFAULT_GOAL := help
.PHONY: help venv demo demo-kubernetes check format lint types layers unit test test-full conformance mutation bench bench-kubernetes bench-runtime engines engines-down cluster cluster-down
SHELL = /bin/sh

VENV = .venv/bin
TYPED = scripts bench docs tests/conftest.py tests/outside.py tests/api.py tests/faults tests/docs tests/integration/conftest.py \
	tests/integration/must_hold tests/integration/cli tests/integration/workspace tests/integration/examples tests/integration/runtime tests/integration/templates tests/cluster
PYTEST = $(VENV)/pytest -q --import-mode=importlib

help:
	@echo 'make demo          a workspace from examples/hello, installing what is missing'
	@echo 'make demo-kubernetes  the same in a cluster: KUBECONFIG names one, else make cluster makes it'
	@echo 'make check         format, lint, types, layers, unit tests (no engine; under a minute)'
	@echo 'make test          the whole suite on real engines and a real registry'
	@echo 'make test-full     also what is too long for CI; writes docs/test-full.md'
	@echo 'make conformance   the cases of the specification on every engine; writes docs/conformance.md'
	@echo 'make mutation      small changes of the specification'"'"'s code: do the tests notice? (long)'
	@echo 'make bench         compare with the reference CLI; writes docs/benchmarks.md'
	@echo 'make bench-kubernetes  compare with kubectl on a cluster; writes docs/benchmarks.md too'
	@echo 'make bench-runtime size and start-up of what is put into images; writes docs/benchmarks.md too'
	@echo 'make cluster       make and start a Kubernetes cluster, and say how to reach it (make cluster-down ends it)'
	@echo 'make engines       make and start the engines of the tests (make engines-down ends them)'

venv:
	@sh scripts/bootstrap.sh

demo: venv
	@$(VENV)/python -m scripts.demo

demo-kubernetes: venv
	@$(VENV)/python -m scripts.demo_kubernetes

check: format lint types layers unit

format: venv
	$(VENV)/ruff format --check --quiet

lint: venv
	$(VENV)/ruff check --output-format concise

types: venv
	$(VENV)/mypy
	$(VENV)/mypy --explicit-package-bases $(TYPED)

layers: venv
	$(VENV)/lint-imports

unit: venv
	$(PYTEST) -n 2 tests/unit tests/docs/test_reference.py

engines: venv
	@$(VENV)/python -m scripts.engines up all
	@$(VENV)/python -m scripts.engines env

engines-down:
	@python3 -m scripts.engines down

cluster: venv
	@$(VENV)/python -m scripts.cluster up
	@$(VENV)/python -m scripts.cluster env

cluster-down:
	@python3 -m scripts.cluster down

test: venv
	$(VENV)/python -m scripts.suite

test-full: venv
	$(VENV)/python -m scripts.suite --full --report docs/test-full.md

conformance: venv
	$(VENV)/python -m tests.conformance --full

mutation: venv
	$(VENV)/python -m tests.conformance.mutation
	$(VENV)/python -m tests.conformance --table

bench: venv
	$(VENV)/python -m bench
	$(VENV)/python -m bench.layers

bench-kubernetes: venv
	$(VENV)/python -m bench.kubernetes

bench-runtime: venv
	$(VENV)/python -m bench.runtime
