#!/usr/bin/env bash
# Unpacks the archives that `make dist` made, and uses them as others would.
#
#     tests/install/dist.sh RELEASE DEVELOPMENT
#
# The library in the release archive has no sandbox, so the programs talk to that of another
# process: the tool in the development archive. Needs cmake, pkg-config, mono and gdb. MESON is
# Meson's command; where there is none, its tests are skipped. SHIP_PROFILE is cargo's profile of
# the libraries.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
archive=$(realpath "$1")
development=$(realpath "$2")
work=$(mktemp -d)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox"; rm -rf "$work"' EXIT
. "$here/check.sh"

tar -xzf "$archive" -C "$work" && tar -xzf "$development" -C "$work" || exit 1
name=$(basename "$archive" .tar.gz)
tree=$work/$name
dev_name=$(basename "$development" .tar.gz)
dev=$work/$dev_name
version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' "$tree/include/iplaygames.h")

mkfifo "$work/ready"
"$dev/bin/iplaygames" sandbox >"$work/ready" 2>"$work/log" &
sandbox=$!
read -r config <"$work/ready" || { cat "$work/log"; exit 1; }
IPLAYGAMES_BASE_URL=$(sed 's/.*"base_url": *"\([^"]*\)".*/\1/' <<<"$config")
IPLAYGAMES_API_KEY=$(sed 's/.*"api_key": *"\([^"]*\)".*/\1/' <<<"$config")
export IPLAYGAMES_BASE_URL IPLAYGAMES_API_KEY
# The README's first program. Its game is 123, which the sandbox has.
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$root/README.md" >"$work/readme.c"

# ---- the files -----------------------------------------------------------------------------------

own_sum() { (cd "$(dirname "$1")" && sha256sum --strict -c "$(basename "$1").sha256"); }
sums() { (cd "$1" && sha256sum --strict --quiet -c SHA256SUMS) && [ "$(wc -l <"$1/SHA256SUMS")" -gt 20 ]; }
# complete TREE FILE...: the files of both archives, and these.
complete() {
    local folder=$1 file
    shift
    for file in README.md SHA256SUMS CMakeLists.txt meson.build include/iplaygames.h include/iplaygames.hpp lib/libiplaygames.a lib/libiplaygames.so \
        lib/libiplaygames.so.debug lib/pkgconfig/iplaygames.pc lib/cmake/IPlayGames/IPlayGamesConfig.cmake \
        share/doc/iplaygames/{THIRD-PARTY-LICENSES.txt,iplaygames.cdx.json,operations.json,LICENSE-MIT} \
        unreal/IPlayGames/IPlayGames.uplugin unity/ai.iplaygames.native/package.json "$@"; do
        [ -e "$folder/$file" ] || { echo "no $file"; return 1; }
    done
}
no_tool() { [ ! -e "$tree/bin" ] && [ ! -e "$tree/example" ]; }
# The ids are those of the tool, and each operation says where its parameters go.
operations() {
    local table=$1/share/doc/iplaygames/operations.json
    ! grep -F '"example"' "$table" &&
        python3 - "$table" <(run "$dev/bin/iplaygames" operations --json) <<'PYTHON'
import json, sys
table, listed = (json.load(open(name)) for name in sys.argv[1:])
assert [entry["id"] for entry in table] == [entry["id"] for entry in listed] and len(table) >= 65
assert all(param["in"] for entry in table for param in entry.get("params", []))
assert sum(len(entry.get("params", [])) for entry in table) > 100
PYTHON
}
# A link checker that finds nothing would pass: first it must find a link that is dead.
dead_links() {
    mkdir -p "$work/links" && printf '[dead](gone.md) `[code](no.md)` [out](../x) [far](#far)\n' >"$work/links/a.md"
    [ "$("$root/.ci/dead_links.py" "$work/links" 2>/dev/null | wc -l)" = 3 ] && "$root/.ci/dead_links.py" "$1"
}
# Where it was built, and by whom.
private() {
    local word found=0
    for word in "$root" "${CARGO_HOME:-$HOME/.cargo}/" "${RUSTUP_HOME:-$HOME/.rustup}/" "$HOME/"; do
        [ "$word" = / ] || ! grep -rlaF -e "$word" "$1" || { echo "has $word"; found=1; }
    done
    return $found
}
# same_bytes NAME ARCHIVE OPTION...
same_bytes() {
    local name=$1 first=$2
    shift 2
    rm -rf "$work/second" && mkdir "$work/second" && cp -a "$work/$name" "$work/second/$name" || return 1
    find "$work/second/$name" -exec touch -h -d 2001-01-01 {} + && chmod -R g+w "$work/second/$name"
    "$root/packaging/archive.py" "$@" "$work/second/$name" && cmp "$work/second/$name.tar.gz" "$first"
}
check "the release archive's own checksum is right" own_sum "$archive"
check "the development archive's own checksum is right" own_sum "$development"
check "the checksums of the files in the release archive are right" sums "$tree"
check "the checksums of the files in the development archive are right" sums "$dev"
check "the release archive is complete" complete "$tree"
check "the development archive is complete, with the tool, the sandbox and an example" \
    complete "$dev" bin/iplaygames include/iplaygames_sandbox.h example/CMakeLists.txt
