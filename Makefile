# Two commands do everything: `make serve` and `make test`. They need Python 3.11 or newer, git and a package index.
# The locks name every package, so pip resolves nothing (--no-deps): what was released since they were written cannot
# break an installation.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/annexa

# Images for containers often forbid Python to keep what it compiled; the tests start it hundreds of times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve test quick check check-ruff check-mypy check-imports fix lock library openapi tables audit fuzz editors kills spark clean

serve: $(VENV)/.ready
	$(RUN) serve

test: $(VENV)/.test-ready
	tools/browser-and-database
	$(MAKE) -j 2 check
	$(BIN)/python -m pytest -n 2

# Everything but browser, PostgreSQL and what is slow; properties are tried with a fifth of the cases.
quick: $(VENV)/.test-ready
	ANNEXA_TEST_EXAMPLES=10 $(BIN)/python -m pytest -n 2 -m "not browser and not postgres and not slow"

# Independent of each other: make -j check runs them side by side.
check: check-ruff check-mypy check-imports

check-ruff: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-mypy: $(VENV)/.test-ready
	$(BIN)/mypy

check-imports: $(VENV)/.test-ready
	$(BIN)/lint-imports

fix: $(VENV)/.test-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# After a deliberate change of content in src/annexa/library.
library: $(VENV)/.ready
	$(BIN)/python -m annexa.library.load

# After a change of the API: its description in the repository.
openapi: $(VENV)/.ready
	$(BIN)/python -m annexa.api.renew

# After a change of who may see and do what, and after a new register: the tables beside the tests, and the description.
tables: $(VENV)/.test-ready openapi
	ANNEXA_TEST_RENEW=yes $(BIN)/python -m pytest -q -p no:randomly tests/web/test_access.py tests/api/test_access.py

# Half an hour of requests made up from the description of the API; prints how many.
SECONDS ?= 1800
fuzz: $(VENV)/.test-ready
	ANNEXA_TEST_FUZZ_SECONDS=$(SECONDS) $(BIN)/python -m pytest -s -p no:randomly tests/api/test_fuzz.py

# Many who edit at once, and kill -9 of any process meanwhile; on PostgreSQL with two server processes and a worker.
editors kills: $(VENV)/.test-ready
	$(BIN)/python bench/$@.py

# Half a gigabyte of Spark, and Ibis, in a folder of its own, and the monitors on both. Spark needs Java 17.
spark: $(VENV)/.test-ready
	$(PYTHON) -m venv $(VENV)-spark
	$(VENV)-spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(VENV)-spark/bin/python -m pip install --quiet --disable-pip-version-check "pyspark[connect]>=4.1,<5" \
		"ibis-framework[duckdb]>=12,<13" "sqlglot<30.17" "duckdb>=1.5,<1.6"
	$(BIN)/python -m pytest -q -p no:randomly -rs tests/activity/test_ibis.py tests/activity/test_spark.py tests/activity/test_spark_runs.py

# After a change of dependencies in pyproject.toml.
COMPILE := pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(VENV)/.test-ready
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/$(COMPILE) --extra build --extra activity --output-file requirements.lock pyproject.toml
	echo 'psycopg[binary]>=3.2' | $(BIN)/$(COMPILE) --constraint requirements.lock --output-file requirements-postgres.lock -
	$(BIN)/$(COMPILE) --extra build --extra activity --extra test --constraint requirements.lock --output-file requirements-test.lock pyproject.toml

# Asks a public database of vulnerabilities about every package that the lock names. Fails if one is known, and also if
# it could not be asked. In a folder of its own, since the tool brings packages of its own.
audit:
	$(PYTHON) tools/audit $(VENV)-audit

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Annexa needs Python 3.11 or newer; say which with: make serve PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.test-ready: requirements-test.lock $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-test.lock
	$(BIN)/python -m pip check
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-audit $(VENV)-spark .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
