# `make run` and `make test` are the two commands of README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: run demo test test-real test-faults mutants simulate bench lint docs lock clean

$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

run: $(STAMP)  ## Start everything, play the scenario, stay up; data survive in .data/
	@$(BIN)/python -m deploy.demo run

demo: $(STAMP)  ## The same on fresh data, then exit: 0 only if all is as it must be
	@$(BIN)/python -m deploy.demo once

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

test: lint  ## Lint, types, layers and every test that runs on the embedded stack
	$(BIN)/python -m pytest -m "not real and not faults" --cov --cov-report=term:skip-covered
	$(BIN)/coverage report --include='services/*/domain/*' --fail-under=100

test-real: $(STAMP)  ## The store, integration and end-to-end suites and the scenario on Kafka, FerretDB and MinIO
	$(BIN)/python -m pytest -m real tests
	@$(BIN)/python -m deploy.demo once --stack real

test-faults: $(STAMP)  ## Break the real stack one fault at a time, with landlords depositing; ends with a table of recovery times
	$(BIN)/python -m pytest -m faults tests/faults

mutants: $(STAMP)  ## Take the guards away one at a time: some test must go red for each
	$(BIN)/python -m tests.mutants

SEEDS ?= 200
simulate: $(STAMP)  ## Play SEEDS seeds of the simulation; prints the shortest history of one that fails
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

bench: $(STAMP)  ## Measure on Kafka, FerretDB and PostgreSQL and draw docs/bench.md (BENCH="--rounds 3 …" for less)
	@$(BIN)/python -m tests.bench $(BENCH)

docs: $(STAMP)  ## Draw the generated tables and schemas again
	$(BIN)/python -m deploy.docs

lock:
	for kind in "" "-dev"; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-strip-extras --no-annotate --no-header requirements$$kind.in -o requirements$$kind.txt; done

clean:
	rm -rf $(VENV) .data .pytest_cache .ruff_cache .hypothesis .coverage
