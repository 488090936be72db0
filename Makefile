.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .venv/bin/uv --system-certs
BIN := .venv/bin
# One more than cores, for some tests wait for servers and for the clock.
WORKERS = $(shell expr $$(nproc) + 1)
# Without its cache every process would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE
IMAGE_EXTRAS := --extra k8s --extra celery --extra otel --extra snowflake --extra bigquery --extra redshift

CLIENT_airflow := airflow-provider-fivetran-async==2.4.0
CLIENT_dagster := dagster-fivetran==0.29.27

# Without the parser that dbt 1.12 downloads from outside the package registry: it is used with a flag alone.
NEWEST_dbt := dbt-core dbt-common dbt-adapters dbt-duckdb dbt-postgres sqlglotc
LEFT_OUT := dbt-core-experimental-parser
NEWEST_dagster := dagster dagster-webserver dagster-dbt dagster-fivetran dagster-postgres dagster-celery
WALL_TESTS := $(addprefix kpi_platform_tests/,adapters/dbt_patches adapters/test_dbt.py adapters/test_checked_versions.py \
	defs/test_partition_events.py defs/test_run_batches.py defs/test_life_line.py operation/test_erase.py)

.PHONY: help demo dev test test-clients test-newest lint lint-types lint-sql lint-rest bench bench-scale chaos screenshots reference docs docs clean lock test-slow test-celery test-image sbom audit

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# Debian ships Python's venv as a package of its own.
.venv/bin/uv:
	$(PYTHON) -m venv .venv || { apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv .venv; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

.venv/.base: requirements.lock pyproject.toml | .venv/bin/uv
	$(UV) pip install --quiet --python $(BIN)/python -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.base
	$(UV) pip install --quiet --python $(BIN)/python -r requirements-dev.lock
	@touch $@

demo: .venv/.base  ## set up, run the main job end to end, show the KPI table
	@$(BIN)/kpi-platform demo $(DEMO)

dev: .venv/.dev  ## set up everything a developer needs

test: .venv/.dev  ## set up and run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-celery: .venv/.dev  ## kill a Celery worker in the middle of a run, with a real RabbitMQ (minutes)
	@command -v erl >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends rabbitmq-server; }
	@KPI_TEST_CELERY=1 $(BIN)/python -m pytest -n0 -m celery kpi_platform_tests/operation/test_celery.py

# Their packages would not go with ours: each client has an environment of its own under build/clients.
build/clients/%/.made: Makefile | .venv/bin/uv
	$(UV) venv --quiet --clear --python $(BIN)/python build/clients/$*
	$(UV) pip install --quiet --python build/clients/$*/bin/python $(CLIENT_$*)
	@touch $@

test-clients: .venv/.dev build/clients/airflow/.made build/clients/dagster/.made  ## Airflow's and Dagster's own clients against the local Fivetran (a minute)
	@KPI_TEST_CLIENTS=build/clients $(BIN)/python -m pytest -n0 kpi_platform_tests/clients

# The locked packages with the newest of one family, also beyond the limits that pyproject.toml sets.
build/newest/%/.made: requirements-dev.lock Makefile | .venv/bin/uv
	$(UV) venv --quiet --clear --python $(BIN)/python build/newest/$*
	$(UV) pip install --quiet --python build/newest/$*/bin/python -r requirements-dev.lock
	$(UV) pip install --quiet --python build/newest/$*/bin/python --no-deps --editable .
	@echo '$(LEFT_OUT); python_version < "3"' > build/newest/$*/override.txt
	$(UV) pip install --quiet --python build/newest/$*/bin/python --override build/newest/$*/override.txt --upgrade $(NEWEST_$*)
	@touch $@

test-newest-%: build/newest/%/.made
	@$(UV) pip list --quiet --python build/newest/$*/bin/python | grep -E '^($*|$*-[a-z]+) '
	@KPI_TEST_NEWEST=1 build/newest/$*/bin/python -m pytest -n0 $(WALL_TESTS)

