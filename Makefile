# make run, make test: everything from a fresh clone. Repeated, they install nothing again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PAGE := onion_report
# Two processes, each with half of the tests; one that is done takes over a part of the other's.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist worksteal
# Just what is pinned: pip would resolve it anew, look at newer versions, and stop, since these have
# no hashes. That nothing is missing is seen when the pins are made (check-lock).
INSTALL := pip install --disable-pip-version-check --no-deps --require-hashes --quiet
# of make bench: all benchmarks unless some are named; DATA and DIGITS have no defaults
ROUNDS ?= 5

.PHONY: help run test test-fast coverage simulate lint page viz ui lock check-lock sbom bench bench-short clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 8

run: $(VENV)/run.stamp  ## Train, test and register a network on the sample
	@$(BIN)/kedro run

test: $(VENV)/dev.stamp  ## Lint, type-check and run all tests
	@$(MAKE) --no-print-directory lint
	@$(PYTEST)

test-fast: $(VENV)/dev.stamp  ## Run the tests that are not marked as slow, and no lint: before each commit
	@$(PYTEST) -m "not slow"

coverage: $(VENV)/dev.stamp  ## Run all tests, and list the lines that none of them runs
	@$(PYTEST) --cov=onion_pipeline --cov-report=term-missing:skip-covered

simulate: $(VENV)/dev.stamp  ## Try intervals and tests on predictions whose truth is known: minutes
	@PYTHONPATH=src $(BIN)/python -m tests.simulation

lint: $(VENV)/dev.stamp  ## Check style, types and import contracts
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && PYTHONPATH=src $(BIN)/lint-imports

page:  ## Build the script of the onion report from its sources; needs Node 20
	@npm ci --ignore-scripts --silent --prefix $(PAGE) && npm run build --silent --prefix $(PAGE)

viz: $(VENV)/run.stamp  ## Open the pipeline in Kedro-Viz
	@$(BIN)/kedro viz run

# Two processes instead of fifteen: MLflow's job runners serve features not used here.
ui: $(VENV)/run.stamp  ## Open runs, figures and models in MLflow, http://127.0.0.1:5000
	@echo "Runs: http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=comparison"
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true $(BIN)/mlflow ui --host 127.0.0.1 --workers 1 \
		--backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}

lock: $(VENV)/dev.stamp  ## Pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --extra cpu --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra cpu --group dev --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet \
		--constraint requirements.txt --output-file requirements-dev.txt
	$(MAKE) --no-print-directory check-lock

# With the pip that each Python brings, which may be years old, and with the newest.
check-lock:  ## Install what is pinned into an empty environment, for each Python that is at hand
	@set -e; for version in 3.11 3.12 3.13; do \
		python$$version -c '' 2>/dev/null || { echo "Python $$version: not here"; continue; }; \
		for pip in its newest; do \
			folder=$$(mktemp -d); python$$version -m venv $$folder; \
			test $$pip = its || $$folder/bin/python -m pip install --quiet --upgrade pip; \
			for file in requirements.txt requirements-dev.txt; do \
				$$folder/bin/python -m $(INSTALL) -r $$file; \
				found=$$($$folder/bin/python -m pip check) || { echo "$$found"; exit 1; }; \
				echo "Python $$version, $$pip pip, $$file: $$found"; \
			done; \
			rm -rf $$folder; \
		done; \
	done

sbom: $(VENV)/dev.stamp  ## List all that is installed, as CycloneDX in sbom.json
	@$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file sbom.json requirements.txt

bench: $(VENV)/dev.stamp  ## Compare with other tools (downloads them), see benchmarks/README.md
	@$(BIN)/python -m benchmarks.compare $(BENCHMARKS) --data "$(DATA)" --digits "$(DIGITS)" --rounds $(ROUNDS)

bench-short: $(VENV)/dev.stamp  ## The same with few pictures and epochs, in minutes
	@$(BIN)/python -m benchmarks.compare $(BENCHMARKS) --data "$(DATA)" --digits "$(DIGITS)" --short \
		--results benchmarks/.work/SHORT.md

clean:  ## Remove what runs have made; the images and the environment stay
	rm -rf mlflow.db* mlruns .viz data/0[2-8]_*/[!.]*

$(VENV)/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info < (3, 14), "Python 3.11, 3.12 or 3.13 is needed; this is %s. Say which: make run PYTHON=python3.12" % sys.version.split()[0]'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m $(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m $(INSTALL) -r requirements-dev.txt
	@touch $@
