# The examples, the documentation and the packaging checks of the Python package. The Makefile
# includes this file. Each target has a virtual environment of its own with pinned packages. Where
# PyPI cannot be reached, the target is skipped, and says so.

# $(call with-venv,NAME,REQUIREMENTS,COMMANDS) runs COMMANDS with $$python, which has the package.
define with-venv
	@packaging/venv.sh $(VENVS)/$(1) $(2); code=$$?; \
	if [ $$code -eq 75 ]; then exit 0; elif [ $$code -ne 0 ]; then exit $$code; fi; \
	export PYTHONPATH=$(CURDIR)/bindings/python/python python=$(VENVS)/$(1)/bin/python; set -ex; $(3)
endef

RELAY := examples/relay

.PHONY: test-relay
test-relay: tools ## the relay for games, examples/relay/: tests against the sandbox, types
	$(call with-venv,relay,$(RELAY)/requirements.txt $(RELAY)/requirements-dev.txt, \
	    $(MAKE) python-dev; cd $(RELAY); $$python -m mypy; timeout -k 5 600 $$python -m pytest -q)

.PHONY: bench-relay
bench-relay: wheel ## requests per second of one process of the relay
	$(call with-venv,relay,$(RELAY)/requirements.txt $(RELAY)/requirements-dev.txt, \
	    rm -rf $(VENVS)/relay-wheel; $$python -m zipfile -e $(DIST)/python/*.whl $(VENVS)/relay-wheel; \
	    cd $(RELAY); PYTHONPATH=$(VENVS)/relay-wheel timeout -k 5 600 $$python bench.py)

.PHONY: test-dask
test-dask: tools ## examples/reconcile_dask.py on a local cluster with two workers
	$(call with-venv,dask,examples/dask/requirements.txt, \
	    $(MAKE) python-dev; timeout -k 5 900 $$python -m pytest -q -p no:cacheprovider examples/dask)

# SESSIONS sessions of the sandbox on a local cluster, with the wheel.
SESSIONS ?= 100000
.PHONY: bench-dask
bench-dask: wheel ## checks SESSIONS sandbox sessions (100,000) with examples/reconcile_dask.py
	$(call with-venv,dask,examples/dask/requirements.txt, \
	    rm -rf $(VENVS)/dask-wheel; $$python -m zipfile -e $(DIST)/python/*.whl $(VENVS)/dask-wheel; \
	    PYTHONPATH=$(VENVS)/dask-wheel timeout -k 5 1800 $$python examples/reconcile_dask.py --demo $(SESSIONS))

.PHONY: test-python-examples
test-python-examples: tools ## the examples with OpenTelemetry and gevent, examples/python/
	$(call with-venv,examples,examples/python/requirements.txt, \
	    $(MAKE) python-dev; \
	    timeout -k 5 600 $$python -m pytest -q -W error -p no:cacheprovider examples/python)

# The oldest glibc that the wheel of this machine may need is that of this machine. Wheels for older
# systems need another linker.
.PHONY: check-wheel
check-wheel: tools ## the wheel and the sdist: metadata, licences, paths of the builder, ABI
	$(call with-venv,wheel,packaging/requirements-wheel.txt, \
	    unset PYTHONPATH; $(MAKE) wheel sdist; cd $(DIST)/python; bin=$(VENVS)/wheel/bin; \
	    $$bin/twine check --strict *.whl *.tar.gz; $$bin/check-wheel-contents *.whl; \
	    $$bin/abi3audit --strict --assume-minimum-abi3 3.10 *.whl; \
	    if [ $(UNAME) = Linux ]; then $$bin/auditwheel show *.whl; fi; \
	    $(PYTHON) $(CURDIR)/packaging/check_wheel.py *.whl *.tar.gz)

.PHONY: docs-python
docs-python: tools ## the HTML guide and reference of the Python package, in dist/docs/python/html/
	$(call with-venv,docs,bindings/python/docs/requirements.txt, \
	    $(MAKE) python-dev; $$python bindings/python/docs/build.py $(DIST)/docs/python)
	@echo "see $(DIST)/docs/python/html/index.html"

# The client of google-cloud-storage tries for two minutes.
.PHONY: compare-peers
compare-peers: tools ## the facts of the table in docs/python.md beside other packages
	$(call with-venv,peers,benches/compare/requirements-peers.txt, \
	    $(MAKE) python-dev; timeout -k 5 600 $$python benches/compare/python_peers.py)

# An interpreter without the GIL: the first that is found, or FREE_THREADED. PyO3 refuses 3.13t.
FREE_THREADED ?= $(firstword $(shell command -v python3.15t python3.14t 2>/dev/null))
.PHONY: test-free-threaded
test-free-threaded: tools ## the Python suite with an interpreter without the GIL
	@if [ -z "$(FREE_THREADED)" ]; then \
	    echo "skipped: no interpreter without the GIL is installed (python3.14t or newer)"; exit 0; fi; \
	PYTHON=$(FREE_THREADED) packaging/venv.sh $(VENVS)/free-threaded packaging/requirements-free-threaded.txt; \
	code=$$?; if [ $$code -eq 75 ]; then exit 0; elif [ $$code -ne 0 ]; then exit $$code; fi; \
	set -ex; python=$(VENVS)/free-threaded/bin/python; wheels=$(VENVS)/free-threaded/wheels; \
	rm -rf $$wheels; $(VENVS)/free-threaded/bin/maturin build -q --profile dev --interpreter $$python \
	    --no-default-features --features test-hooks --out $$wheels; \
	$$python -m pip install -q --disable-pip-version-check --force-reinstall --no-deps $$wheels/*.whl; \
	$$python -c 'import sys, iplaygames_native; assert not sys._is_gil_enabled()'; \
	cd bindings/python; CALLS=$(CALLS) timeout -k 5 1200 $$python -m pytest -q --ignore tests/test_docs.py
