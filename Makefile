# What a developer types. `make demo` and `make test` do all of their own set-up on a machine that
# has only Rust (stable), a C and C++ compiler, make and Python 3.

CARGO ?= cargo
CC ?= cc
CXX ?= c++
PYTHON ?= python3
export CARGO_TARGET_DIR ?= $(CURDIR)/target

DIST := $(CURDIR)/dist
OUT := $(CARGO_TARGET_DIR)/c
UNAME := $(shell uname -s)
SO := $(if $(filter Darwin,$(UNAME)),dylib,so)
# What the header says, which is made from the sources: the soname follows the major number of the
# ABI.
VERSION := $(shell sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' include/iplaygames.h)
ABI_MAJOR := $(shell echo $$(($$(sed -n 's/.*define IPG_ABI_VERSION //p' include/iplaygames.h) >> 16)))
# Never unloaded: a thread of the host may still hold thread-local state of the library.
LINK_Linux := -C link-arg=-Wl,-soname,libiplaygames.so.$(ABI_MAJOR) -C link-arg=-Wl,-z,nodelete
LINK_Darwin := -C link-arg=-Wl,-install_name,@rpath/libiplaygames.dylib
LINK := -- $(LINK_$(UNAME))
WARN := -Wall -Wextra -Wpedantic -Werror

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# ---- tools ---------------------------------------------------------------------------------------

define need
	@command -v $(1) >/dev/null 2>&1 || { echo "$(1) is missing: $(2)" >&2; exit 1; }
endef

.PHONY: tools
tools:
	$(call need,$(CARGO),install Rust (stable) from https://rustup.rs)
	$(call need,$(CC),install a C compiler (Debian and Ubuntu: apt-get install build-essential))
	$(call need,$(CXX),install a C++ compiler (Debian and Ubuntu: apt-get install build-essential))
	$(call need,$(PYTHON),install Python 3.10 or newer (Debian and Ubuntu: apt-get install python3))

# ---- building ------------------------------------------------------------------------------------

# How the libraries are built: PROFILE is cargo's, FEATURES are arguments of cargo's. The profile
# `dist` is `release` in a folder of its own: its flags (below) differ from those of `cargo build
# --release`, and must not make that start anew.
PROFILE ?= dist
FEATURES ?=
# The C libraries have an allocator that the host can replace.
ALLOCATOR := --features host-allocator
SLIM := --no-default-features --features capi,native
# For games whose requests go through the platform's own HTTP library.
HOSTED := --no-default-features --features capi
# CROSS is the target of a cross build, a file of packaging/cross/targets; empty for this machine.
CROSS ?=
BUILT = $(if $(CROSS),$(CROSS_TARGET_DIR)/$(CROSS),$(CARGO_TARGET_DIR))/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

# Paths of the machine that builds stay out of what others get, also out of panic messages. The last
# flag that matches a path counts.
CRATES = $${CARGO_HOME:-$$HOME/.cargo}
REMAP_FLAGS = --remap-path-prefix=$(CURDIR)=. --remap-path-prefix=$(CARGO_TARGET_DIR)=target \
    --remap-path-prefix=$(CRATES)=cargo \
    $$(for folder in "$(CRATES)"/registry/src/*/; do printf -- '--remap-path-prefix=%s=crates/ ' "$$folder"; done)
# A dependency contains C and assembly, compiled with debug information.
REMAP = $(if $(filter dist,$(PROFILE)),RUSTFLAGS="$$RUSTFLAGS $(REMAP_FLAGS)" \
    CFLAGS="$$CFLAGS -ffile-prefix-map=$(CRATES)=cargo")

# LTO optimises in this run. A lower limit for inlining makes the library 8 % smaller and a call 6 %
# longer (docs/size.md).
INLINE = $(if $(filter dist,$(PROFILE)),-C llvm-args=--inline-threshold=60)

# Cargo with its flags for what is built for others.
BUILD_CARGO = $(if $(CROSS),$(CROSS_REMAP) $(call cross-cargo,$(CROSS)),$(REMAP) $(CARGO))

# The shared and the static library in one run: the optimiser, most of the time, works for both.
define libraries
	$(BUILD_CARGO) rustc --profile $(PROFILE) --lib --crate-type cdylib,staticlib $(FEATURES) $(ALLOCATOR) $(LINK) $(INLINE) --print native-static-libs=$(BUILT)/native-static-libs
endef

# What goes into games is the slim library.
SHIP_PROFILE ?= dist
define as-shipped
	$(CARGO) fetch --locked
	$(MAKE) PROFILE=$(SHIP_PROFILE) FEATURES="$(SLIM)"
endef

# Puts a library in its place in one step: a program that runs with the one before keeps it.
define put
	cp $(1) $(2)/.new && mv -f $(2)/.new $(2)/$(notdir $(1))
endef

# The same without symbols. On Linux the symbols of a library go into a file beside it, which the
# library names, and which debuggers find by that name.
# BINUTILS is the prefix of the tools for the target.
BINUTILS ?= $(if $(CROSS),$(firstword $(subst -, ,$(CROSS)))-linux-gnu-)
OBJCOPY ?= $(BINUTILS)objcopy
define put-stripped
	@mkdir -p $(2)
	@if [ $(UNAME) = Linux ]; then set -e -x; cd $(2); \
	    $(OBJCOPY) --only-keep-debug $(1) $(notdir $(1)).debug; chmod 644 $(notdir $(1)).debug; \
	    $(OBJCOPY) --strip-all --add-gnu-debuglink=$(notdir $(1)).debug $(1) .new; mv -f .new $(notdir $(1)); \
	else set -x; strip -x -o $(2)/.new $(1) && mv -f $(2)/.new $(2)/$(notdir $(1)); fi
endef

.PHONY: lib
lib: tools ## the shared library that ships, in dist/
	$(libraries)
	@mkdir -p $(DIST)/include
	$(call put-stripped,$(BUILT)/libiplaygames.$(SO),$(DIST)/lib)
	cp include/*.h bindings/cpp/*.hpp $(DIST)/include/
	@if [ $(UNAME) = Linux ]; then ln -sf libiplaygames.so $(DIST)/lib/libiplaygames.so.$(ABI_MAJOR); fi

.PHONY: lib-slim
lib-slim: tools ## the same without the sandbox, for shipping in a game, in dist/slim/
	$(as-shipped) put-slim

.PHONY: put-slim
put-slim:
	$(libraries)
	$(call put-stripped,$(BUILT)/libiplaygames.$(SO),$(DIST)/slim/lib)

# The library for games whose requests go through the platform's own HTTP library.
.PHONY: lib-hosted
lib-hosted: tools ## the slim library without a transport of its own, in dist/hosted/
	$(CARGO) fetch --locked
	$(MAKE) PROFILE=$(SHIP_PROFILE) FEATURES="$(HOSTED)" put-hosted

.PHONY: put-hosted
put-hosted:
	$(libraries)
	$(call put-stripped,$(BUILT)/libiplaygames.$(SO),$(DIST)/hosted/lib)

# What a game is promised to carry at most, in bytes.
SLIM_LIMIT := 3000000

.PHONY: size
size: lib-slim ## the size of the slim shared library, in bytes; more than was promised is an error
	@size=$$(wc -c < $(DIST)/slim/lib/libiplaygames.$(SO)); echo "$$size $(DIST)/slim/lib/libiplaygames.$(SO)"; \
	if [ "$$size" -gt $(SLIM_LIMIT) ]; then echo "more than $(SLIM_LIMIT) bytes" >&2; exit 1; fi

.PHONY: test-hosted
test-hosted: lib-hosted ## the library without a transport, with a program that has one
	@mkdir -p $(OUT)
	$(CC) -std=c99 $(WARN) -I include tests/c/hosted.c -o $(OUT)/hosted -L $(DIST)/hosted/lib -liplaygames \
	    -Wl,-rpath,$(DIST)/hosted/lib -Wl,-rpath,$(OUT)/hosted-names -pthread
	@mkdir -p $(OUT)/hosted-names && ln -sf $(DIST)/hosted/lib/libiplaygames.$(SO) $(OUT)/hosted-names/libiplaygames.so.$(ABI_MAJOR)
	$(OUT)/hosted
	@wc -c $(DIST)/hosted/lib/libiplaygames.$(SO)

.PHONY: size-report
size-report: lib-slim ## what is in the slim shared library, by crate
	$(as-shipped) unstripped
	packaging/size.py $(OUT)/unstripped.$(SO) $(DIST)/slim/lib/libiplaygames.$(SO)

.PHONY: unstripped
unstripped:
	$(libraries)
	@mkdir -p $(OUT)
	cp $(BUILT)/libiplaygames.$(SO) $(OUT)/unstripped.$(SO)

.PHONY: lib-dev
lib-dev: tools
	$(CARGO) rustc --lib --crate-type cdylib $(ALLOCATOR) $(LINK)
	@mkdir -p $(OUT)/lib
	$(call put,$(CARGO_TARGET_DIR)/debug/libiplaygames.$(SO),$(OUT)/lib)
	@if [ $(UNAME) = Linux ]; then ln -sf libiplaygames.so $(OUT)/lib/libiplaygames.so.$(ABI_MAJOR); fi

.PHONY: header
header: tools ## write the generated files: C and C++ headers, codes of the bindings
	$(CARGO) build --lib
	@cd $(CARGO_TARGET_DIR)/debug/build && new=$$(ls -t iplaygames-*/out/iplaygames.h | head -n 1) && \
	    cp "$$(dirname "$$new")"/iplaygames.h "$$(dirname "$$new")"/iplaygames_sandbox.h $(CURDIR)/include/
	$(PYTHON) bindings/generate_codes.py
	$(PYTHON) bindings/cpp/amalgamate.py

.PHONY: python-api
python-api: python-dev ## write the generated files of the Python package from operations.json
	$(DEV)/python bindings/python/generate.py

# ---- installing ----------------------------------------------------------------------------------

PREFIX ?= /usr/local
LIBDIR ?= lib
# Where the CMake package goes; LIBDIR/cmake/IPlayGames when empty.
CMAKEDIR ?=
TREE ?= $(DIST)/tree

# `tree` is everything an installed package is made of, in one folder.
.PHONY: tree
tree: tools
	$(libraries)
	$(call put-stripped,$(BUILT)/libiplaygames.$(SO),$(TREE))
	LD=$(BINUTILS)ld OBJCOPY=$(BINUTILS)objcopy AR=$(BINUTILS)ar NM=$(BINUTILS)nm \
	    packaging/static.sh $(BUILT)/libiplaygames.a $(TREE)/libiplaygames.a include/*.h
	cp $(BUILT)/native-static-libs $(TREE)/
	$(if $(CROSS),CARGO_BUILD_TARGET=$(CROSS)) $(PYTHON) packaging/licenses.py $(FEATURES) >$(TREE)/THIRD-PARTY-LICENSES.txt
	$(if $(CROSS),CARGO_BUILD_TARGET=$(CROSS)) $(PYTHON) packaging/sbom.py $(FEATURES) >$(TREE)/iplaygames.cdx.json

# Variables: PREFIX, DESTDIR, LIBDIR, CMAKEDIR; BUILD=no takes what is built.
INSTALL = $(PYTHON) packaging/install.py --tree $(TREE) --prefix "$(PREFIX)" --destdir "$(DESTDIR)" \
    --libdir "$(LIBDIR)" --cmakedir "$(CMAKEDIR)"

.PHONY: install
install: $(if $(filter no,$(BUILD)),,tree-and-tool) ## install under PREFIX
	$(INSTALL)

.PHONY: tree-and-tool
tree-and-tool: tree
	$(BUILD_CARGO) build --profile $(PROFILE) --bin iplaygames $(FEATURES)
	$(call put-stripped,$(BUILT)/iplaygames,$(TREE))

.PHONY: uninstall
uninstall: ## remove what install put there, given the same variables
	$(INSTALL) --uninstall

# ---- shipping ------------------------------------------------------------------------------------

TARGET := $(or $(CROSS),$(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p'))
SHIP := iplaygames-$(VERSION)-$(TARGET)
ARCHIVE = $(MAKE) install BUILD=no DESTDIR= LIBDIR=lib CMAKEDIR=

.PHONY: dist
dist: tools ## two archives in dist/: iplaygames-VERSION-TARGET.tar.gz, and one for development
	$(as-shipped) tree TREE=$(DIST)/ship
	$(MAKE) PROFILE=$(SHIP_PROFILE) tree-and-tool
	$(MAKE) archives

# The archives of what is built: the slim library, and the whole one with the tool and an example.
.PHONY: archives
archives:
	rm -rf $(DIST)/$(SHIP) $(DIST)/$(SHIP)-development
	$(ARCHIVE) TREE=$(DIST)/ship PREFIX=$(DIST)/$(SHIP)
	$(ARCHIVE) PREFIX=$(DIST)/$(SHIP)-development
	$(PYTHON) packaging/archive.py --target $(TARGET) $(DIST)/$(SHIP)
	$(PYTHON) packaging/archive.py --target $(TARGET) --development $(DIST)/$(SHIP)-development

# Conan comes from PyPI into a folder of its own. Where that cannot be reached, its tests are
# skipped, and said so.
.PHONY: test-recipes
test-recipes: tools ## the recipes for Conan and vcpkg (Debian: cmake pkg-config python3-venv)
	$(call need,cmake,Debian and Ubuntu: apt-get install cmake)
	$(call venv,$(OUT)/conan)
	@# Without Conan the script reports that its tests are skipped.
	@[ -x $(OUT)/conan/bin/conan ] || $(OUT)/conan/bin/pip install -q --disable-pip-version-check 'conan>=2,<3' || true
	CONAN=$(OUT)/conan/bin/conan tests/install/recipes.sh

# Meson comes from PyPI, too. SHIP_PROFILE=dev builds the archives without LTO, in a tenth of the
# time; then the checks of the size and of the builder's paths are skipped, and said so.
.PHONY: test-dist
test-dist: dist ## the archives, unpacked and used (Debian: cmake pkg-config mono-mcs gdb)
	$(call need,cmake,Debian and Ubuntu: apt-get install cmake)
	$(call need,pkg-config,Debian and Ubuntu: apt-get install pkg-config)
	$(call need,mcs,Debian and Ubuntu: apt-get install mono-mcs)
	$(call need,gdb,Debian and Ubuntu: apt-get install gdb)
	$(call venv,$(OUT)/meson)
	@# Without Meson the script reports that its tests are skipped.
	@[ -x $(OUT)/meson/bin/meson ] || $(OUT)/meson/bin/pip install -q --disable-pip-version-check 'meson>=1,<2' 'ninja>=1,<2' || true
	MESON=$(OUT)/meson/bin/meson SHIP_PROFILE=$(SHIP_PROFILE) \
	    tests/install/dist.sh $(DIST)/$(SHIP).tar.gz $(DIST)/$(SHIP)-development.tar.gz

# ---- trying --------------------------------------------------------------------------------------

.PHONY: demo
demo: lib wheel ## build the library and the Python package; play a session in the sandbox
	@mkdir -p $(OUT)
	$(CC) -std=c99 $(WARN) -I $(DIST)/include tests/c/example.c -o $(OUT)/example \
	    -L $(DIST)/lib -Wl,-rpath,$(DIST)/lib -liplaygames
	@echo
	$(OUT)/example
	$(call venv,$(VENVS)/demo)
	$(VENVS)/demo/bin/pip install -q --no-index --force-reinstall $(DIST)/python/*.whl
	@echo
	$(VENVS)/demo/bin/python bindings/python/examples/session.py

# ---- testing -------------------------------------------------------------------------------------

.PHONY: test
test: test-rust test-c test-cpp test-python ## every suite

.PHONY: test-rust
test-rust: tools ## the Rust suites in full; `cargo test` runs a shorter version of the long ones
	CI=true $(CARGO) test --workspace

# Compiled apart, since the flag is one for every crate.
.PHONY: test-loom
test-loom: tools ## models of the code that threads share, in every order of their steps (loom)
	RUSTFLAGS="--cfg iplaygames_loom" CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/loom \
	    $(CARGO) test --lib loom_tests -- --show-output

# The suites whose promises do not depend on the transport. Each test says itself what only the
# native transport promises; the suite http2 is for that transport only.
REQWEST_SUITES := abandoned answers cli download driver_failure game_loop host matrix memory observers \
    operations outcome_truth proxy resources retry sandbox slow_resolver soak submit threads tls watch wire

.PHONY: test-reqwest
test-reqwest: python-dev lib-dev ## suites of Rust, C and Python with the reqwest transport
	IPLAYGAMES_TRANSPORT=reqwest $(CARGO) test $(addprefix --test ,$(REQWEST_SUITES))
	IPLAYGAMES_TRANSPORT=reqwest REQUESTS=3000 CC="$(CC)" CXX="$(CXX)" tests/c/run.sh $(OUT)/lib
	cd bindings/python && IPLAYGAMES_TRANSPORT=reqwest CALLS=$(CALLS) $(DEV)/python -m pytest -q

# The tests of the roots of the system need a library without roots of its own.
.PHONY: test-bundled-roots
test-bundled-roots: tools ## the tests of root certificates with the feature bundled-roots
	$(CARGO) test --features bundled-roots --lib tls
	$(CARGO) test --features bundled-roots --test tls bundled_roots

.PHONY: test-c
test-c: lib-dev ## the C programs, compiled as C99 and as C++17
	CC="$(CC)" CXX="$(CXX)" tests/c/run.sh $(OUT)/lib

.PHONY: test-cpp
test-cpp: lib-dev ## the C++ wrapper, as C++17 and C++20, with exceptions and without
	CXX="$(CXX)" bindings/cpp/tests/run.sh $(OUT)/lib

.PHONY: test-cpp-sanitizers
test-cpp-sanitizers: lib-dev ## the same under ASan and UBSan (Debian: clang libclang-rt-dev)
	CXX="g++ clang++" SANITIZE=1 bindings/cpp/tests/run.sh $(OUT)/lib

.PHONY: test-asan
test-asan: tools ## Rust suites and C programs under ASan, LSan and (C) UBSan (Debian: llvm)
	CARGO="$(CARGO)" CC="$(CC)" CXX="$(CXX)" tests/asan/run.sh

.PHONY: test-tsan
test-tsan: tools ## threads on shared clients under TSan (tests/tsan/run.sh lists packages)
	CARGO="$(CARGO)" tests/tsan/run.sh

.PHONY: valgrind
valgrind: lib-dev ## the C programs under valgrind (Debian: apt-get install valgrind)
	$(call need,valgrind,Debian and Ubuntu: apt-get install valgrind)
	CC="$(CC)" CXX="$(CXX)" VALGRIND=1 tests/c/run.sh $(OUT)/lib

.PHONY: stress
stress: lib-dev ## exactly once, with 100,000 calls in flight and thrown about
	CC="$(CC)" CXX="$(CXX)" REQUESTS=100000 SEED=$$(date +%s) tests/c/run.sh $(OUT)/lib stress

.PHONY: matrix
matrix: python-dev ## every fault, operation and protocol; writes docs/reliability.md
	CI=true IPLAYGAMES_MATRIX_PYTHON=$(DEV)/python IPLAYGAMES_MATRIX_WRITE=1 \
	    $(CARGO) test --test matrix -- --ignored --nocapture every_reported_outcome_of_the_whole_matrix_is_true

# A million lives take five minutes on two processors.
LIVES ?= 1000000
.PHONY: soak
soak: tools ## LIVES session lives with faults; writes docs/reliability-soak.csv and .svg
	LIVES=$(LIVES) SOAK_WRITE=1 $(CARGO) test --test soak -- --nocapture
	$(PYTHON) tests/soak/chart.py docs/reliability-soak.csv docs/reliability-soak.svg

# Twenty minutes on two processors.
KILLS ?= 1000
.PHONY: kill9
kill9: python-dev ## KILLS processes of three kinds are killed; no session is lost
	CI=true IPLAYGAMES_KILL9=$(KILLS) IPLAYGAMES_KILL9_PYTHON=$(DEV)/python \
	    $(CARGO) test --test journal -- --nocapture kill9

FUZZ_TARGETS := http1 http1_sequence http2 arguments config json abi

# Flags of a nightly compiler, which RUSTC_BOOTSTRAP lets stable take. Inputs that crash stay in
# fuzz/artifacts. An input that takes more than a minute counts as a crash.
FUZZ = RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/fuzz $(CARGO) fuzz

.PHONY: fuzz
fuzz: tools ## every fuzz target, FUZZ_SECONDS each (60); needs cargo-fuzz
	$(call need,cargo-fuzz,cargo install cargo-fuzz --locked)
	$(FUZZ) build
	for target in $(FUZZ_TARGETS); do \
	    mkdir -p fuzz/corpus/$$target && \
	    $(FUZZ) run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	        -max_total_time=$(or $(FUZZ_SECONDS),60) -max_len=2000 -timeout=60 || exit 1; \
	done
	@echo "$(words $(FUZZ_TARGETS)) passed, 0 failed"

.PHONY: fuzz-smoke
fuzz-smoke: tools ## the same for ten seconds each; installs cargo-fuzz if it is missing
	@command -v cargo-fuzz >/dev/null 2>&1 || $(CARGO) install cargo-fuzz --locked
	$(MAKE) fuzz FUZZ_SECONDS=10

.PHONY: test-install
test-install: tree-and-tool ## programs with the installed package (Debian: cmake pkg-config clang)
	$(call need,cmake,Debian and Ubuntu: apt-get install cmake)
	$(call need,pkg-config,Debian and Ubuntu: apt-get install pkg-config)
	$(call need,clang,Debian and Ubuntu: apt-get install clang)
	tests/install/run.sh

.PHONY: repeat
repeat: lib-dev python-dev ## the hazard suites, ten times
	@for round in 1 2 3 4 5 6 7 8 9 10; do \
	    echo "round $$round of 10"; \
	    CI=true $(CARGO) test --quiet --test host --test retry --test tls --test proxy --test submit || exit 1; \
	    CC="$(CC)" CXX="$(CXX)" tests/c/run.sh $(OUT)/lib || exit 1; \
	    (cd bindings/python && CALLS=$(CALLS) $(DEV)/python -m pytest -q tests/test_hazards.py) || exit 1; \
	done

# ---- Python --------------------------------------------------------------------------------------

VENVS := $(CARGO_TARGET_DIR)/python
DEV := $(VENVS)/dev/bin
# How many calls the test for leaks makes.
CALLS ?= $(if $(CI),100000,20000)

define venv
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
endef

# The environment that builds packages.
MATURIN := $(VENVS)/build/bin/maturin
define maturin
	$(call venv,$(VENVS)/build)
	$(VENVS)/build/bin/pip install -q --disable-pip-version-check "$$(grep ^maturin bindings/python/requirements-dev.txt)"
endef

.PHONY: python-dev
python-dev: tools
	$(call venv,$(VENVS)/dev)
	$(DEV)/pip install -q --disable-pip-version-check -r bindings/python/requirements-dev.txt
	cd bindings/python && VIRTUAL_ENV=$(VENVS)/dev $(DEV)/maturin develop -q --features test-hooks

.PHONY: test-python
test-python: python-dev ## tests the Python package in its own virtual environment
	cd bindings/python && CALLS=$(CALLS) $(DEV)/python -m pytest -q

.PHONY: lint-python
lint-python: python-dev ## the Python package: format, rules, types, stubs, free-threaded build
	$(DEV)/ruff format --check -q && $(DEV)/ruff check -q
	cd bindings/python && $(DEV)/mypy && $(DEV)/pyright --pythonpath $(DEV)/python && $(DEV)/python -m mypy.stubtest iplaygames_native._core
	PYO3_CONFIG_FILE=$(CURDIR)/bindings/python/free-threaded.txt \
	    $(CARGO) check -p iplaygames-python --no-default-features

.PHONY: test-python-install
test-python-install: python-dev ## tests the installation of the Python package
	MATURIN=$(DEV)/maturin PYTHON=$(PYTHON) bindings/python/tests/install.sh

# Not kept in the repository: the file depends on the compiler.
python-notices = $(PYTHON) packaging/licenses.py --package iplaygames-python >THIRD-PARTY-LICENSES.txt

.PHONY: wheel
wheel: tools ## builds the Python wheel into dist/python/
	$(maturin)
	rm -f $(DIST)/python/*.whl
	$(python-notices)
	$(PYTHON) packaging/sbom.py --package iplaygames-python >$(VENVS)/iplaygames-native.cdx.json
	$(REMAP) $(MATURIN) build -q --profile $(PROFILE) --out $(DIST)/python \
	    --sbom-include $(VENVS)/iplaygames-native.cdx.json

.PHONY: sdist
sdist: tools ## builds the Python source distribution into dist/python/
	$(maturin)
	rm -f $(DIST)/python/*.tar.gz
	$(python-notices)
	$(MATURIN) sdist --out $(DIST)/python

include packaging/python.mk

# ---- engines -------------------------------------------------------------------------------------

# Each runs headless and against the sandbox. What hangs is ended after two minutes.
ENGINE := LD_LIBRARY_PATH=$(OUT)/lib SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy timeout -k 5 120

.PHONY: engines
engines: sdl2 love mono libcurl ## the integrations with engines, each run headless

.PHONY: sdl2
sdl2: lib-dev ## a game loop with SDL2 (Debian: apt-get install libsdl2-dev)
	$(call need,sdl2-config,Debian and Ubuntu: apt-get install libsdl2-dev)
	$(CC) -std=c99 -O2 $(WARN) -I include bindings/sdl2/game.c bindings/sdl2/frames.c $$(sdl2-config --cflags) \
	    -o $(OUT)/game -L $(OUT)/lib -liplaygames $$(sdl2-config --libs) -lm
	$(ENGINE) $(OUT)/game

.PHONY: libcurl
libcurl: lib-dev ## a game loop with libcurl as transport (Debian: libcurl4-openssl-dev)
	$(call need,curl-config,Debian and Ubuntu: apt-get install libcurl4-openssl-dev)
	$(CC) -std=c99 -D_POSIX_C_SOURCE=200809L -O2 $(WARN) -I include bindings/libcurl/session.c \
	    $$(curl-config --cflags) -o $(OUT)/curl_session -L $(OUT)/lib -liplaygames $$(curl-config --libs) \
	    -Wl,-rpath,$(OUT)/lib
	$(OUT)/curl_session

.PHONY: frames
frames: sdl2 lib ## a picture of frame times with 1,000 calls in flight, in dist/frames.png
	ulimit -n 4096 && LD_LIBRARY_PATH=$(DIST)/lib SDL_VIDEODRIVER=dummy timeout -k 5 60 \
	    $(OUT)/game --histogram $(DIST)/frames.png

.PHONY: love
love: lib-dev ## the module for LÖVE: tests and demo (Debian: apt-get install love)
	$(call need,love,Debian and Ubuntu: apt-get install love)
	$(ENGINE) love bindings/love test
	$(ENGINE) love bindings/love

MCS := mcs -langversion:7 -warn:4 -warnaserror -nologo

# The last package has System.Net.Http.dll, for which there is no command.
.PHONY: mono
mono: lib-dev ## the wrapper for Unity and .NET (Debian: mono-mcs libmono-system-net-http4.0-cil)
	$(call need,mcs,Debian and Ubuntu: apt-get install mono-mcs)
	$(call need,mono,Debian and Ubuntu: apt-get install mono-runtime)
	$(MCS) -define:UNITY_2020_1_OR_NEWER -r:System.Net.Http -out:$(OUT)/tests.exe tests/install/unity_engine.cs \
	    $(addprefix bindings/unity/,IPlayGames.cs HostTransport.cs UnityWebRequestTransport.cs HttpClientTransport.cs Tests.cs TransportTests.cs)
	$(MCS) -out:$(OUT)/demo.exe bindings/unity/IPlayGames.cs bindings/unity/Demo.cs
	$(ENGINE) mono --debug $(OUT)/tests.exe
	$(ENGINE) mono $(OUT)/demo.exe

# ---- measuring -----------------------------------------------------------------------------------

.PHONY: bench-loop
bench-loop: tools ## what a game loop pays: ticks, submits, watches (figures, no verdict)
	$(CARGO) bench --profile quick --bench game_loop

.PHONY: bench-journal
bench-journal: tools ## starts a second with a journal and without, and the size of the library
	$(CARGO) bench --profile quick --bench journal

.PHONY: instructions
instructions: lib-slim ## instructions a call, against a baseline (ACCEPT=1 renews it)
	$(PYTHON) benches/compare/test_bench.py
	$(PYTHON) benches/instructions.py $(if $(ACCEPT),--accept) $(if $(RUNS),--runs $(RUNS))

.PHONY: bench-micro
bench-micro: tools ## handles, arguments, submitting and JSON, a piece at a time
	$(CARGO) bench --features internals --bench micro

.PHONY: bench
bench: lib-slim ## beside libcurl, reqwest and the official clients (QUICK=1: a minute or two)
	$(PYTHON) benches/compare/bench.py $(if $(QUICK),--quick) $(if $(NAME),--name $(NAME)) $(BENCH)

.PHONY: bench-scale
bench-scale: lib-slim ## what a watched session costs, 10 to 100,000 of them (about four minutes)
	$(PYTHON) benches/compare/scale_bench.py $(if $(QUICK),--quick) $(if $(NAME),--name $(NAME))

.PHONY: bench-python
bench-python: tools ## the Python package beside the official client, requests, httpx and others
	$(PYTHON) benches/compare/python_bench.py $(if $(QUICK),--quick) $(if $(NAME),--name $(NAME))

# ---- the binary interface ------------------------------------------------------------------------

# With debug information for this crate, in one unit; what abidw reads.
.PHONY: lib-abi
lib-abi: tools
	$(call need,abidw,Debian and Ubuntu: apt-get install abigail-tools)
	$(CARGO) rustc --lib --crate-type cdylib $(ALLOCATOR) $(LINK) -C debuginfo=2 -C codegen-units=1
	@mkdir -p $(OUT)/abi
	$(call put,$(CARGO_TARGET_DIR)/debug/libiplaygames.$(SO),$(OUT)/abi)

.PHONY: abi
abi: lib-abi ## write the ABI's baseline to abi/ (Debian: apt-get install abigail-tools)
	abi/check.py update $(OUT)/abi/libiplaygames.$(SO)

.PHONY: abi-check
abi-check: lib-abi ## the ABI against its baseline, and that the comparison can fail
	tests/install/abi.sh $(OUT)/abi/libiplaygames.$(SO)

# ---- documents -----------------------------------------------------------------------------------

.PHONY: docs
docs: ## the API reference from the headers, in dist/docs/html/ (Debian: apt-get install doxygen)
	$(call need,doxygen,Debian and Ubuntu: apt-get install doxygen)
	@mkdir -p $(DIST)/docs
	tests/install/docs.sh $(DIST)/docs

# The tools that come from PyPI, in a virtual environment of their own.
LINT := $(CARGO_TARGET_DIR)/lint/bin

.PHONY: lint-tools
lint-tools: tools
	$(call venv,$(CARGO_TARGET_DIR)/lint)
	$(LINT)/pip install -q --disable-pip-version-check -r .ci/requirements.txt "$$(grep ^ruff bindings/python/requirements-dev.txt)"

# The files of src/ffi/ are parts of a generated header.
C_FILES = $(shell git ls-files '*.c' '*.h' '*.cpp' '*.hpp' | \
    grep -vE '^(include|src/ffi)/|^bindings/cpp/iplaygames.hpp')

.PHONY: format-c
format-c: lint-tools ## format the C and C++ files with clang-format
	$(LINT)/clang-format -i $(C_FILES)

.PHONY: lint
lint: lint-tools ## generated files, format, prose, links, clippy for each set of features, rustdoc
	$(PYTHON) bindings/generate_codes.py --check
	$(PYTHON) bindings/cpp/amalgamate.py --check
	$(LINT)/python bindings/python/generate.py --check
	$(PYTHON) .ci/line_length.py
	$(PYTHON) .ci/dead_links.py
	$(LINT)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(LINT)/python .ci/workflows.py
	$(LINT)/clang-format --dry-run -Werror $(C_FILES)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --features internals --benches -- -D warnings
	$(CARGO) clippy --no-default-features -- -D warnings
	$(CARGO) clippy --no-default-features --features capi -- -D warnings
	$(CARGO) clippy --no-default-features --features capi,native -- -D warnings
	$(CARGO) clippy --no-default-features --features bundled-roots -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --workspace

ADVISORIES := https://github.com/RustSec/advisory-db

# The last check needs a git repository beside the registry. Where that cannot be reached, the check
# is skipped, and the output says so.
.PHONY: deny
deny: lint-tools ## licences, duplicate versions, sources and advisories of the dependencies
	$(LINT)/cargo-deny --workspace --locked check licenses bans sources
	$(LINT)/cargo-deny --manifest-path fuzz/Cargo.toml --config deny.toml --locked check sources
	@if GIT_TERMINAL_PROMPT=0 git ls-remote $(ADVISORIES) HEAD >/dev/null 2>&1; then \
	    $(LINT)/cargo-deny --workspace --locked check advisories; \
	else \
	    echo "skipped: the check for advisories, because $(ADVISORIES) cannot be reached"; \
	fi

# rustdoc's JSON is a nightly format, which packaging/nightly_rustdoc.sh lets stable write.
.PHONY: public-api
public-api: tools ## the public Rust API against docs/public-api.txt (ACCEPT=1 renews that list)
	RUSTDOC=$(CURDIR)/packaging/nightly_rustdoc.sh $(CARGO) rustdoc --lib -- -Z unstable-options --output-format json
	$(PYTHON) packaging/public_api.py $(CARGO_TARGET_DIR)/doc/iplaygames.json $(if $(ACCEPT),--write)

MSRV := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

# rustup installs the compiler if it is not the one in use. CI's own compiler is this version.
.PHONY: msrv
msrv: tools ## the library with the oldest supported compiler, rust-version in Cargo.toml
	@if rustc --version | grep -q '^rustc $(subst .,\.,$(MSRV))\.'; then toolchain=; \
	else toolchain=+$(MSRV) && rustup toolchain install --profile minimal $(MSRV) || exit 1; fi; \
	set -x; $(CARGO) $$toolchain check --locked --lib && \
	$(CARGO) $$toolchain check --locked --lib --no-default-features

# Cargo refuses files that are not committed. It only warns about a crate that was withdrawn.
.PHONY: publish-check
publish-check: tools ## the package for crates.io, without the upload
	@mkdir -p $(OUT)
	$(CARGO) publish --dry-run --locked >$(OUT)/publish.log 2>&1 || { cat $(OUT)/publish.log >&2; exit 1; }
	@! grep -A1 yanked $(OUT)/publish.log >&2
	@grep -E 'Packaged|Finished' $(OUT)/publish.log

# ---- other platforms -----------------------------------------------------------------------------

include packaging/cross.mk

.PHONY: clean
clean: ## remove what was built
	rm -rf $(DIST) $(OUT)
	$(CARGO) clean
