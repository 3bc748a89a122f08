# The package for Android. It needs the NDK, names it if it is missing, and ANDROID_NDK_HOME is its
# folder. packaging/android.py makes the layout, which `make test-bundles` tests everywhere. The
# Makefile includes this file through cross.mk.

ANDROID_TARGET := aarch64-linux-android
ANDROID_API = $(shell sed -n 's/^api=//p' packaging/cross/targets/$(ANDROID_TARGET).sh)
ANDROID_BIN = $(firstword $(wildcard $(ANDROID_NDK_HOME)/toolchains/llvm/prebuilt/*/bin))
ANDROID := $(CROSS_TARGET_DIR)/android
# The linkers of Android and of apps know no versions in names.
LINK_Android := -C link-arg=-Wl,-soname,libiplaygames.so -C link-arg=-Wl,-z,nodelete

.PHONY: android-tools
android-tools: tools
	@test -x "$(ANDROID_BIN)/llvm-objcopy" || { \
	    echo "The Android NDK is missing: install it, and set ANDROID_NDK_HOME to its folder (it is \"$(ANDROID_NDK_HOME)\")." >&2; exit 1; }

# The symbols stay in a file beside the package, for crash reports.
.PHONY: dist-android
dist-android: android-tools cross-setup-$(ANDROID_TARGET) ## the .aar for Android on arm64 (needs the NDK)
	mkdir -p $(ANDROID) $(DIST)
	$(CROSS_REMAP) $(call cross-cargo,$(ANDROID_TARGET)) rustc --profile $(PROFILE) --lib --crate-type cdylib $(SLIM) $(ALLOCATOR) -- \
	    $(LINK_Android) $(INLINE)
	cp $(CROSS_TARGET_DIR)/$(ANDROID_TARGET)/$(notdir $(BUILT))/libiplaygames.so $(ANDROID)/
	$(ANDROID_BIN)/llvm-objcopy --only-keep-debug $(ANDROID)/libiplaygames.so $(DIST)/iplaygames-$(VERSION)-android-arm64.so.debug
	$(ANDROID_BIN)/llvm-objcopy --strip-all $(ANDROID)/libiplaygames.so
	CARGO_BUILD_TARGET=$(ANDROID_TARGET) $(PYTHON) packaging/licenses.py $(SLIM) >$(ANDROID)/THIRD-PARTY-LICENSES.txt
	$(PYTHON) packaging/android.py --library arm64-v8a=$(ANDROID)/libiplaygames.so --api $(ANDROID_API) \
	    --ndk $$(sed -n 's/^Pkg.Revision = \([0-9]*\).*/\1/p' "$(ANDROID_NDK_HOME)/source.properties") \
	    --licenses $(ANDROID)/THIRD-PARTY-LICENSES.txt --out $(DIST)/iplaygames-$(VERSION).aar
