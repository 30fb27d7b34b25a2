# Everything happens in this folder: the environment is .venv, runs go to runs/.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
LOCK := requirements-locked.txt

# a peer of the benchmarks; where a plain install brings a CUDA build, TORCH= takes another
TORCH ?= torch==2.13.0

OLDEST := .cache/scikit-learn-oldest
OF_SCIKIT_LEARN := tests/test_from_scikit_learn.py $(addprefix tests/models/test_,port.py \
	tabular_port.py scikit_learns_checks.py features.py fits_together.py mlp.py)

.PHONY: demo test test-docs test-all test-scikit-learn test-oldest test-ci zoo check format bench docs lock audit clean

export CHAINRULE_CACHE ?= $(CURDIR)/.cache/compiled
export NO_MKDOCS_2_WARNING = 1
export MPLCONFIGDIR ?= $(CURDIR)/.cache/matplotlib

demo: .venv/.runs           ## the main job: the tutorials' iris network, then a fit of today
	$(BIN)/chainrule demo iris
	$(BIN)/chainrule fit iris --target species

test: .venv/.develops       ## the tests, without the long ones
	$(BIN)/python -m pytest -q -n auto --dist worksteal --durations=40 \
		-m "not slow and not docs and not scikit_learn"

test-docs: .venv/.develops  ## README, docs, recipes and demos as their readers follow them
	$(BIN)/python -m pytest -q -n auto --dist worksteal --durations=10 -m "docs and not slow"

test-all: .venv/.develops   ## all tests, with coverage
	XLA_FLAGS= $(BIN)/python -m pytest -q -n auto --cov --cov-report=term-missing:skip-covered --cov-fail-under=90

test-scikit-learn: .venv/.develops test-oldest  ## what its users rely on, newest and oldest
	$(BIN)/python -m pytest -q -n auto -m "scikit_learn and not slow"

test-oldest: .venv/.develops $(OLDEST)/.installed
	PYTHONPATH=$(OLDEST) $(BIN)/python -m pytest -q -n auto -m "not slow" \
		-W "ignore::pytest.PytestRemovedIn10Warning" $(OF_SCIKIT_LEARN)

test-ci: .venv/.develops test-oldest  ## test, test-docs and test-scikit-learn, in one go
	$(BIN)/python -m pytest -q -n auto --dist worksteal --durations=40 -m "not slow"

check: .venv/.develops      ## format, lint, types, import contracts, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --quiet

zoo: .venv/.develops        ## fit the small models anew that tests load
	$(BIN)/python tests/zoo.py

format: .venv/.develops     ## put the code into the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.benches       ## speed beside scikit-learn, PyTorch, optax and NumPy; about ten minutes
	$(BIN)/python benchmarks/bench_speed.py
	$(BIN)/python -m pytest benchmarks/bench_six_steps.py -q --benchmark-only \
		--benchmark-columns=median,min,rounds --benchmark-sort=name

docs: .venv/.develops       ## the documentation, at http://127.0.0.1:8000
	$(BIN)/mkdocs serve

lock: .venv/.develops       ## renew the locked versions
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --upgrade \
		--quiet --no-emit-index-url --no-header --output-file $(LOCK)

audit: .venv/.develops     ## known vulnerabilities of the locked versions; needs the network
	$(BIN)/uv tool run pip-audit --requirement $(LOCK) --no-deps --disable-pip

clean:
	rm -rf .venv build dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(OLDEST)/.installed: .venv/.develops pyproject.toml
	rm -rf $(OLDEST)
	$(INSTALL) --no-deps --target $(OLDEST) \
		"scikit-learn==$$(sed -n 's/.*"scikit-learn>=\([0-9.]*\)".*/\1/p' pyproject.toml)"
	touch $@

.venv/bin/uv:               # installs in a tenth of the time that pip takes
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/.runs: .venv/bin/uv pyproject.toml $(LOCK)
	$(INSTALL) --constraint $(LOCK) --editable ".[report]"
	touch $@

.venv/.benches: .venv/.develops
	$(INSTALL) "$(TORCH)"
	touch $@

.venv/.develops: .venv/.runs $(LOCK)
	$(INSTALL) --requirement $(LOCK)
	touch $@