test-newest: .venv/.dev  ## the patches with the newest dbt and the newest Dagster (minutes); may fail, says early what breaks
	-@$(MAKE) --no-print-directory test-newest-dbt
	-@$(MAKE) --no-print-directory test-newest-dagster

test-image: .venv/.dev  ## run the image's steps in a clean root (minutes; needs root)
	@command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap; }
	@$(BIN)/python -m kpi_platform_tests.deploy.rehearsal

test-slow: .venv/.dev  ## the tests that take minutes: emulated warehouses, chaos, a sync in the browser to its end
	@KPI_SLOW_TESTS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow

lint: .venv/.dev  ## ruff, mypy, sqlfluff, import-linter, the rules of the house, dagster definitions validate
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line lint-types lint-sql lint-rest

lint-types:
	$(BIN)/mypy

lint-sql:
	$(BIN)/sqlfluff lint dbt

lint-rest:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m kpi_platform_tests.house
	$(BIN)/dagster definitions validate -w workspace.yaml

bench: .venv/.dev  ## benchmarks, side by side with the alternative (BEFORE=FOLDER: and with an older clone)
	@$(BIN)/python -m kpi_platform_tests.bench

# As `make bench-scale-1000` each size is a target of its own; 1,000 customers have 20,000,000 incidents.
bench-scale: .venv/.dev  ## the cycle "synced → loaded" as customers and accounts grow
	@$(BIN)/python -m kpi_platform_tests.bench.scale

bench-scale-%: .venv/.dev
	@$(BIN)/python -m kpi_platform_tests.bench.scale $*x100

bench-accounts-%: .venv/.dev
	@$(BIN)/python -m kpi_platform_tests.bench.scale 10x$*

chaos: .venv/.dev  ## 15 minutes (CHAOS_SECONDS) of random faults beside an undisturbed twin
	@$(BIN)/python -W ignore -m kpi_platform_tests.faults.chaos

screenshots: .venv/.dev  ## take the pictures of the README anew
	@$(BIN)/python -m kpi_platform_tests.screenshots

reference: .venv/.dev  ## make anew what is made from code: commands, settings, KPIs for dbt, lineage of columns
	@$(BIN)/typer kpi_platform.cli.main utils docs --name kpi-platform --output docs/commands.md
	@$(BIN)/kpi-platform settings docs > docs/settings.md
	@$(BIN)/python -m kpi_platform_tests.dbt_project.kpi_catalogue
	@$(BIN)/python -m kpi_platform_tests.dbt_project.made_parts
	@$(BIN)/python -m kpi_platform_tests.dbt_project.column_lineage

# These two have environments of their own: what they install makes every import of dbt slower by two seconds.
sbom: .venv/.dev  ## what the platform is made of, as CycloneDX: sbom.json
	$(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --output-file sbom.json

audit: .venv/.dev  ## known vulnerabilities of the locked packages (asks a database on the network)
	$(UV) tool run --from pip-audit==2.10.1 pip-audit --disable-pip --require-hashes --requirement requirements.lock

docs: .venv/.dev  ## build the documentation of the dbt models: build/dbt_docs/static_index.html
	@mkdir -p build/dbt_docs
	@for command in run "docs generate --static"; do KPI_DBT_DUCKDB_PATH=build/dbt_docs/kpi.duckdb $(BIN)/dbt --warn-error --quiet \
		$$command --project-dir dbt --profiles-dir dbt --target-path $(CURDIR)/build/dbt_docs --log-path build/dbt_docs/logs \
		--no-version-check --no-send-anonymous-usage-stats || exit 1; done

lock: | .venv/bin/uv  ## resolve the locked versions anew
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev pyproject.toml -o requirements-dev.lock
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements-dev.lock pyproject.toml -o requirements.lock
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url -c requirements-dev.lock $(IMAGE_EXTRAS) pyproject.toml deploy/build.in -o deploy/requirements.lock

clean:  ## remove the environment and all local state
	rm -rf .venv .kpi_platform
