# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCREEN := $(if $(DISPLAY),,env SCANTWIN_DEMO_EXIT=1 xvfb-run -a -s "-screen 0 1280x900x24")

.PHONY: demo test test-all mutations lint bench system clean

system:
	@sh scripts/system_libraries.sh

$(STAMP): pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed') if sys.version_info < (3, 11) else None"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[pyqt5,test]"
	touch $@

demo: system $(STAMP)
	rm -rf demo-output
	$(SCREEN) $(BIN)/python -m napari_scantwin.viewer.demo demo-output
	test -s demo-output/volume.nc
	test -s demo-output/cut.png
	test -s demo-output/screenshot.png

test: system $(STAMP)
	$(SCREEN) $(BIN)/python -m pytest

# Those marked slow and bench too.
test-all: system $(STAMP)
	$(SCREEN) $(BIN)/python -m pytest -m ""

# Break one promise at a time in a copy of the tree: which test notices?
mutations: system $(STAMP)
	$(SCREEN) $(BIN)/python scripts/mutations.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari.yaml

bench: system $(STAMP)
	$(SCREEN) $(BIN)/python -m pytest -m bench
	$(SCREEN) $(BIN)/python benchmarks/run_all.py

clean:
	rm -rf $(VENV) demo-output build dist
