# Windows x64: libraries, archives and tests. The Makefile includes this file through cross.mk.
# packaging/windows/ has the scripts, and docs/platforms.md says what is tested.

# The target of rustc. Its libraries serve programs of mingw and of MSVC: the interface is C's.
WINDOWS := x86_64-pc-windows-gnu
# The prefix of mingw's tools.
MINGW ?= x86_64-w64-mingw32-
LLVM_DLLTOOL ?= llvm-dlltool
# The command that runs a program of Windows; empty on Windows.
WINDOWS_RUNNER ?= $(if $(filter Windows_NT,$(OS)),,$(CURDIR)/tests/windows/wine.sh)
export LLVM_DLLTOOL WINDOWS_RUNNER
export DLLTOOL = $(MINGW)dlltool
export WINDRES = $(MINGW)windres

WINDOWS_BUILT = $(CROSS_TARGET_DIR)/$(WINDOWS)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
WINDOWS_CARGO = $(CROSS_REMAP) $(call cross-cargo,$(WINDOWS))
# The folder of the development build that the tests use, and of wine.
WINDOWS_OUT = $(CROSS_TARGET_DIR)/windows
# The version resource; and no time of the build, so that the same sources give the same bytes.
windows-link = -- -C link-arg=$(WINDOWS_BUILT)/version-$(1).o -C link-arg=-Wl,--no-insert-timestamp

# What the slim DLL may have at most, in bytes.
WINDOWS_LIMIT := 2900000

.PHONY: windows-tools
windows-tools: tools cross-setup-$(WINDOWS)
	$(call need,$(LLVM_DLLTOOL),Debian and Ubuntu: apt-get install llvm)

# The DLL and the static library in one run: the optimiser, most of the time, works for both.
define windows-libraries
	packaging/windows/version.sh iplaygames.dll $(WINDOWS_BUILT)/version-dll.o
	$(WINDOWS_CARGO) rustc --profile $(PROFILE) --lib --crate-type cdylib,staticlib $(FEATURES) $(ALLOCATOR) \
	    $(call windows-link,dll) $(INLINE) --print native-static-libs=$(WINDOWS_BUILT)/native-static-libs
endef

define windows-tool
	packaging/windows/version.sh iplaygames.exe $(WINDOWS_BUILT)/version-exe.o
	$(WINDOWS_CARGO) rustc --profile $(PROFILE) --bin iplaygames $(FEATURES) $(call windows-link,exe)
endef

# Everything that an archive for Windows is made of, in one folder: TREE. The symbols of a file go
# into a file beside it, which it names, and which gdb finds by that name.
define windows-put
	cd $(TREE) && $(MINGW)objcopy --only-keep-debug $(WINDOWS_BUILT)/$(1) $(1).debug && chmod 644 $(1).debug && \
	    $(MINGW)objcopy --strip-all --add-gnu-debuglink=$(1).debug $(WINDOWS_BUILT)/$(1) $(1)
endef

.PHONY: windows-tree
windows-tree:
	$(windows-libraries)
	@mkdir -p $(TREE)
	$(call windows-put,iplaygames.dll)
	packaging/windows/import.sh $(TREE)
	LD=$(MINGW)ld OBJCOPY=$(MINGW)objcopy AR=$(MINGW)ar NM=$(MINGW)nm \
	    packaging/windows/static.py $(WINDOWS_BUILT)/libiplaygames.a $(TREE)/libiplaygames.a
	cp $(WINDOWS_BUILT)/native-static-libs $(TREE)/
	CARGO_BUILD_TARGET=$(WINDOWS) $(PYTHON) packaging/licenses.py $(FEATURES) >$(TREE)/THIRD-PARTY-LICENSES.txt
	CARGO_BUILD_TARGET=$(WINDOWS) $(PYTHON) packaging/sbom.py $(FEATURES) >$(TREE)/iplaygames.cdx.json

.PHONY: windows-tree-and-tool
windows-tree-and-tool: windows-tree
	$(windows-tool)
	$(MINGW)objcopy --strip-all $(WINDOWS_BUILT)/iplaygames.exe $(TREE)/iplaygames.exe

WINDOWS_SHIP := iplaygames-$(VERSION)-x86_64-windows
WINDOWS_INSTALL = $(PYTHON) packaging/install.py --platform windows

.PHONY: dist-windows
dist-windows: windows-tools ## two archives for Windows x64 in dist/, built with mingw, and their check
	$(CARGO) fetch --locked
	$(MAKE) windows-tree PROFILE=$(SHIP_PROFILE) FEATURES="$(SLIM)" TREE=$(DIST)/windows/ship
	$(MAKE) windows-tree-and-tool PROFILE=$(SHIP_PROFILE) TREE=$(DIST)/windows/development
	$(MAKE) windows-archives
	$(MAKE) test-dist-windows

# SHIP_PROFILE=dev builds the archives without LTO, in a tenth of the time; then the checks of the
# size, the imports and the builder's paths are skipped, and said so.
.PHONY: test-dist-windows
test-dist-windows:
	$(call need,cmake,Debian and Ubuntu: apt-get install cmake)
	$(call need,unzip,Debian and Ubuntu: apt-get install unzip)
	MINGW=$(MINGW) WINEPREFIX=$(WINDOWS_OUT)/wine SHIP_PROFILE=$(SHIP_PROFILE) tests/windows/dist.sh \
	    $(DIST)/$(WINDOWS_SHIP).zip $(DIST)/$(WINDOWS_SHIP)-development.zip $(WINDOWS_LIMIT)

