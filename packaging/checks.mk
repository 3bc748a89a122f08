# Type checks for the targets that no tool of this machine can link. They prove that the Rust code
# compiles there, and nothing else. The Makefile includes this file through cross.mk.

CHECK_TARGETS := aarch64-apple-darwin x86_64-apple-darwin aarch64-apple-ios aarch64-linux-android x86_64-pc-windows-msvc

.PHONY: check-targets
check-targets: $(addprefix check-,$(CHECK_TARGETS)) ## type checks for macOS, iOS, Android and MSVC
	@echo "$(words $(CHECK_TARGETS)) passed, 0 failed"

# The library and the tests; then the library alone as it ships in a game.
.PHONY: $(addprefix check-,$(CHECK_TARGETS))
$(addprefix check-,$(CHECK_TARGETS)): check-%: cross-setup-%
	$(call cross-cargo,$*) check --lib --tests
	$(call cross-cargo,$*) check --lib $(SLIM)
