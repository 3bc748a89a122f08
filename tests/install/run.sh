#!/usr/bin/env bash
# Installs into scratch folders, and builds and runs users' programs from what lies there.
#
#     tests/install/run.sh
#
# Needs what `make tree-and-tool` built, cmake, pkg-config, gcc, clang and rustc. COMPILERS names
# others, as pairs of a C and a C++ compiler: COMPILERS="gcc:g++ clang:clang++".
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compilers=${COMPILERS:-gcc:g++ clang:clang++}
warnings="-Wall -Wextra -Wpedantic -Werror"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
tree=${TREE:-$root/dist/tree}
. "$here/check.sh"

install_to() { make -s -C "$root" install BUILD=no TREE="$tree" "$@"; }
macro() { sed -n "s/^#define $1 \"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$root/include/iplaygames.h"; }

version=$(macro IPG_VERSION_STRING)
major=$(($(macro IPG_ABI_VERSION) >> 16))

# ---- what lies where ----------------------------------------------------------------------------

staged() {
    install_to DESTDIR="$work/stage" PREFIX=/opt/games LIBDIR=lib/x86_64-linux-gnu || return 1
    (cd "$work/stage" && find . -type f -o -type l) | sed 's|^\./||' | grep -v ^opt/games/share/doc/ | LC_ALL=C sort >"$work/files"
    {
        printf 'opt/games/%s\n' bin/iplaygames include/iplaygames.h include/iplaygames.hpp include/iplaygames_coroutines.hpp include/iplaygames_sandbox.h
        printf 'opt/games/lib/x86_64-linux-gnu/%s\n' cmake/IPlayGames/IPlayGamesConfig.cmake \
            cmake/IPlayGames/IPlayGamesConfigVersion.cmake libiplaygames.a libiplaygames.so \
            "libiplaygames.so.$major" "libiplaygames.so.$version" libiplaygames.so.debug pkgconfig/iplaygames.pc
    } | LC_ALL=C sort | diff - "$work/files"
}
check "an install with DESTDIR puts every file under it, and no other" staged
check "no installed text knows the folder it was staged or built in" \
    sh -c "grep -rIF -e '$work' -e '$root' '$work/stage/opt/games/lib'; [ \$? -eq 1 ]"
check "a folder outside the prefix is refused" refuses "not under the prefix" \
    install_to DESTDIR="$work/stage" PREFIX=/opt/games LIBDIR=/usr/lib
check "a prefix that is not absolute is refused" refuses "absolute" install_to PREFIX=here

install_to PREFIX="$work/before" >/dev/null || exit 1
mv "$work/before" "$work/prefix"
prefix=$work/prefix
lib=$prefix/lib
shared=$lib/libiplaygames.so

