# Builds for other platforms than this machine's. The Makefile includes this file, and it includes
# the file of each platform. packaging/cross/ has the scripts.

# The target folder of all cross builds; cargo's lock serialises them.
CROSS_TARGET_DIR ?= $(CARGO_TARGET_DIR)/cross
# A cargo that has the standard libraries of the targets, such as rustup's. If it is empty,
# packaging/cross/cargo.sh takes the toolchain on the path if that has them, else Debian's.
CROSS_CARGO ?=
export CROSS_TARGET_DIR CROSS_CARGO

# Runs cargo: $(call cross-cargo,TARGET) build ...
cross-cargo = packaging/cross/cargo.sh $(1)
# The flags of what ships: no paths of the builder.
CROSS_REMAP = $(if $(filter dist,$(PROFILE)),REMAP=1)

# The wheel for a target, in WHEELS. The last command is maturin's, which may get more options.
WHEELS := $(DIST)/wheels
define cross-wheel
	$(maturin)
	CARGO_BUILD_TARGET=$(1) $(python-notices)
	CARGO_BUILD_TARGET=$(1) $(PYTHON) packaging/sbom.py --package iplaygames-python >$(VENVS)/$(1).cdx.json
	$(CROSS_REMAP) $(call cross-cargo,$(1)) with $(MATURIN) build -q --profile $(PROFILE) --target $(1) \
	    --manifest-path bindings/python/Cargo.toml --out $(WHEELS) --sbom-include $(VENVS)/$(1).cdx.json
endef

.PHONY: cross-setup-%
cross-setup-%:
	packaging/cross/setup.sh $*

# The environment of maturin, which the wheels for several targets share.
.PHONY: maturin-env
maturin-env: tools
	$(maturin)

-include packaging/windows.mk packaging/linux.mk packaging/checks.mk packaging/apple.mk packaging/android.mk
