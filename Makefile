# Two commands matter: `make demo` and `make test`. Each makes what it needs, from Python 3.11 and pip alone.
#
#   make demo     programs against NumPy (and Numba, NumExpr where they install), with one explanation
#   make test     the whole suite on Python 3.11, then a selection on the newest CPython found
#   make check    formatting, lint, types
#   make examples every example, and the package of rules among them: installed, tested and measured
#   make bench    every figure that the documentation quotes (CASES="loops bounds first-calls damped" for some of them)
#   make docs     writes docs/support.md and docs/rulebook.md anew from the tables
#   make clean    removes the virtual environments

PYTHON ?= python3.11
JOBS ?= 2
CASES ?=
BIN := .venv/bin
# Where the example package is installed: in .venv its rules would be those of every function that the tests compile.
PACKAGES := .venv/packages
# What differs between versions of CPython: the borrowed C structures, the entry points, the source reader.
NEWEST_SELECTION := tests/house tests/runtime tests/frontend tests/end_to_end

# A BLAS that spins on idle threads disturbs every measurement on a busy machine.
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-oldest test-newest check examples bench docs clean

demo: .venv/peers
	$(BIN)/python examples/demo.py

test: test-oldest test-newest

test-oldest: .venv/ready
	$(BIN)/python -m pytest -n $(JOBS)

test-newest: .venv-newest/ready
	@if [ -x .venv-newest/bin/python ]; then \
		set -x; .venv-newest/bin/python -m pytest -n $(JOBS) --hypothesis-profile=quick $(wildcard $(NEWEST_SELECTION)); \
	else echo "no CPython newer than 3.11 here on which the dependencies install: tested on 3.11 alone"; fi

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

examples: .venv/ready
	set -e; for example in $(filter-out examples/demo.py,$(wildcard examples/*.py)); do echo "== $$example"; $(BIN)/python $$example; done
	rm -rf $(PACKAGES)
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation --target $(PACKAGES) examples/signal_rules
	PYTHONPATH=$(PACKAGES) $(BIN)/pytest examples/signal_rules
	PYTHONPATH=$(PACKAGES) $(BIN)/python -P examples/signal_rules/measure.py

bench: .venv/peers .venv/jax
	$(BIN)/python -m bench.run $(CASES)

docs: .venv/ready
	$(BIN)/python docs/build.py

clean:
	rm -rf .venv .venv-newest

# The stamps make a second run start at once; they age with pyproject.toml.
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -m pip install -q -e . --group dev
	touch $@

# Numba (with the SciPy that its matrix products need), NumExpr and JAX are for comparison only: without them the demo
# and the benchmarks leave their columns out. JAX is large, and for the benchmarks alone.
.venv/peers: .venv/ready
	$(BIN)/python -m pip install -q --group bench || echo "Numba and NumExpr do not install here: left out"
	touch $@

.venv/jax: .venv/ready
	$(BIN)/python -m pip install -q --group jax || echo "JAX does not install here: left out"
	touch $@

.venv-newest/ready: pyproject.toml .ci/newest-venv
	.ci/newest-venv .venv-newest
	touch $@
