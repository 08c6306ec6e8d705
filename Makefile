# Everything builds what it needs in .venv; nothing else is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: help demo install test lint types unit docs docs-release format mutants benchmarks clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

demo: $(RUN_STAMP)  ## watch a program fail, be reviewed, repaired and proved
	@$(BIN)/refinegraph demo

install: $(DEV_STAMP)  ## build .venv with all that the tests need

# The type checkers run beside the tests, which wait more than they compute.
test: lint  ## everything that has to hold: lint, types, tests
	@$(MAKE) --no-print-directory -j 2 types unit

lint: $(DEV_STAMP)  ## style and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_STAMP)  ## mypy and pyright, both strict
	$(BIN)/mypy
	$(BIN)/pyright --warnings

unit: $(DEV_STAMP)  ## the tests and the examples in the docstrings
	$(BIN)/pytest -n 2 --dist worksteal

docs: $(DEV_STAMP)  ## the documents as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-release: $(DEV_STAMP)  ## the site of this version beside earlier ones, in the branch gh-pages
	NO_MKDOCS_2_WARNING=1 PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mike deploy --update-aliases \
	  "$$($(BIN)/python -c 'import refinegraph; print(refinegraph.__version__)')" latest
	$(BIN)/mike set-default latest

mutants: $(DEV_STAMP)  ## which of 200 faults the tests of graphs/ and tools/ do not notice
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group mutants
	$(BIN)/python benchmarks/mutants.py

format: $(DEV_STAMP)  ## rewrite the code in house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## forget what was built
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(RUN_STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'refinegraph needs Python 3.11 or newer; set PYTHON=/path/to/python3.11'; exit 1; }
	@echo 'building .venv (about a minute, once) ...'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[local]'
	@touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@echo 'installing what the tests need ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group dev
	@touch $@
