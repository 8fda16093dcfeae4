# The commands for developers. `make` alone lists them.
SHELL := /bin/bash
BIN := .venv/bin
READY := .venv/.ready
# Keep compiled Python, even if the machine is configured otherwise: the tests start many processes,
# and each would compile the product and the tests again.
export PYTHONDONTWRITEBYTECODE :=

# $(call find_python,names): the first of these that runs, is 3.11 or newer and can create a venv.
find_python = $(shell for python in $$(type -ap $(1)); do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo "$$python" && break; done)
pip_install = -m pip install -qq --disable-pip-version-check --root-user-action=ignore
# pip may install only wheels whose hashes are in the lock file. A wheel runs no code when installed.
LOCKED := --require-hashes --only-binary :all: --requirement
# $(call install,directory,lock,options): install these packages, the product and its sandbox there.
install = $(1)/bin/python $(pip_install) $(3) $(LOCKED) $(2) && \
	$(1)/bin/python $(pip_install) --no-deps --no-build-isolation \
	--editable . --editable server/webcrm_sync_sandbox
# $(call lock,name,sources): lock every version that these sources need, on each system and Python.
lock = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url $(if $(UPGRADE),--upgrade) \
	$(2) --output-file $(1) pyproject.toml

# What the demo and the wheel need: the product's own packages, and no tool of a developer.
RUNTIME := build/runtime/.ready

# What `make dist` builds.
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
ARCHIVE := dist/webcrm-sync-$(VERSION)
PACKER := build/runtime/bin/python

# The add-in: what builds it, all its tools, and the built pane that the web process serves.
BUILDER := addin/node_modules/.package-lock.json
MODULES := addin/node_modules/.complete
PANE := server/webcrm_sync/web/static/addin/manifest.json
SOURCES := $(shell find addin/src addin/taskpane addin/commands addin/locales addin/assets -type f)

# Benches that compare the product with other libraries; the marker that these are installed.
COMPARING := reading quotes
comma := ,
COMPARED := .venv/.compared

# How many random histories `make machine` runs, and the seed of the first batch.
EXAMPLES := 2000
SEED := 1

.PHONY: help demo dist deploy-check picture test check lint types contracts addin tests collected vitest pytest headless browser lock search machine crash format bench moves coverage mutants test-all
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## run the whole product on this machine, without any account
	@$(MAKE) --no-print-directory --question $(RUNTIME) 2>/dev/null || echo "1/3 Python packages, about a minute, once"
	@$(MAKE) --no-print-directory --question $(PANE) 2>/dev/null || echo "2/3 The add-in, at the same time, once"
	@$(MAKE) --no-print-directory --jobs 2 $(RUNTIME) $(PANE) >/dev/null
	@echo "3/3 The demo, about ten seconds"
	@build/runtime/bin/webcrm-sync demo $(OPTIONS)

dist: $(RUNTIME) $(PANE) ## build dist/: an archive of the wheel with the add-in, and of all that a server needs
	@rm -rf dist && mkdir -p $(ARCHIVE)
	@$(PACKER) -m pip wheel --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --wheel-dir $(ARCHIVE) .
	@cp -R docs requirements.lock $(wildcard server/deploy/[^b_]*) $(ARCHIVE)
	@tar --directory dist --create --gzip --file $(ARCHIVE).tar.gz $(notdir $(ARCHIVE))
	@echo "$(ARCHIVE).tar.gz"

test: $(READY) $(MODULES) ## all checks and tests that must pass before a push
	@# In parallel, since each needs one core; the types first, since they take longest.
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types collected lint contracts addin vitest $(PANE)
	@# One after the other: a pane that has two seconds to tell the truth needs a core.
	@$(MAKE) --no-print-directory pytest

check: $(READY) $(MODULES) ## check style, types and import directions, without the tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync types lint contracts addin

lint: $(READY)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports --no-cache

addin: $(READY) $(MODULES)
	@npm --prefix addin run --silent check

tests: vitest pytest

collected: $(READY)
	@# In one process, so that the test processes find each file compiled.
	@output=$$($(BIN)/pytest --quiet --collect-only 2>&1) || { tail -40 <<< "$$output"; exit 1; }

vitest: $(MODULES)
	@npm --prefix addin test --silent

pytest: browser headless

headless: $(READY) $(PANE)
	$(BIN)/pytest --quiet --numprocesses 3 --maxschedchunk 2 -m 'not search and not installed' --ignore tests/browser

# In processes of their own, since Playwright keeps an event loop running where other tests start
# theirs.
browser: $(READY) $(MODULES) $(PANE)
	$(BIN)/pytest --quiet --numprocesses 2 tests/browser

lock: ## renew the lock files after a change of dependencies (UPGRADE=1: upgrade their own dependencies too)
	@[ -x $(BIN)/uv ] || $(MAKE) --no-print-directory $(READY)
	$(call lock,requirements.lock,--group build)
	$(call lock,requirements-dev.lock,--group build --extra dev --constraint requirements.lock)
	$(call lock,requirements-bench.lock,--extra bench --constraint requirements-dev.lock)

search: $(READY) $(PANE) ## search for a lost or duplicated mail: every crash point, random histories and moves
	$(BIN)/pytest --quiet --numprocesses 3 --maxschedchunk 2 -m search --ignore tests/browser
	@PYTHONPATH=tests $(BIN)/python -m moves.run --moves 500 --seed 1 --a-second 15 --kill-every 4

