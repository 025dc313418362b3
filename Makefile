# Everything sets up what it needs: a virtual environment in .venv, pinned by constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COLLECTION ?= ../shared/zoo

.PHONY: all install test lint types demo starter artefacts weights benchmarks clean

all: test

$(VENV)/made: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

# Strict mode links files one by one, which is what type checkers can follow; new files need the link made again.
install: $(VENV)/made
	$(BIN)/python -m pip install --quiet --no-deps --editable . --config-settings editable_mode=strict

test: install
	$(BIN)/python -m pytest $(PYTEST)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

demo: install
	PATH="$(abspath $(BIN)):$$PATH" sh demo/run.sh

# The shipped backgrounds, made again from the labelled collection.
artefacts: install
	for denoiser in wavelet-1 periodic-1 periodic-fast-1; do \
		$(BIN)/difreg background build --zoo $(COLLECTION) --denoiser $$denoiser -o registry/backgrounds || exit 1; \
	done

# The starter registry, made again from the labelled collection.
starter: install
	$(BIN)/python -m difreg.lineage.starter --collection $(COLLECTION) --output lineage/starter

# The network denoisers, trained again on the listed photographs of the collection (about 15 minutes on one core).
weights: install
	$(BIN)/python -m difreg.registry.denoisers.training --photographs $(COLLECTION)/photos --size default -o registry/denoisers/weights/periodic-1.safetensors
	$(BIN)/python -m difreg.registry.denoisers.training --photographs $(COLLECTION)/photos --size fast -o registry/denoisers/weights/periodic-fast-1.safetensors

benchmarks: install
	$(BIN)/python -m benchmarks.kinship --zoo $(COLLECTION)
	$(BIN)/python -m benchmarks.lineage --zoo $(COLLECTION)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis demo/home
