# Libraries, archives, wheels and tests for every kind of Linux: x64 and arm64, each with an old
# glibc and with musl. zig compiles and links (packaging/cross/zig.sh), so the libraries do not
# depend on the system that builds them. The Makefile includes this file through cross.mk.

LINUX_TARGETS := x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu x86_64-unknown-linux-musl aarch64-unknown-linux-musl
PORTABLE := x86_64-unknown-linux-gnu
# The command that runs a program of each target. qemu finds the loader and the C library below -L.
RUNNER_x86_64-unknown-linux-gnu :=
RUNNER_x86_64-unknown-linux-musl :=
RUNNER_aarch64-unknown-linux-gnu := qemu-aarch64-static -L /usr/aarch64-linux-gnu
RUNNER_aarch64-unknown-linux-musl = qemu-aarch64-static -L $(CROSS_TARGET_DIR)/support/aarch64-unknown-linux-musl/root
# The compilers of the tests. Debian's take less time than zig, which builds its C++ library first.
# Debian has no C++ library for musl, so zig compiles C++ there.
COMPILERS_x86_64-unknown-linux-gnu := CC=gcc CXX=g++
COMPILERS_aarch64-unknown-linux-gnu := CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++
COMPILERS_x86_64-unknown-linux-musl = CC=musl-gcc CXX=$(if $(LINUX_CPP),$(CROSS_TARGET_DIR)/support/x86_64-unknown-linux-musl/c++)
COMPILERS_aarch64-unknown-linux-musl = CC=$(CROSS_TARGET_DIR)/support/aarch64-unknown-linux-musl/cc CXX=

# ---- archives ------------------------------------------------------------------------------------

.PHONY: dist-portable
dist-portable: dist-$(PORTABLE) ## the archives of `make dist` for x64, for systems since glibc 2.17

.PHONY: dist-linux
dist-linux: $(addprefix dist-,$(LINUX_TARGETS)) ## the archives for x64 and arm64, glibc and musl

.PHONY: $(addprefix dist-,$(LINUX_TARGETS))
$(addprefix dist-,$(LINUX_TARGETS)): dist-%: cross-setup-%
	$(MAKE) dist CROSS=$*
	$(PYTHON) packaging/elf.py --slim --target $* $(DIST)/iplaygames-$(VERSION)-$*/lib/libiplaygames.so
	$(PYTHON) packaging/elf.py --target $* $(DIST)/iplaygames-$(VERSION)-$*-development/lib/libiplaygames.so

# ---- wheels --------------------------------------------------------------------------------------

WHEEL_TARGETS := $(LINUX_TARGETS)
# The tags of the wheels. musl 1.2 is the oldest that zig links for.
TAG_gnu = manylinux_$(subst .,_,$(shell sed -n 's/^glibc=//p' packaging/cross/zig.sh))
TAG_musl := musllinux_1_2

.PHONY: wheels
wheels: $(addprefix wheel-,$(WHEEL_TARGETS)) ## Python wheels for x64 and arm64, glibc and musl

.PHONY: $(addprefix wheel-,$(WHEEL_TARGETS))
$(addprefix wheel-,$(WHEEL_TARGETS)): wheel-%: cross-setup-%
	$(call cross-wheel,$*) --compatibility $(TAG_$(lastword $(subst -, ,$*)))

.PHONY: check-wheels
check-wheels: tools ## checks the wheels in dist/wheels/: tags, symbols, contents, metadata
	$(call with-venv,wheel,packaging/requirements-wheel.txt, \
	    unset PYTHONPATH; PATH=$(VENVS)/wheel/bin:$$PATH tests/install/wheels.sh $(WHEELS))

