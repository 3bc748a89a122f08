# Packages for macOS and iOS. The targets need a Mac: they check their tools first and name what is
# missing. packaging/apple.py makes the layout, which `make test-bundles` tests everywhere. The
# Makefile includes this file through cross.mk.

MACOS_TARGETS := aarch64-apple-darwin x86_64-apple-darwin
IOS_TARGETS := aarch64-apple-ios aarch64-apple-ios-sim
# The oldest systems that the libraries run on. Rust's standard library asks for no newer ones.
MACOS_OLDEST := 11.0
IOS_OLDEST := 13.0
APPLE := $(CROSS_TARGET_DIR)/apple

# The libraries of one target in $(APPLE)/TARGET, with the slim features.
.PHONY: $(addprefix apple-,$(MACOS_TARGETS) $(IOS_TARGETS))
$(addprefix apple-,$(MACOS_TARGETS)): TYPES := cdylib,staticlib
$(addprefix apple-,$(IOS_TARGETS)): TYPES := staticlib
$(addprefix apple-,$(MACOS_TARGETS) $(IOS_TARGETS)): apple-%: apple-tools cross-setup-%
	mkdir -p $(APPLE)/$*
	MACOSX_DEPLOYMENT_TARGET=$(MACOS_OLDEST) IPHONEOS_DEPLOYMENT_TARGET=$(IOS_OLDEST) $(CROSS_REMAP) $(call cross-cargo,$*) \
	    rustc --profile $(PROFILE) --lib --crate-type $(TYPES) $(SLIM) $(ALLOCATOR) -- $(if $(findstring cdylib,$(TYPES)),$(LINK_Darwin)) $(INLINE) \
	    --print native-static-libs=$(APPLE)/$*/native-static-libs
	cp $(CROSS_TARGET_DIR)/$*/$(notdir $(BUILT))/libiplaygames.a $(APPLE)/$*/
	$(if $(findstring cdylib,$(TYPES)),cp $(CROSS_TARGET_DIR)/$*/$(notdir $(BUILT))/libiplaygames.dylib $(APPLE)/$*/)
	strip -S $(APPLE)/$*/libiplaygames.a
	CARGO_BUILD_TARGET=$* $(PYTHON) packaging/licenses.py $(SLIM) >$(APPLE)/$*/THIRD-PARTY-LICENSES.txt

XCODE := a Mac with Xcode has it: xcode-select --install

.PHONY: apple-tools
apple-tools: tools
	$(call need,xcrun,$(XCODE))
	$(call need,lipo,$(XCODE))
	$(call need,dsymutil,$(XCODE))
	$(call need,codesign,$(XCODE))

# The symbols go into a .dSYM beside the archive. arm64 loads no library without a signature, and
# strip damages the one that the linker makes.
.PHONY: dist-macos
dist-macos: $(addprefix apple-,$(MACOS_TARGETS)) ## the package for macOS, arm64 and x64 in one (needs a Mac)
	mkdir -p $(APPLE)/universal
	lipo -create -output $(APPLE)/universal/libiplaygames.dylib $(foreach target,$(MACOS_TARGETS),$(APPLE)/$(target)/libiplaygames.dylib)
	lipo -create -output $(APPLE)/universal/libiplaygames.a $(foreach target,$(MACOS_TARGETS),$(APPLE)/$(target)/libiplaygames.a)
	@mkdir -p $(DIST)
	dsymutil $(APPLE)/universal/libiplaygames.dylib -o $(DIST)/iplaygames-$(VERSION)-macos.dSYM
	strip -x $(APPLE)/universal/libiplaygames.dylib
	codesign --force --sign - $(APPLE)/universal/libiplaygames.dylib
	otool -D $(APPLE)/universal/libiplaygames.dylib | grep -x @rpath/libiplaygames.dylib
	nm -gU $(APPLE)/universal/libiplaygames.dylib | awk 'NF == 3 { print $$3 }' | grep -v '^_ipg_' && exit 1 || true
	$(PYTHON) packaging/apple.py macos --library $(APPLE)/universal/libiplaygames.dylib \
	    --static $(APPLE)/universal/libiplaygames.a --native $(APPLE)/aarch64-apple-darwin/native-static-libs \
	    --licenses $(APPLE)/aarch64-apple-darwin/THIRD-PARTY-LICENSES.txt --out $(DIST)/iplaygames-$(VERSION)-macos

.PHONY: dist-ios
dist-ios: $(addprefix apple-,$(IOS_TARGETS)) ## IPlayGames.xcframework for iOS and its simulator (needs a Mac)
	@mkdir -p $(DIST)
	$(PYTHON) packaging/apple.py xcframework --slice ios-arm64=$(APPLE)/aarch64-apple-ios/libiplaygames.a \
	    --slice ios-arm64-simulator=$(APPLE)/aarch64-apple-ios-sim/libiplaygames.a \
	    --licenses $(APPLE)/aarch64-apple-ios/THIRD-PARTY-LICENSES.txt --out $(DIST)/IPlayGames.xcframework

.PHONY: test-bundles
test-bundles: tools ## the layout of the packages for macOS, iOS and Android, with stand-ins
	tests/install/bundles.sh
