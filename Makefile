# Everything a person or a script does with this project. `make help` lists it.
# HOST, PORT, DATABASE_URL, REDIS_URL and the other settings are taken from the environment.

PYTHON ?= python3
UV_VERSION := 0.13.8
APPS := config api approvals intents governance events accounts
BIN := .venv/bin
EXAMPLES := .venv-examples/bin
UV := $(BIN)/uv
COMPILE := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11
# Written so that this line does not match itself: nothing here may point at a package or font host.
FOREIGN_HOSTS := pypi[.]org|pythonhosted[.]org|unpkg[.]com|jsdelivr[.]net|cdnjs[.]|fonts[.]g(oogleapis|static)[.]
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help run test examples check bench format lock clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .state/run ## Start Assent on http://127.0.0.1:8000 (HOST and PORT change that)
	@exec $(BIN)/python manage.py serve

test: .state/dev .state/examples ## Run the tests; ARGS="-k name" picks some, DATABASE_URL and REDIS_URL are honoured
	$(BIN)/python -m pytest $(ARGS)

examples: .state/examples ## Install what examples/ need, into .venv-examples

check: .state/dev ## Lint, format, types, layers, templates, migrations, Django's own checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(APPS)
	$(BIN)/lint-imports
	find templates -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --check --target-version 5.2
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check
	@! grep -rnIE '$(FOREIGN_HOSTS)' --include='*.py' --include='*.html' --include='*.css' \
		--include='*.js' --include='*.txt' --include='*.in' --exclude-dir='.*' --exclude-dir=var . \
		|| { echo "These lines name a package or font host; nothing here may."; exit 1; }

bench: .state/dev ## Measure it end to end on this machine
	$(BIN)/python -m bench $(ARGS)

format: .state/dev ## Format the code and the templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find templates -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2

lock: .venv/pyvenv.cfg ## Compile requirements*.txt again; ARGS=--upgrade takes newer versions
	$(BIN)/pip install -q uv==$(UV_VERSION)
	$(COMPILE) $(ARGS) requirements.in -o requirements.txt
	$(COMPILE) $(ARGS) -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(COMPILE) $(ARGS) -c requirements.txt requirements-s3.in -o requirements-s3.txt
	$(COMPILE) $(ARGS) requirements-examples.in -o requirements-examples.txt

clean: ## Remove what make made; the data in var/ stays
	rm -rf .venv .venv-examples .state .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# The stamps below keep a second `make run` at about a second: nothing is installed twice.

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Assent needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Name another one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Preparing .venv; this happens once."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Could not make .venv. On Debian: apt-get install python3-venv"; exit 1; }

# Both add to one .venv and never take away: running after testing must not remove the test tools.
.state/run: requirements.txt .venv/pyvenv.cfg
	@$(call install,$<,$(BIN))
	@mkdir -p .state && touch $@

.state/dev: requirements-dev.txt .venv/pyvenv.cfg
	@$(call install,$<,$(BIN))
	@mkdir -p .state && touch $@ .state/run

# A place of their own: what agent frameworks ask for must not choose the versions we run on.
.state/examples: requirements-examples.txt .venv/pyvenv.cfg
	@test -x $(EXAMPLES)/python || $(PYTHON) -m venv .venv-examples
	@$(call install,$<,$(EXAMPLES))
	@mkdir -p .state && touch $@

# uv is about five times as quick; pip does the same from the same hashes where uv cannot be had.
define install
if { test -x $(UV) || $(BIN)/pip install -q --disable-pip-version-check uv==$(UV_VERSION); } && \
	$(UV) pip install --quiet --compile-bytecode --python $(2)/python --require-hashes -r $(1); then :; else \
	echo "uv did not manage; installing with pip, which takes a little longer."; \
	$(2)/pip install -q --disable-pip-version-check --require-hashes -r $(1); fi
endef