# The wheel of a development build. WHEEL tests another one.
ARM64 := aarch64-unknown-linux-gnu
.PHONY: test-wheel-$(ARM64)
test-wheel-$(ARM64): ## the Python wheel for arm64 in Debian's Python, in qemu (Debian: qemu-user-static)
	$(call need,qemu-aarch64-static,Debian and Ubuntu: apt-get install qemu-user-static)
	$(if $(WHEEL),,rm -rf $(CROSS_TARGET_DIR)/$(ARM64)/wheels)
	$(if $(WHEEL),,$(MAKE) wheel-$(ARM64) PROFILE=dev WHEELS=$(CROSS_TARGET_DIR)/$(ARM64)/wheels)
	tests/install/wheel_arm64.sh $(or $(WHEEL),$(CROSS_TARGET_DIR)/$(ARM64)/wheels/*.whl) $(CROSS_TARGET_DIR)/support/$(ARM64)-python

# ---- tests ---------------------------------------------------------------------------------------

# What the tests run: a debug build, which takes a third of the time. What ships differs in the
# optimiser only.
LINUX_DEV := --no-default-features --features capi,native,sandbox,journal,host-allocator
# The number of requests of the program `stress`.
LINUX_REQUESTS ?= 2000
# The number of rounds of the program `misuse`: qemu takes thirty seconds for 200.
LINUX_ROUNDS ?= 50
# The target whose test is also that of the C++ wrapper, and the tests that run something. zig
# builds its C++ library first; without this target it does not.
LINUX_CPP ?= x86_64-unknown-linux-musl
LINUX_CPP_TESTS := typed nonblocking session abi coroutines two_units fatal examples

.PHONY: test-linux
test-linux: $(addprefix test-,$(filter-out $(PORTABLE),$(LINUX_TARGETS))) ## the C programs on arm64 (qemu) and with musl, C++ with musl on x64

.PHONY: $(addprefix lib-dev-,$(LINUX_TARGETS))
$(addprefix lib-dev-,$(LINUX_TARGETS)): lib-dev-%: cross-setup-%
	$(call cross-cargo,$*) rustc --lib --crate-type cdylib,staticlib $(LINUX_DEV) -- $(LINK_Linux)
	@mkdir -p $(OUT)/$*/lib
	$(call put,$(CROSS_TARGET_DIR)/$*/debug/libiplaygames.so,$(OUT)/$*/lib)
	ln -sf libiplaygames.so $(OUT)/$*/lib/libiplaygames.so.$(ABI_MAJOR)

.PHONY: $(addprefix test-,$(LINUX_TARGETS))
$(addprefix test-,$(LINUX_TARGETS)): test-%: lib-dev-%
	$(PYTHON) packaging/elf.py --target $* $(OUT)/$*/lib/libiplaygames.so
	$(COMPILERS_$*) RUNNER="$(RUNNER_$*)" REQUESTS=$(LINUX_REQUESTS) ROUNDS=$(LINUX_ROUNDS) RUN_ONLY=1 \
	    tests/c/run.sh $(OUT)/$*/lib
	$(if $(filter $*,$(LINUX_CPP)),$(COMPILERS_$*) RUNNER="$(RUNNER_$*)" bindings/cpp/tests/run.sh $(OUT)/$*/lib $(LINUX_CPP_TESTS))
	CC="$(CROSS_TARGET_DIR)/support/$*/cc" RUNNER="$(RUNNER_$*)" BINUTILS=$(firstword $(subst -, ,$*))-linux-gnu- \
	    tests/install/static.sh $(CROSS_TARGET_DIR)/$*/debug

# The archive's library, so that what ships is what runs.
.PHONY: test-old-glibc
test-old-glibc: cross-setup-$(PORTABLE) ## the development archive for x64 with an older Debian's glibc
	CC="$(CROSS_TARGET_DIR)/support/$(PORTABLE)/cc" tests/install/old_glibc.sh \
	    $(DIST)/iplaygames-$(VERSION)-$(PORTABLE)-development/lib/libiplaygames.so \
	    $(DIST)/iplaygames-$(VERSION)-$(PORTABLE)-development/include