check "the release archive has neither the tool nor the example" no_tool
for folder in "$tree" "$dev"; do
    check "the table of operations is that of the tool, without examples ($(basename "$folder"))" operations "$folder"
    check "no link of a document is dead ($(basename "$folder"))" dead_links "$folder"
done
check "packing the release archive again gives the same bytes" same_bytes "$name" "$archive"
check "packing the development archive again gives the same bytes" same_bytes "$dev_name" "$development" --development
if [ "${SHIP_PROFILE:-dist}" = dist ]; then
    check "nothing in the release archive tells where it was built" private "$tree"
    check "nothing in the development archive tells where it was built" private "$dev"
    check "the shared library is at most 3,000,000 bytes" test "$(stat -Lc %s "$tree/lib/libiplaygames.so")" -le 3000000
else
    echo "skipped: the builder's paths and the size, because the libraries are built with the profile $SHIP_PROFILE" >&2
fi

# ---- the symbols ---------------------------------------------------------------------------------

so=$tree/lib/libiplaygames.so
address=0x$(nm -D "$so" | awk '$3 == "ipg_client_tick" { print $1 }')
no_symbols() { nm "$1" 2>&1 | grep -F "no symbols"; }
# resolves FILE: addr2line knows the function and its line.
resolves() { addr2line -f -e "$1" "$address" >"$work/line" && cat "$work/line" && grep -x ipg_client_tick "$work/line" && grep -E 'src/ffi/[a-z_/]+\.rs:[0-9]+' "$work/line"; }
unresolved() { cp "$so" "$work/alone.so" && ! resolves "$work/alone.so"; }
in_gdb() {
    gdb -nx -batch -iex 'set auto-load off' -ex "info line *$address" "$so" >"$work/gdb" 2>&1
    cat "$work/gdb" && grep -E 'Line [0-9]+ of .*src/ffi/.*ipg_client_tick' "$work/gdb"
}
check "the shared library has no symbols of its own" no_symbols "$so"
check "addr2line finds the lines of an ipg_ function in the symbol file" resolves "$so.debug"
check "addr2line finds the symbol file beside the library" resolves "$so"
check "addr2line finds no lines without the symbol file" unresolved
check "gdb finds the symbol file beside the library" in_gdb

# ---- build systems -------------------------------------------------------------------------------

export PKG_CONFIG_PATH=$tree/lib/pkgconfig
linked() {
    # shellcheck disable=SC2046
    gcc -std=c99 -Wall -Wextra -Wpedantic -Werror "$work/readme.c" -o "$work/linked" "$@" && run "$work/linked" >"$work/session" &&
        grep session_id "$work/session"
}
# shellcheck disable=SC2046
check "README's program with the shared library" linked $(pkg-config --cflags --libs iplaygames) "-Wl,-rpath,$tree/lib"
# shellcheck disable=SC2046
check "README's program with the static library" linked $(pkg-config --cflags --static --libs iplaygames | sed 's/-liplaygames/-l:libiplaygames.a/')
project() {
    mkdir "$work/cmake" && cat >"$work/cmake/CMakeLists.txt" <<'CMAKE' || return 1
cmake_minimum_required(VERSION 3.16)
project(game C)
find_package(IPlayGames REQUIRED)
add_executable(game ../readme.c)
target_link_libraries(game PRIVATE IPlayGames::iplaygames)
CMAKE
    cmake -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$tree" && cmake --build "$work/cmake/build" && run "$work/cmake/build/game"
}
check "README's program with CMake" project
slim() {
    printf '#include <iplaygames_sandbox.h>\nint main(void) { return ipg_sandbox_start(0, 0, 0) == IPG_ERR_UNSUPPORTED ? 0 : 1; }\n' >"$work/slim.c"
    # shellcheck disable=SC2046
    gcc "$work/slim.c" -o "$work/slim" $(pkg-config --cflags --libs iplaygames) "-Wl,-rpath,$tree/lib" && run "$work/slim"
}
check "the library in it has no sandbox, and says so" slim

