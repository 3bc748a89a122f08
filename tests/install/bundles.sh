#!/usr/bin/env bash
# Lays out the packages for macOS, iOS and Android with stand-ins for the libraries, and checks what
# Xcode, CMake and Gradle read of them. Checks that the make targets name a tool that is missing.
#
#     tests/install/bundles.sh
#
# It proves the layout only. docs/platforms.md says what has not run on a real machine.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"

for file in dylib a sim.a so; do echo "stand-in $file" >"$work/lib.$file"; done
echo "licences" >"$work/licences"
echo "-framework Security -framework CoreFoundation -liconv -lSystem" >"$work/native"
version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' "$root/include/iplaygames.h")
headers() { for header in iplaygames.h iplaygames_sandbox.h iplaygames.hpp iplaygames_coroutines.hpp; do [ -e "$1/$header" ] || { echo "no $1/$header"; return 1; }; done; }

# ---- macOS ---------------------------------------------------------------------------------------

macos() {
    "$root/packaging/apple.py" macos --library "$work/lib.dylib" --static "$work/lib.a" --native "$work/native" \
        --licenses "$work/licences" --out "$work/mac"
}
mac_files() { cmp "$work/lib.dylib" "$work/mac/lib/libiplaygames.dylib" && cmp "$work/lib.a" "$work/mac/lib/libiplaygames.a" && headers "$work/mac/include"; }
# A project that has the targets, but does not build: no linker here takes the library.
cmake_finds() {
    mkdir -p "$work/project" && cat >"$work/project/CMakeLists.txt" <<'CMAKE' || return 1
cmake_minimum_required(VERSION 3.18)
project(game NONE)
find_package(IPlayGames REQUIRED)
get_target_property(location IPlayGames::shared IMPORTED_LOCATION)
get_target_property(libraries IPlayGames::static INTERFACE_LINK_LIBRARIES)
if(NOT EXISTS "${location}" OR NOT libraries MATCHES "^-framework Security;-framework CoreFoundation;-liconv;-lSystem$")
    message(FATAL_ERROR "location: ${location}, libraries: ${libraries}")
endif()
CMAKE
    cmake -S "$work/project" -B "$work/project/build" -DCMAKE_PREFIX_PATH="$work/mac"
}
same_archive() { cp "$1" "$work/first" && sleep 1 && shift && "$@" && cmp "$work/first" "$archive"; }
check "the package for macOS is laid out" macos
check "it has the libraries and the headers" mac_files
if command -v cmake >/dev/null; then check "CMake finds both libraries" cmake_finds; else echo "skipped: CMake is not installed"; fi
archive=$work/mac.zip
check "packing it again gives the same bytes" same_archive "$archive" macos

# ---- iOS -----------------------------------------------------------------------------------------

framework() {
    "$root/packaging/apple.py" xcframework --slice ios-arm64="$work/lib.a" --slice ios-arm64-simulator="$work/lib.sim.a" \
        --licenses "$work/licences" --out "$work/IPlayGames.xcframework"
}
described() {
    python3 - "$work/IPlayGames.xcframework" <<'PYTHON'
import pathlib, plistlib, sys
folder = pathlib.Path(sys.argv[1])
information = plistlib.loads((folder / "Info.plist").read_bytes())
assert information["CFBundlePackageType"] == "XFWK" and information["XCFrameworkFormatVersion"] == "1.0"
slices = {entry["LibraryIdentifier"]: entry for entry in information["AvailableLibraries"]}
assert set(slices) == {"ios-arm64", "ios-arm64-simulator"}, slices
assert slices["ios-arm64-simulator"]["SupportedPlatformVariant"] == "simulator"
assert "SupportedPlatformVariant" not in slices["ios-arm64"]
for name, entry in slices.items():
    assert (folder / name / entry["LibraryPath"]).is_file(), entry
    module = (folder / name / entry["HeadersPath"] / "module.modulemap").read_text()
    assert 'header "iplaygames.h"' in module, module
PYTHON
}
check "the framework for iOS is laid out" framework
check "its Info.plist names files that are there" described
check "each slice has its own library" cmp "$work/lib.sim.a" "$work/IPlayGames.xcframework/ios-arm64-simulator/libiplaygames.a"
check "a slice that is not known is refused" refuses "The slice tvos is unknown" \
    "$root/packaging/apple.py" xcframework --slice tvos="$work/lib.a" --licenses "$work/licences" --out "$work/no"