.PHONY: windows-archives
windows-archives:
	rm -rf $(DIST)/$(WINDOWS_SHIP) $(DIST)/$(WINDOWS_SHIP)-development
	$(WINDOWS_INSTALL) --tree $(DIST)/windows/ship --prefix $(DIST)/$(WINDOWS_SHIP)
	$(WINDOWS_INSTALL) --tree $(DIST)/windows/development --prefix $(DIST)/$(WINDOWS_SHIP)-development
	$(PYTHON) packaging/archive.py --target $(WINDOWS) $(DIST)/$(WINDOWS_SHIP)
	$(PYTHON) packaging/archive.py --target $(WINDOWS) --development $(DIST)/$(WINDOWS_SHIP)-development

# ---- tests ---------------------------------------------------------------------------------------

WINDOWS_FEATURES := --features host-allocator,internals

# Cargo for development builds, which keep their paths: other flags would build everything anew. Fat
# LTO takes ten minutes, so the tests do without.
WINDOWS_DEV_CARGO = $(call cross-cargo,$(WINDOWS))

# rustup's lld, if there is one. packaging/cross/mingw-gcc.sh links the programs of the tests with
# it, by way of clang.
RUSTUP_LLD = $(if $(shell command -v clang),$(wildcard $(shell rustc --print target-libdir)/../bin/gcc-ld/ld.lld))

# The suites that run: those of tests/ without those that tests/windows/excluded.txt has whole.
WINDOWS_SUITES = $(filter-out $(shell awk '$$2 == "*" { print $$1 }' tests/windows/excluded.txt), \
    $(patsubst tests/%.rs,%,$(wildcard tests/*.rs)) $(patsubst tests/%/main.rs,%,$(wildcard tests/*/main.rs)))

.PHONY: windows-dev
windows-dev: windows-tools
	@mkdir -p $(WINDOWS_OUT)
	$(WINDOWS_DEV_CARGO) rustc --lib --crate-type cdylib $(WINDOWS_FEATURES)
	$(call put,$(CROSS_TARGET_DIR)/$(WINDOWS)/debug/iplaygames.dll,$(WINDOWS_OUT))
	packaging/windows/import.sh $(WINDOWS_OUT)
	WINDOWS_TEST_LLD=$(RUSTUP_LLD) $(WINDOWS_DEV_CARGO) test $(WINDOWS_FEATURES) --lib --bins $(addprefix --test ,$(WINDOWS_SUITES)) --no-run >$(WINDOWS_OUT)/tests.log 2>&1 || \
	    { cat $(WINDOWS_OUT)/tests.log >&2; exit 1; }

.PHONY: test-windows
test-windows: windows-dev ## Windows x64 on wine (Debian: wine wine64 clang lld llvm)
	$(call need,clang,Debian and Ubuntu: apt-get install clang)
	$(call need,lld-link,Debian and Ubuntu: apt-get install lld)
	MINGW=$(MINGW) WINEPREFIX=$(WINDOWS_OUT)/wine tests/windows/run.sh $(WINDOWS_OUT) \
	    $(CROSS_TARGET_DIR)/$(WINDOWS)/debug/iplaygames.exe $(WINDOWS_OUT)/tests.log $(CHECKS)

# The Python extension for Windows: its exports and imports, and the Python suite in the Pythons of
# python.org, which come from PyPI. On Windows, `make test-python` runs the suite. wine has a folder
# of its own, so that the suite may run beside test-windows, which ends wine's server.
.PHONY: windows-wheel
windows-wheel: windows-tools
	$(maturin)
	rm -f $(WINDOWS_OUT)/*.whl
	$(WINDOWS_DEV_CARGO) with $(MATURIN) build -q --profile dev --target $(WINDOWS) \
	    --features test-hooks --manifest-path bindings/python/Cargo.toml --out $(WINDOWS_OUT)

.PHONY: test-windows-python
test-windows-python: windows-wheel ## the Python package in Windows' Python 3.10, 3.11 and 3.13, on wine
	packaging/windows/pe.py python $(CROSS_TARGET_DIR)/$(WINDOWS)/debug/_core.dll
	$(if $(WINDOWS_RUNNER),tests/windows/wine.sh --setup $(WINDOWS_OUT)/wine-python)
	$(if $(WINDOWS_RUNNER),WINEPREFIX=$(WINDOWS_OUT)/wine-python PYTHON=$(VENVS)/build/bin/python tests/windows/python.sh \
	    $(WINDOWS_OUT)/*.whl $(WINDOWS_OUT)/python,@echo "skipped: on Windows, make test-python runs the suite")

# What ships; `make check-wheels` checks it with those for Linux.
.PHONY: wheel-windows
wheel-windows: windows-tools ## the Python wheel for Windows x64, in dist/wheels/
	$(call cross-wheel,$(WINDOWS))
