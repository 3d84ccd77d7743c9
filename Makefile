# Everything one does here, a word each; `make` alone lists them.
# Needs make, a POSIX shell and Python 3.11 or newer. All else lands in .venv, node_modules and var.
# Settings come from the environment or from .env (see .env.example) and are none of this file's business.

MAKEFLAGS += --no-builtin-rules
export PATH := $(CURDIR)/.venv/bin:$(PATH)

python := .venv/bin/python
# `make run` alone does without what checks the libraries.
libraries := $(if $(filter-out run,$(MAKECMDGOALS)),node_modules/.dev,node_modules/.run)
# A pip that was killed may leave half a package that looks whole: .installing survives it, and .venv is made again.
pip_install = touch .venv/.installing; \
    $(python) -m pip install -qq --no-input --disable-pip-version-check --require-hashes -r $< \
      || { rm .venv/.installing; exit 1; }; \
    touch $@; rm .venv/.installing
npm_ci := npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error
uv_compile := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
    --generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)
# Lock files carry names, versions and hashes; npm adds whom to give money, with addresses.
bare_lock := const fs = require("fs"), lock = JSON.parse(fs.readFileSync("package-lock.json")); \
    for (const one of Object.values(lock.packages)) delete one.funding; \
    fs.writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n")

.PHONY: help run test torture check bench format lock clean setup system FORCE
.PHONY: check-python check-types check-templates check-javascript check-django

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*  ## /  make \1|/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: var/static/staticfiles.json  ## set up what is missing, bring the database up to date, serve on HOST:PORT
	@exec $(python) manage.py serve --migrate

test: setup  ## every test, Python and JavaScript (make test ARGS="-k stop")
	@$(python) -m pytest -n auto --dist worksteal $(ARGS)

torture: setup  ## break it for an hour, and write docs/promises.md (SEEDS=2000 MINUTES=60; alone: SEED=7 SHAPES=sqlite)
	@$(python) -m tests.faults $(if $(SEEDS),--seeds $(SEEDS)) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(SHAPES),--shapes $(SHAPES)) $(if $(SEED),--seed $(SEED),--write) $(ARGS)

check: check-python check-types check-templates check-javascript check-django  ## format, lint, strict types, templates, JavaScript, migrations

bench: setup  ## measure against a plain relay (QUICK=1: one short round)
	@$(python) -m bench $(if $(QUICK),--quick) $(ARGS)

format: setup  ## rewrite the sources as the formatters want them
	@ruff check --quiet --fix . || true
	@ruff format .
	@djlint templates --reformat --quiet || true
	@npm run --silent format

lock: .venv/.dev  ## write the lock files anew (UPGRADE=1: with the newest versions)
	@$(uv_compile) --output-file requirements.txt
	@$(uv_compile) --group dev --constraints requirements.txt --output-file requirements-dev.txt
	@npm install --package-lock-only --ignore-scripts --loglevel=error
	@node -e '$(bare_lock)'

clean:  ## remove what set-up and tests made; the data in var stays
	rm -rf .venv node_modules var/static .mypy_cache .ruff_cache .pytest_cache .hypothesis bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- checks, one tool each

check-python: .venv/.dev
	@ruff format --check --quiet . || { ruff format --check .; exit 1; }
	@ruff check --quiet .

check-types: .venv/.dev
	@mypy

check-templates: .venv/.dev
	@djlint templates --check --lint --quiet || { djlint templates --check --lint; exit 1; }

check-javascript: node_modules/.dev
	@npm run --silent check

check-django: .venv/.dev
	@ENV_FILE=/dev/null $(python) manage.py makemigrations --check --dry-run --verbosity 0
	@ENV_FILE=/dev/null DEBUG=0 PUBLIC_URL=https://chat.example.com $(python) manage.py check --deploy --fail-level WARNING

# ---- set-up, in stamps: nothing is done twice, and what was interrupted is done again

setup: .venv/.dev node_modules/.dev var/static/staticfiles.json system

# Moved, half made, or made by a Python that is gone: made again, by the Python behind any active environment.
.venv/pyvenv.cfg: FORCE
	@{ test ! -e .venv/.installing && grep -qF "$$(pwd -P)/.venv/" .venv/bin/pip && $(python) -c \
	  'import sys, pip; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)'; } 2>/dev/null && exit 0; \
	PATH="$${PATH#*:}"; for name in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  base="$$("$$name" -c 'import sys, venv, ensurepip; print(sys._base_executable); sys.exit(sys.version_info < (3, 11))' \
	    2>/dev/null)" && test "$${base%/.venv/bin/*}" = "$$base" || continue; \
	  echo "Making .venv with $$("$$base" --version)"; \
	  rm -rf .venv && exec "$$base" -m venv .venv; \
	done; \
	echo "Unbroken needs Python 3.11 or newer with its venv module (Debian, Ubuntu: python3-venv)." >&2; \
	echo "If it is not on the PATH: make PYTHON=/where/it/is" >&2; exit 1

.venv/.run: requirements.txt .venv/pyvenv.cfg
	@echo "Installing Python packages"
	@$(pip_install)

.venv/.dev: requirements-dev.txt .venv/.run
	@echo "Installing Python packages for tests and checks"
	@$(pip_install)

# npm ci begins by removing node_modules, and with it the stamp.
node_modules/.run: package.json package-lock.json | .venv/.run
	@echo "Installing browser libraries"
	@$(npm_ci) --omit=dev >/dev/null
	@touch $@

node_modules/.dev: package.json package-lock.json | .venv/.run
	@echo "Installing browser libraries and what checks them"
	@$(npm_ci) >/dev/null
	@touch node_modules/.run $@

# The manifest is the last thing that collectstatic writes. Directories are listed for files that went.
var/static/staticfiles.json: $(shell find static) chatsite/settings.py chatsite/static_files.py .venv/.run $(libraries)
	@echo "Collecting static files"
	@$(python) manage.py collectstatic --no-input --verbosity 0
	@touch $@

# Tests that miss one of these skip and say so.
system:
	@mkdir -p var; missing=; \
	for name in chromium redis-server nginx; do \
	  PATH="$$PATH:/usr/sbin" command -v $$name >/dev/null || missing="$$missing $$name"; \
	done; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null \
	  || missing="$$missing postgresql"; \
	test -n "$$missing" || exit 0; \
	if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  echo "Installing$$missing"; \
	  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	  { timeout 300 apt-get update && timeout 900 apt-get install --yes --no-install-recommends $$missing; } \
	    </dev/null >var/apt.log 2>&1 \
	    || echo "apt could not install$$missing (var/apt.log says why): tests that need them will skip"; \
	else echo "Not installed:$$missing. Tests that need them will skip"; fi
