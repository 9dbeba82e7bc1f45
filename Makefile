# Every verb a developer needs. Assumed: Python >= 3.11, make, git; everything else is put in .venv.
# Another interpreter: make test PYTHON=/path/to/python3.12      Arguments: make test ARGS="-k tiles"

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# uv keeps a cache below HOME, and some accounts have none that can be written.
UV = $(shell [ -n "$$UV_CACHE_DIR$$XDG_CACHE_HOME" ] || [ -w "$$HOME" ] || echo UV_NO_CACHE=1) $(BIN)/uv
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never

.DEFAULT_GOAL := help
.PHONY: help run demo test test-long check fix gen docs bench bench-guard soak new lock clean

help: ## list these verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## start Gatebook with a simulated provider and leave it running
	@$(BIN)/gatebook demo --stay $(ARGS)

demo: $(READY) ## make governed calls, then verify the record of them offline
	@$(BIN)/gatebook demo $(ARGS)

test: $(READY) ## run the tests, on SQLite and PostgreSQL: a few minutes
	$(BIN)/pytest -m "not long" -n 3 --dist loadfile $(ARGS)

test-long: $(READY) ## run the tests that take longer: crashes, tampering, real clients
	$(BIN)/pytest -m long $(ARGS)

check: $(READY) ## lint, formatting, types, import contracts, lock file, generated pages
	$(UV) lock --check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lint
	$(BIN)/python -m tools.gen --check

fix: $(READY) ## repair what can be repaired without thinking: lint and formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

gen: $(READY) ## write the generated pages of docs/reference
	$(BIN)/python -m tools.gen

docs: gen ## generate the reference, follow the links and run the marked blocks of all pages
	$(BIN)/pytest tests/architecture/test_docs_blocks.py tests/architecture/test_generated_docs.py $(ARGS)

bench: $(READY) ## measure against peers and the physical limit; writes explanation/performance.md
	$(BIN)/python -m bench $(ARGS)

bench-guard: $(READY) ## measure what the guard finds in labelled texts: make bench-guard DATA=DIR
	$(BIN)/python -m bench.guard.data $(DATA)/dlp/dev
	$(BIN)/python -m bench.guard.threats --data $(DATA)/threats/dev $(ARGS)

soak: $(READY) ## meet every fault of a provider for ten minutes; writes explanation/soak.md
	$(BIN)/python -m bench.soak $(ARGS)

new: $(READY) ## scaffold a file and its failing case: make new KIND=event ID=key.issued
	@$(BIN)/python -m tools.new "$(KIND)" "$(ID)"

lock: $(BIN)/uv ## resolve again after editing dependencies; ARGS=--upgrade takes newer versions
	$(UV) lock $(ARGS)

clean: ## remove caches, build results and what the demo left; .venv and .run stay
	rm -rf .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/uv: tools/uv.txt tools/bootstrap.py
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here. Install Python >= 3.11 or name it: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) tools/bootstrap.py

$(READY): pyproject.toml uv.lock | $(BIN)/uv
	@echo "Installing what uv.lock lists"
	@$(UV) sync --locked --all-extras
	@touch $@