example() {
    cmake -S "$dev/example" -B "$work/example" && cmake --build "$work/example" &&
        run "$work/example/session_c" | grep -F "play at" && run "$work/example/session_cpp" | grep -F "active"
}
check "the example of the development archive builds, and plays sessions with its sandbox" example

# fetched STATIC: a project that takes the archive with FetchContent, from a file and by its hash.
fetched() {
    local sum folder=$work/fetch$1
    sum=$(cut -d ' ' -f 1 "$archive.sha256")
    mkdir "$folder" && cp "$work/readme.c" "$folder/game.c" && cat >"$folder/CMakeLists.txt" <<CMAKE || return 1
cmake_minimum_required(VERSION 3.16)
project(game C)
include(FetchContent)
FetchContent_Declare(iplaygames URL "file://$archive" URL_HASH SHA256=$sum)
FetchContent_MakeAvailable(iplaygames)
add_executable(game game.c)
target_link_libraries(game PRIVATE IPlayGames::$1)
CMAKE
    cmake -S "$folder" -B "$folder/build" && cmake --build "$folder/build" && run "$folder/build/game" | grep session_id
}
check "README's program with CMake's FetchContent, the shared library" fetched shared
check "README's program with CMake's FetchContent, the static library" fetched static

# meson_project FOLDER OPTION...: builds the README's program, and runs it.
meson_project() {
    local folder=$1
    shift
    mkdir -p "$folder/subprojects" && cp "$work/readme.c" "$folder/game.c" && cat >"$folder/meson.build" <<'BUILD' || return 1
project('game', 'c', default_options: ['c_std=c99'])
executable('game', 'game.c', dependencies: dependency('iplaygames'))
BUILD
    PATH=$(dirname "$MESON"):$PATH "$MESON" setup "$folder/build" "$folder" "$@" &&
        PATH=$(dirname "$MESON"):$PATH "$MESON" compile -C "$folder/build" && run "$folder/build/game" | grep session_id
}
meson_installed() { meson_project "$work/meson-pc" --wrap-mode=nofallback; }
# meson_wrap FOLDER OPTION...: from the archive in subprojects/. Callers hide pkg-config's file.
meson_wrap() {
    mkdir -p "$1/subprojects/packagefiles" && cp "$archive" "$1/subprojects/packagefiles/" &&
        cp "${archive%.tar.gz}.wrap" "$1/subprojects/iplaygames.wrap" &&
        meson_project "$@" && [ -e "$1/subprojects/$name/meson.build" ]
}
needs() { [ "$(readelf -d "$1" | grep -c 'NEEDED.*libiplaygames')" = "$2" ]; }
meson_static() { PKG_CONFIG_PATH='' meson_wrap "$work/meson-static" -Diplaygames:default_library=static && needs "$work/meson-static/build/game" 0; }
meson_shared() { PKG_CONFIG_PATH='' meson_wrap "$work/meson-wrap" && needs "$work/meson-wrap/build/game" 1; }
meson_forced() { meson_wrap "$work/meson-forced" --wrap-mode=forcefallback; }
damaged() {
    mkdir -p "$work/meson-bad/subprojects/packagefiles" && head -c 1000 "$archive" >"$work/meson-bad/subprojects/packagefiles/$name.tar.gz" &&
        cp "${archive%.tar.gz}.wrap" "$work/meson-bad/subprojects/iplaygames.wrap" && PKG_CONFIG_PATH='' meson_project "$work/meson-bad"
}
if [ -x "${MESON:-}" ]; then
    check "README's program with Meson and pkg-config" meson_installed
    check "README's program with Meson and the .wrap file, the shared library" meson_shared
    check "README's program with Meson and the .wrap file, the static library" meson_static
    check "Meson takes the archive, although the library is installed, with forcefallback" meson_forced
    check "Meson refuses an archive that is not that of the .wrap file" refuses "Incorrect hash" damaged
else
    echo "skipped: Meson. There is no ${MESON:-MESON}: it could not be installed, for the reason above" >&2
