# Two commands matter: `make run` and `make test`. Everything they need is put inside this folder:
# uv in .uv/, the gateway's packages in .venv/, the engine's (2.5 GB) in nlu/.venv/, models in models/.

PYTHON ?= python3
UV := .uv/bin/uv
CIVICLINE := .venv/bin/civicline
# A stamp is newer than its lock when the environment is as the lock says: then nothing is asked of the network.
GATEWAY := .venv/.as-locked
ENGINE := nlu/.venv/.as-locked

# Another project's environment, active in the caller's shell, must not leak into ours.
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT UV_PROJECT PYTHONPATH PYTHONHOME CONDA_PREFIX

.DEFAULT_GOAL := help
.PHONY: help run test check bench train clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: $(GATEWAY) $(ENGINE) ## set up, train if needed, start everything, print the addresses
	@exec $(CIVICLINE) up

test: $(GATEWAY) $(ENGINE) ## set up, train if needed, run all tests (ARGS="tests/test_x.py -k name" for some)
	@$(CIVICLINE) train
	@exec env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL .venv/bin/python -m pytest $(ARGS)

check: $(GATEWAY) ## lint, format, types and who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: $(GATEWAY) $(ENGINE) ## measure the whole road, message in to reply out (ARGS=--json for one JSON object)
	@$(CIVICLINE) train
	@exec $(CIVICLINE) bench turns $(ARGS)

train: $(GATEWAY) $(ENGINE) ## train the dialogue model if its sources changed (ARGS=--force: anyway)
	@exec $(CIVICLINE) train $(ARGS)

clean: ## remove environments, models and caches; citizens' messages in .civicline/ stay
	rm -rf .uv .venv nlu/.venv models .rasa .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@echo "Setting up uv in .uv/"
	@$(PYTHON) .ci/uv.py .uv

$(GATEWAY): uv.lock pyproject.toml | $(UV)
	@echo "Setting up the gateway's packages in .venv/"
	@$(UV) sync --frozen --quiet
	@touch $@

$(ENGINE): nlu/uv.lock nlu/pyproject.toml | $(UV)
	@$(UV) python find --quiet '>=3.11,<3.12' >/dev/null 2>&1 || $(UV) python install 3.11 \
		|| { echo 'The dialogue engine needs CPython 3.11: install it (python3.11 on the PATH) and try again.' >&2; exit 1; }
	@echo "Setting up the engine's packages in nlu/.venv/: about 2.5 GB, once"
	@$(UV) sync --frozen --quiet --project nlu
	@touch $@
