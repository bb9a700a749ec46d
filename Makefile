# Two commands for a fresh machine: `make app` installs and starts the app, `make test` installs and passes the tests.
PYTHON ?= python3
BIN = .venv/bin
PORT ?= 8501

.PHONY: app test check snapshots samples clean

app: .venv/app
	$(BIN)/kanviz app --port $(PORT)

test: .venv/test browser
	$(BIN)/python -m pytest

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

snapshots: .venv/test
	$(BIN)/python -m pytest tests/plots --snapshot-update

samples: .venv/test
	$(BIN)/python sample_models/make_samples.py

.venv/app: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

.venv/test: .venv/app requirements-test.txt
	$(BIN)/pip install --quiet --requirement requirements-test.txt
	touch $@

# The browser tests drive Debian's Chromium.
.PHONY: browser
browser:
	@test -x /usr/bin/chromium || (apt-get update -q && apt-get install -y -q chromium)

clean:
	rm -rf .venv build dist *.egg-info