links() { [ "$(readlink "$shared")" = "libiplaygames.so.$major" ] && [ "$(readlink "$shared.$major")" = "libiplaygames.so.$version" ]; }
exports() { sed '/^#if defined(__ANDROID__)/,/^#endif/d; s|^ \*.*||' "$root"/include/*.h | grep -o 'ipg_[a-z_]*(' | tr -d '(' | sort -u | diff - <("$@" | awk '{ print $3 }' | sort -u); }
check "the links lead from the plain name over the soname to the version" links
check "the soname is that of the ABI's major number" \
    sh -c "readelf -d '$shared' | grep -F 'Library soname: [libiplaygames.so.$major]'"
check "the shared library is never unloaded" sh -c "readelf -d '$shared' | grep NODELETE"
check "the shared library exports the functions of the headers and nothing else" exports nm -D --defined-only "$shared"
check "the static library has the functions of the headers and nothing else" \
    exports sh -c "nm -g --defined-only '$lib/libiplaygames.a' | grep ' '"
check "the installed tool runs" sh -c "'$prefix/bin/iplaygames' --version | grep -F '$version'"

doc=$prefix/share/doc/iplaygames
every_crate() {
    (cd "$root" && cargo tree --locked --edges normal,no-proc-macro --prefix none --format '{p}') |
        awk 'NF && $1 != "iplaygames" { sub(/^v/, "", $2); print $1, $2 }' | sort -u >"$work/crates"
    [ "$(wc -l <"$work/crates")" -gt 50 ] || return 1
    while read -r crate; do
        grep -qF "    $crate: " "$doc/THIRD-PARTY-LICENSES.txt" || { echo "licences: no $crate"; return 1; }
        grep -qF "pkg:cargo/${crate/ /@}\"" "$doc/iplaygames.cdx.json" || { echo "bill: no $crate"; return 1; }
    done <"$work/crates"
}
same_again() {
    (cd "$root" && packaging/licenses.py) | cmp - "$doc/THIRD-PARTY-LICENSES.txt" &&
        (cd "$root" && packaging/sbom.py) | cmp - "$doc/iplaygames.cdx.json"
}
check "every crate inside is in the licences and in the bill of materials" every_crate
check "licences and bill of materials come out the same again" same_again

# ---- pkg-config ---------------------------------------------------------------------------------

export PKG_CONFIG_PATH=$lib/pkgconfig
check "pkg-config knows the version" test "$(pkg-config --modversion iplaygames)" = "$version"
cp "$here/consumer.c" "$work/consumer.cpp"
wrapper=$root/bindings/cpp/examples/session.cpp
only_static=$work/only-static
cp -a "$prefix" "$only_static"
rm "$only_static"/lib/libiplaygames.so*

# needs_library PROGRAM 1|0: whether it needs the shared library at run time.
needs_library() { [ "$(readelf -d "$1" | grep -c "NEEDED.*libiplaygames.so.$major")" = "$2" ]; }
# consumer KIND COMPILER FLAGS SOURCE: compiled with what pkg-config says, and run.
consumer() {
    local kind=$1 compiler=$2 flags=$3 source=$4 libs
    case $kind in
    shared) libs="$(pkg-config --cflags --libs iplaygames) -Wl,-rpath,$lib" ;;
    static) libs=$(PKG_CONFIG_PATH=$only_static/lib/pkgconfig pkg-config --cflags --static --libs iplaygames) ;;
    both) libs=$(pkg-config --cflags --static --libs iplaygames | sed 's/-liplaygames/-l:libiplaygames.a/') ;;
    esac
    # shellcheck disable=SC2086 # one argument a word is what is meant
    $compiler $flags $warnings "$source" -o "$work/consumer" $libs || return 1
    needs_library "$work/consumer" "$([ "$kind" = shared ]; echo $((1 - $?)))" && run "$work/consumer"
}
for pair in $compilers; do
    for kind in shared static; do
        for std in c99 c11; do
            check "$pair, pkg-config, $kind, $std" consumer $kind "${pair%:*}" "-std=$std" "$here/consumer.c"
        done
        for std in c++17 c++20; do
            check "$pair, pkg-config, $kind, $std, no exceptions, no run-time types" \
                consumer $kind "${pair#*:}" "-std=$std -fno-exceptions -fno-rtti" "$work/consumer.cpp"
            check "$pair, pkg-config, $kind, $std, iplaygames.hpp, no exceptions, no run-time types" \
                consumer $kind "${pair#*:}" "-std=$std -fno-exceptions -fno-rtti" "$wrapper"
        done
    done
    check "$pair, pkg-config, the static one where both are installed" consumer both "${pair%:*}" -std=c99 "$here/consumer.c"
done

# ---- the C++ wrapper's own tests, with the installed header and library
# ---------------------------

check "the installed iplaygames.hpp, whole and in two translation units" \
    env CXX=g++ INCLUDE="$prefix/include" HPP="$prefix/include" "$root/bindings/cpp/tests/run.sh" "$lib" typed two_units

# ---- CMake --------------------------------------------------------------------------------------

# project PREFIX PAIR TARGET NEEDED [-D…]: NEEDED as in needs_library.
project() {
    local where=$1 pair=$2 target=$3 needed=$4 build
    shift 4
    build=$(mktemp -d "$work/cmake.XXXXXX")
    cmake -S "$here/cmake" -B "$build" -DCMAKE_PREFIX_PATH="$where" -DCMAKE_C_COMPILER="${pair%:*}" \
        -DCMAKE_CXX_COMPILER="${pair#*:}" -DTARGET="$target" "$@" || return 1
    cmake --build "$build" || return 1
    needs_library "$build/consumer_c" "$needed" && (cd "$build" && run ctest --output-on-failure)
}
for pair in $compilers; do
    check "$pair, CMake, IPlayGames::shared" project "$prefix" "$pair" shared 1
    check "$pair, CMake, IPlayGames::static" project "$prefix" "$pair" static 0
done
pair=${compilers%% *}
check "CMake, IPlayGames::iplaygames is the shared one" project "$prefix" "$pair" iplaygames 1
check "CMake, IPlayGames::iplaygames is the static one with BUILD_SHARED_LIBS=OFF" project "$prefix" "$pair" iplaygames 0 -DBUILD_SHARED_LIBS=OFF
check "CMake, IPlayGames::iplaygames is the static one where only that is" project "$only_static" "$pair" iplaygames 0
check "CMake, from a folder with a space and another LIBDIR" \
    sh -c "cp -a '$work/stage/opt/games' '$work/a b'"
check "CMake, from there" project "$work/a b" "$pair" shared 1
check "CMake, the version before the point is enough" project "$prefix" "$pair" shared 1 -DWANT="${version%.*}"
check "CMake, a range of versions" project "$prefix" "$pair" shared 1 "-DWANT=$version...99"
check "CMake refuses an older package than was asked for" refuses "compatible" project "$prefix" "$pair" shared 1 -DWANT="${version%%.*}.999"
check "CMake refuses another major version" refuses "compatible" project "$prefix" "$pair" shared 1 -DWANT=$((major + 1)).0
check "CMake names a component that there is not" refuses "no component static" \
    sh -c "rm -rf '$work/only-shared'; cp -a '$prefix' '$work/only-shared'; rm '$work/only-shared/lib/libiplaygames.a'
           cmake -S '$here/cmake' -B '$work/cmake.none' -DCMAKE_PREFIX_PATH='$work/only-shared' -DTARGET=shared -DCOMPONENTS=static"

# ---- two Rust libraries in one program ----------------------------------------------------------

for crate in second probe; do
    rustc --edition 2024 -O -C lto=fat --crate-type staticlib --cfg $crate "$here/second.rs" -o "$work/lib$crate.a" || exit 1
done
check "the recipe of the static library works for another archive" \
    "$root/packaging/static.sh" "$work/libprobe.a" "$work/libprobe.a" "$here/probe.h"
native=$(cat "$tree/native-static-libs")
# together COMPILER SOURCE LIBRARY…
together() {
    local compiler=$1 source=$2
    shift 2
    # shellcheck disable=SC2086
    $compiler -std=c99 $warnings -I"$prefix/include" "$source" "$@" $native -o "$work/together" && run "$work/together"
}
for pair in $compilers; do
    c=${pair%:*}
    check "$c, two Rust libraries, ours first" together "$c" "$here/two.c" "$lib/libiplaygames.a" "$work/libsecond.a"
    check "$c, two Rust libraries, ours last" together "$c" "$here/two.c" "$work/libsecond.a" "$lib/libiplaygames.a"
    check "$c, panics are caught in both" together "$c" "$here/panics.c" "$work/libprobe.a" "$work/libsecond.a"
done
check "without the recipe they do not link" refuses "multiple definition" \
    together gcc "$here/two.c" "$CARGO_TARGET_DIR/dist/libiplaygames.a" "$work/libsecond.a"

# ---- loading and unloading ----------------------------------------------------------------------

reload() { gcc -std=gnu99 -Wall -Wextra -Werror -I"$prefix/include" "$here/reload.c" -o "$work/reload" -ldl -pthread && run "$work/reload" "$shared"; }
plugin() {
    # shellcheck disable=SC2046
    gcc -std=c99 $warnings -fPIC -shared "$here/plugin.c" -o "$work/plugin.so" \
        $(PKG_CONFIG_PATH=$only_static/lib/pkgconfig pkg-config --cflags --static --libs iplaygames) &&
        gcc -std=gnu99 $warnings "$here/host.c" -o "$work/host" -ldl -pthread &&
        readelf -d "$work/plugin.so" | grep -q NODELETE && run "$work/host" "$work/plugin.so"
}
check "dlclose with calls in flight, and dlopen again" reload
check "a plugin with the static library inside is closed and opened again" plugin

# ---- and away -----------------------------------------------------------------------------------

gone() {
    make -s -C "$root" uninstall TREE="$tree" PREFIX="$prefix" || return 1
    [ "$(find "$prefix" ! -type d)" = "$lib/libother.so" ] && [ ! -e "$prefix/share/doc/iplaygames" ] && [ -d "$lib" ]
}
touch "$lib/libother.so"
check "uninstall removes every file it put there and no other" gone

ends