# The C interface as the module that Swift and Objective-C import.
imports() {
    echo '@import IPlayGames; const char *version(void) { return ipg_version(); }' >"$work/import.m"
    clang -fsyntax-only -fmodules -fmodules-cache-path="$work/modules" -x objective-c \
        -fmodule-map-file="$work/IPlayGames.xcframework/ios-arm64/Headers/module.modulemap" "$work/import.m"
}
if command -v clang >/dev/null; then check "clang imports the module IPlayGames" imports; else echo "skipped: clang is not installed"; fi

# ---- Android -------------------------------------------------------------------------------------

android() {
    "$root/packaging/android.py" --library arm64-v8a="$work/lib.so" --api 24 --ndk 27 --licenses "$work/licences" --out "$work/package.aar"
}
aar() {
    python3 - "$work/package.aar" "$version" <<'PYTHON'
import io, json, sys, xml.dom.minidom, zipfile
aar = zipfile.ZipFile(sys.argv[1])
names = set(aar.namelist())
needed = {"AndroidManifest.xml", "R.txt", "classes.jar", "jni/arm64-v8a/libiplaygames.so", "prefab/prefab.json"}
assert needed <= names, needed - names
manifest = xml.dom.minidom.parseString(aar.read("AndroidManifest.xml")).documentElement
assert manifest.getElementsByTagName("uses-sdk")[0].getAttribute("android:minSdkVersion") == "24"
zipfile.ZipFile(io.BytesIO(aar.read("classes.jar"))).testzip()
prefab = json.loads(aar.read("prefab/prefab.json"))
assert prefab["schema_version"] == 2 and prefab["version"] == sys.argv[2].split("-")[0], prefab
module = "prefab/modules/iplaygames/"
assert json.loads(aar.read(module + "module.json"))["android"]["library_name"] == "libiplaygames"
abi = json.loads(aar.read(module + "libs/android.arm64-v8a/abi.json"))
assert abi == {"abi": "arm64-v8a", "api": 24, "ndk": 27, "stl": "none", "static": False}, abi
assert aar.read("jni/arm64-v8a/libiplaygames.so") == aar.read(module + "libs/android.arm64-v8a/libiplaygames.so")
assert module + "include/iplaygames.h" in names
PYTHON
}
check "the package for Android is laid out" android
check "it has what Gradle and CMake read" aar
archive=$work/package.aar
check "packing it again gives the same bytes" same_archive "$archive" android
check "an ABI that is not supported is refused" refuses "The ABI armeabi-v7a is unknown" \
    "$root/packaging/android.py" --library armeabi-v7a="$work/lib.so" --api 24 --ndk 27 --licenses "$work/licences" --out "$work/no.aar"

# ---- the make targets ----------------------------------------------------------------------------

builds() { make -C "$root" --no-print-directory "$@"; }
if [ "$(uname -s)" != Darwin ]; then
    check "make dist-macos names the tool that is missing" refuses "xcrun is missing: a Mac with Xcode has it" builds dist-macos
    check "make dist-ios names the tool that is missing" refuses "xcrun is missing: a Mac with Xcode has it" builds dist-ios
fi
check "make dist-android asks for the NDK" refuses "The Android NDK is missing: install it, and set ANDROID_NDK_HOME" \
    builds dist-android ANDROID_NDK_HOME=/nonexistent

ends
