#!/usr/bin/env bash
# Builds packages with the recipes in bindings/, and a program with each package.
#
#     CONAN=… tests/install/recipes.sh
#
# Conan runs as it is, with a home of its own. vcpkg cannot be installed from a package; its port
# runs in CMake with stand-ins for vcpkg's functions.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"

# The recipes are tested here, and not the optimiser: without LTO they take a tenth of the time.
export PROFILE=dev
version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' "$root/include/iplaygames.h")

check "the vcpkg port has the version of the library" grep -F "\"version-semver\": \"$version\"" "$root/bindings/vcpkg/iplaygames/vcpkg.json"
# port LINKAGE WANTED UNWANTED NEEDED
port() {
    local packages=$work/$1/packages build=$work/$1/build file
    cmake -DWORK="$work/$1" -DLINKAGE="$1" -P "$here/vcpkg.cmake" || return 1
    for file in "lib/$2" include/iplaygames.h share/iplaygames/IPlayGamesConfig.cmake share/iplaygames/copyright share/iplaygames/usage tools/iplaygames/iplaygames; do
        [ -e "$packages/$file" ] || { echo "no $file"; return 1; }
    done
    [ ! -e "$packages/lib/$3" ] && [ ! -e "$packages/bin" ] && [ ! -e "$packages/share/doc" ] || return 1
    cmake -S "$here/cmake" -B "$build" -DCMAKE_PREFIX_PATH="$packages" -DTARGET=iplaygames && cmake --build "$build" &&
        (cd "$build" && run ctest --output-on-failure)
}
check "the vcpkg port lays out the shared library, and a program uses it" port dynamic libiplaygames.so libiplaygames.a
check "the vcpkg port lays out the static library, and a program uses it" port static libiplaygames.a libiplaygames.so

if [ ! -x "$CONAN" ]; then
    echo "skipped: the recipe for Conan. There is no $CONAN: it could not be installed, for the reason above" >&2
    ends
    exit
fi
export CONAN_HOME=$work/conan
package() { "$CONAN" create "$root/bindings/conan" -c tools.cmake.cmake_layout:test_folder="$work/test_package" -o "&:shared=$1"; }
check "Conan's own settings can be found" "$CONAN" profile detect
check "Conan builds the shared library, and a program uses it" package True
check "Conan builds the static library, and a program uses it" package False

ends