deploy-check: $(READY) $(PANE) ## install by docs/deploy.md on a machine of its own, and fill disks (as root; Debian: systemd, nginx, postgresql)
	$(BIN)/pytest --quiet -m installed tests/deploy

machine: $(READY) ## run random histories of the whole product: EXAMPLES=2000 SEED=1
	PYTHONPATH=tests $(BIN)/python -m machine.run --examples $(EXAMPLES) --seed $(SEED)

crash: $(READY) ## kill the worker at every call and every commit, in every way
	WEBCRM_SYNC_EVERY_CRASH=1 $(BIN)/pytest --quiet --numprocesses 2 tests/engine/test_crash_points.py \
		tests/engine/test_lease_crash_points.py tests/engine/test_planted.py

picture: $(READY) $(PANE) ## take the pictures of the product in README and docs/use.md again
	WEBCRM_SYNC_PICTURE=docs/images/product.png WEBCRM_SYNC_HELP_PICTURES=docs/use \
		$(BIN)/pytest --quiet tests/browser/test_picture.py tests/browser/test_help.py

coverage: $(READY) ## check that the unit tests reach every line and branch of core/
	@mkdir -p build
	@# Without the tests that measure time: traced, each takes minutes.
	$(BIN)/coverage run -m pytest --quiet -m 'not timed' \
		tests/unit server/webcrm_sync/core
	$(BIN)/coverage report

mutants: $(READY) ## change core/ in small ways and list the changes that no test notices (ONLY=matching,retry AT_MOST=40)
	@PYTHONPATH=tests $(BIN)/python -m mutants.run $(if $(ONLY),--only $(ONLY)) $(if $(AT_MOST),--at-most $(AT_MOST))

format: $(READY) $(MODULES) ## format the code and fix what the tools can fix
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .
	@npm --prefix addin run --silent format

bench: $(READY) $(PANE) $(if $(filter $(COMPARING),$(subst $(comma), ,$(ONLY))),$(COMPARED)) ## measure the product (ONLY=bulk,files,loop,fresh,line,drag,many,again,receiver,panes,pane,hostile,stalled,reading,quotes FULL=1)
	@PYTHONPATH=tests $(BIN)/python -m bench.bench $(if $(ONLY),--only $(ONLY)) $(if $(FULL),--full)

moves: $(READY) $(PANE) ## make thousands of random moves under faults and kills, and print the ledger (MOVES=10000 SEED=1)
	@PYTHONPATH=tests $(BIN)/python -m moves.run $(if $(MOVES),--moves $(MOVES)) $(if $(SEED),--seed $(SEED))

test-all: ## run the tests on each installed Python from 3.11 to 3.13
	@$(foreach v,3.11 3.12 3.13,$(MAKE) --no-print-directory test-on-$(v) &&) true

test-on-%:
	@python="$(call find_python,python$*)"; \
	if [ -z "$$python" ]; then echo "Python $* is not installed: skipped"; exit 0; fi; \
	echo "Python $*"; "$$python" -m venv build/python$* && $(call install,build/python$*,requirements-dev.lock) && \
	build/python$*/bin/python -m pytest --quiet --numprocesses 2 -m 'not installed' --ignore tests/browser

$(READY): pyproject.toml server/webcrm_sync_sandbox/pyproject.toml requirements-dev.lock
	@$(call create_venv,.venv)
	@$(call install,.venv,requirements-dev.lock)
	@touch $@

$(RUNTIME): pyproject.toml server/webcrm_sync_sandbox/pyproject.toml requirements.lock
	@$(call create_venv,build/runtime)
	@# Compiled when first used: most of the packages' files never are.
	@$(call install,build/runtime,requirements.lock,--no-compile)
	@touch $@

# $(call create_venv,directory): a virtual environment there, unless there is one.
create_venv = python="$(call find_python,python3.11 python3.12 python3.13 python3)"; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer, with venv, is needed" >&2; exit 1; fi; \
	[ -x $(1)/bin/python ] || "$$python" -m venv $(1)

$(COMPARED): $(READY) requirements-bench.lock tests/bench/quotes/package.json
	@# Without dependencies: the lock file leaves some out on purpose (pyproject.toml, tool.uv).
	@$(BIN)/python $(pip_install) --no-deps --require-hashes --requirement requirements-bench.lock
	@mkdir -p build/bench-quotes && cp tests/bench/quotes/package.json build/bench-quotes
	@npm --prefix build/bench-quotes install --no-progress --silent --ignore-scripts
	@touch $@

$(MODULES): addin/package.json addin/package-lock.json addin/api_types/package.json
	@$(npm_ci)
	@touch $@

$(BUILDER): addin/package.json addin/package-lock.json addin/api_types/package.json
	@$(npm_ci) --omit dev

npm_ci = npm --version >/dev/null 2>&1 || \
	{ echo "Node 20.19 or newer, with npm, is needed" >&2; exit 1; }; \
	npm --prefix addin ci --no-progress --no-update-notifier --ignore-scripts

$(PANE): $(BUILDER) $(SOURCES) addin/vite.config.ts addin/tokens.ts
	@npm --prefix addin run --silent build