fi

# ---- Unreal --------------------------------------------------------------------------------------

plugin=$tree/unreal/IPlayGames
library=$plugin/Source/ThirdParty/IPlayGamesLibrary
described() {
    python3 - "$plugin" "$version" <<'PYTHON'
import json, pathlib, sys
plugin = pathlib.Path(sys.argv[1])
described = json.loads((plugin / "IPlayGames.uplugin").read_text())
assert described["FileVersion"] == 3 and described["VersionName"] == sys.argv[2], described
assert described["Modules"], described
for module in described["Modules"]:
    rules = plugin / "Source" / module["Name"] / f"{module['Name']}.Build.cs"
    assert f"class {module['Name']} : ModuleRules" in rules.read_text(), rules
PYTHON
}
rules() {
    mcs -nologo -warnaserror -out:"$work/rules.exe" "$here/unreal.cs" "$plugin/Source/IPlayGames/IPlayGames.Build.cs" "$library/IPlayGamesLibrary.Build.cs"
}
names_files() {
    local path count=0
    mono "$work/rules.exe" "$library" Linux >"$work/paths" || { cat "$work/paths"; return 1; }
    while read -r path; do
        [ -e "$path" ] || { echo "no $path"; return 1; }
        count=$((count + 1))
    done <"$work/paths"
    [ $count = 3 ]
}
soname_is_name() { readelf -d "$library"/lib/Linux/* | grep -F "[$(basename "$library"/lib/Linux/*)]"; }
check "the Unreal plugin's description is valid and names its module" described
check "the rules of the plugin's modules compile" rules
check "they name files that are in the archive" names_files
# As Unreal compiles: C++20, no exceptions, no run-time types, warnings of shadowed names.
unreal_flags="-std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Wshadow -Werror"
# subsystem: the plugin's C++, with substitutes for the engine.
subsystem() {
    # shellcheck disable=SC2086
    g++ $unreal_flags -I"$here/unreal" -I"$plugin/Source/IPlayGames/Public" -I"$library/include" "$plugin"/Source/IPlayGames/Private/*.cpp \
        "$here/unreal/main.cpp" -o "$work/subsystem" "$library"/lib/Linux/libiplaygames.so.* "-Wl,-rpath,$library/lib/Linux" &&
        run "$work/subsystem" "$config"
}
check "the plugin's subsystem compiles with substitutes for the engine, and plays sessions" subsystem
# The first program of iplaygames.hpp.
awk '/^ \* ```cpp$/ { inside = 1; next } /^ \* ```$/ { if (inside) exit } inside { sub(/^ \* ?/, ""); print }' \
    "$tree/include/iplaygames.hpp" >"$work/unreal.cpp"
module() {
    # shellcheck disable=SC2086
    g++ $unreal_flags -I"$library/include" "$work/unreal.cpp" -o "$work/unreal" "$library"/lib/Linux/libiplaygames.so.* \
        "-Wl,-rpath,$library/lib/Linux" && run "$work/unreal" | grep "play at"
}
check "its header for C++ and its library start a session" module
check "they say what is missing for another platform" refuses "built for this platform" mono "$work/rules.exe" "$library" Mac
check "the library lies there by its soname" soname_is_name

# ---- Unity ---------------------------------------------------------------------------------------

package=$tree/unity/ai.iplaygames.native
missing_meta() { cp -a "$package" "$work/broken" && rm "$work/broken/package.json.meta" && python3 "$here/unity_package.py" "$work/broken" "$version"; }
sample() {
    mcs -langversion:7 -warn:4 -warnaserror -nologo -define:UNITY_2020_1_OR_NEWER -target:library -out:"$work/sample.dll" \
        "$package"/Runtime/*.cs "$package"/Samples~/*/*.cs "$here/unity_engine.cs"
}
plays() {
    mcs -langversion:7 -nologo -out:"$work/unity.exe" "$here/unity.cs" "$package/Runtime/IPlayGames.cs" &&
        LD_LIBRARY_PATH=$package/Plugins/x86_64 run mono "$work/unity.exe" "$config"
}
check "each file of the Unity package has a .meta file with its GUID" python3 "$here/unity_package.py" "$package" "$version"
check "a missing .meta file is found" refuses "package.json.meta is missing" missing_meta
check "the scripts and the sample of the Unity package compile with substitutes for the engine" sample
check "the Unity package's file and library start a session, under Mono" plays

ends
