# Two commands for a fresh machine: `make app` installs and starts the app, `make test` installs and passes the tests.
PYTHON ?= python3
BIN = .venv/bin
PORT ?= 8501
CHROMIUM ?= /usr/bin/chromium
TSC = tests/js/node_modules/typescript/bin/tsc

.PHONY: app test quick check hooks snapshots samples clean browser javascript

app: .venv/app
	$(BIN)/kanviz app --port $(PORT)

# Three processes on two cores, since the browser tests often wait; a file at a time, so that what a file's tests share is
# made once. One thread each: two that wait for their turn by spinning make both many times slower.
test: export OMP_NUM_THREADS = 1
test: export OMP_WAIT_POLICY = PASSIVE
# What is compiled is kept, whatever the environment says: every worker, server and reader begins with it.
test: export PYTHONDONTWRITEBYTECODE =
test: export PYTHONPYCACHEPREFIX = $(CURDIR)/.venv/pycache
test: .venv/test browser javascript
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# What one runs while working: no browser, no server, nothing that trains or searches for long, fewer random cases.
quick: export OMP_NUM_THREADS = 1
quick: export OMP_WAIT_POLICY = PASSIVE
quick: .venv/test
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not browser" --hypothesis-profile quick

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

hooks: .venv/test
	$(BIN)/pre-commit install

snapshots: .venv/test
	$(BIN)/python -m pytest tests/plots --snapshot-update

samples: .venv/app
	$(BIN)/python sample_models/make_samples.py

.venv/app: requirements.txt pyproject.toml setup.py $(wildcard kanviz/core/engine/native/*.[ch])
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "kanviz needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.venv/test: .venv/app requirements-test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-test.txt
	touch $@

# The browser tests drive Debian's Chromium; installing it takes root.
browser:
	@test -x $(CHROMIUM) || { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -y -q chromium; } || \
		{ echo "The browser tests need $(CHROMIUM). Install it: sudo apt-get install chromium"; exit 1; }

# The tests of JavaScript need node, and TypeScript from npm. Without them they are skipped and say so; in CI they fail.
javascript:
	@command -v npm >/dev/null || { test "$$(id -u)" = 0 && apt-get update -q && apt-get install -y -q nodejs npm; } || \
		echo "JavaScript is not tested. Install node and npm: sudo apt-get install nodejs npm"
	@! command -v npm >/dev/null || test -e $(TSC) || npm ci --silent --no-audit --no-fund --prefix tests/js || \
		echo "The types of JavaScript are not checked: npm could not install TypeScript."

clean:
	rm -rf .venv build dist *.egg-info tests/js/node_modules
