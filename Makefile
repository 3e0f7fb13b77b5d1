# Everything runs in an environment of its own, made from the lock file on first use.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= comparison
BENCH ?= all
READER ?=
SECONDS ?= 60
STAMP := $(VENV)/.installed

.PHONY: help venv compare test test-peers fuzz lint docs bench bench-peers results lock clean

help:
	@echo "make compare   compare all learners on digits (about a minute) and write a page"
	@echo "make test      run all tests"
	@echo "make test-peers   compare with other people's code, in environments of its own"
	@echo "make fuzz      feed all readers with damaged files; READER=name for one, SECONDS=60 for each"
	@echo "make lint      check style, types and the direction of imports"
	@echo "make docs      build the documentation; warnings are errors"
	@echo "make bench     measure speed; BENCH=name for one"
	@echo "make bench-peers   make the environments of the libraries it is measured against"
	@echo "make results   write docs/results.md and docs/performance.md from the records in results/"
	@echo "make venv      make the environment only"

venv: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

compare: $(STAMP)
	$(BIN)/spikewright compare --data digits --seeds 3 --out $(OUT)

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2

test-peers: $(STAMP)
	$(BIN)/python -m benchmarks.make_environments torch nir xylosim lava
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/peers -m peers

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP)
	$(BIN)/python docs/make_pages.py
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run $(BENCH)

fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3"
	$(BIN)/python -m fuzz.run --seconds $(SECONDS) $(READER)

bench-peers: $(STAMP)
	$(BIN)/python -m benchmarks.make_environments

results: $(STAMP)
	$(BIN)/python docs/make_results.py
	$(BIN)/python docs/make_performance.py

lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet torch==2.13.0
	build/lock/bin/python -m pip install --quiet --editable ".[test,lint,docs]"
	build/lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu//; s/ @ file.*torch-\([0-9.]*\).*/==\1/' > requirements.lock

clean:
	rm -rf $(VENV) build docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
