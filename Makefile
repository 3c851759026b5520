# Two commands do everything: `make demo` and `make test`. `make lint` and `.ci/run` are for those who change it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCREEN := $(if $(DISPLAY),,env SCANTWIN_DEMO_EXIT=1 xvfb-run -a -s "-screen 0 1280x900x24")

.PHONY: environment docs-environment demo test test-window test-others test-all test-pyqt6 mutations lint bench docs pictures system clean

system:
	@sh scripts/system_libraries.sh

$(STAMP): pyproject.toml setup.py
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed') if sys.version_info < (3, 11) else None"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[pyqt5,test]"
	touch $@

environment: system $(STAMP)

demo: system $(STAMP)
	rm -rf demo-output
	$(SCREEN) $(BIN)/python -m napari_scantwin.viewer.demo demo-output
	test -s demo-output/volume.nc
	test -s demo-output/cut.png
	test -s demo-output/screenshot.png

test: system $(STAMP)
	$(SCREEN) $(BIN)/python scripts/run_tests.py

# Its two halves, each by itself.
test-window: system $(STAMP)
	$(SCREEN) $(BIN)/python -m pytest -o cache_dir=.pytest_cache/window tests/viewer

test-others: system $(STAMP)
	$(SCREEN) $(BIN)/python -m pytest --ignore=tests/viewer tests

# PyQt6 lives in an environment of its own: two Qt versions in one do not go together. All else it takes from the first
# environment, so that it is made in seconds. These tests drive the whole way and every kind of widget, in a few minutes;
# PYQT6_TESTS=tests/viewer drives all of the window.
PYQT6 := $(VENV)-pyqt6
PYQT6_TESTS ?= $(addprefix tests/viewer/,test_plugin.py test_panel_layout.py test_narrow.py test_whole_way.py open \
	canvas/test_sliders.py cube/test_cube.py process/test_process.py \
	analyse/test_one_at_a_time.py::test_the_figures_of_another_scan_are_not_left_standing)
PACKAGES := import sysconfig; print(sysconfig.get_path("purelib"))

$(PYQT6)/.installed: $(STAMP)
	$(BIN)/python -m venv --clear --without-pip $(PYQT6)
	echo "import site; site.addsitedir('$$($(BIN)/python -c '$(PACKAGES)')')" \
		> "$$($(PYQT6)/bin/python -c '$(PACKAGES)')/first_environment.pth"
	$(BIN)/python -m pip --python $(PYQT6)/bin/python install --quiet -e ".[pyqt6,test]"
	touch $@

test-pyqt6: system $(PYQT6)/.installed
	$(SCREEN) env QT_API=pyqt6 PYTEST_QT_API=pyqt6 $(PYQT6)/bin/python -m pytest $(PYQT6_TESTS)

# Those marked slow and bench too.
test-all: system $(STAMP)
	$(SCREEN) $(BIN)/python scripts/run_tests.py -m ""

# Break one promise at a time in a copy of the tree: which test notices?
mutations: system $(STAMP)
	$(SCREEN) $(BIN)/python scripts/mutations.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/npe2 validate napari.yaml

bench: system $(STAMP)
	$(SCREEN) $(BIN)/python -m pytest -m bench
	$(SCREEN) $(BIN)/python benchmarks/run_all.py

# The site, in the main environment with MkDocs added: it runs the tutorials, draws the gallery, and fails at a broken link.
$(VENV)/.docs-installed: $(STAMP)
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	touch $@

docs-environment: $(VENV)/.docs-installed

docs: docs-environment
	rm -rf docs-output
	$(BIN)/python docs/site/notebooks.py docs-output/made/tutorials
	$(BIN)/python docs/make_gallery.py docs-output/made/images/gallery
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# The pictures, and the film, that the pages show on GitHub too.
pictures: system $(STAMP)
	$(BIN)/python docs/make_gallery.py
	$(SCREEN) $(BIN)/python docs/make_pictures.py
	$(SCREEN) $(BIN)/python docs/make_film.py

clean:
	rm -rf $(VENV) $(PYQT6) demo-output docs-output build dist
