#!/usr/bin/env bash
# Unpacks the archives that `make dist-windows` made, and uses them as others would.
#
#     tests/windows/dist.sh RELEASE.zip DEVELOPMENT.zip LIMIT
#
# LIMIT is what the slim DLL may have at most, in bytes. MINGW is the prefix of mingw's tools, and
# WINDOWS_RUNNER the command that runs a program of Windows. SHIP_PROFILE is cargo's profile of the
# libraries. Needs unzip and cmake; with mcs and mono the rules of the Unreal plugin run, too.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
archive=$(realpath "$1")
development=$(realpath "$2")
limit=$3
work=$(mktemp -d)
mingw=${MINGW:-x86_64-w64-mingw32-}
runner=${WINDOWS_RUNNER:-}
export WINEPREFIX=${WINEPREFIX:-$work/wine}
sandbox=
stop() {
    [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null
    [ -z "${server:-}" ] || wineserver -k
    rm -rf "$work"
}
trap stop EXIT
. "$root/tests/install/check.sh"
if [ "$runner" = "$here/wine.sh" ]; then
    "$here/wine.sh" --setup "$WINEPREFIX" || exit 1
    # It fails if there is a server already, which then stays.
    wineserver -p 2>/dev/null && server=yes
fi

unzip -q "$archive" -d "$work" && unzip -q "$development" -d "$work" || exit 1
name=$(basename "$archive" .zip)
tree=$work/$name
dev_name=$(basename "$development" .zip)
dev=$work/$dev_name
version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' "$tree/include/iplaygames.h")

# ---- the files -----------------------------------------------------------------------------------

own_sum() { (cd "$(dirname "$1")" && sha256sum --strict -c "$(basename "$1").sha256"); }
sums() { (cd "$1" && sha256sum --strict --quiet -c SHA256SUMS) && [ "$(wc -l <"$1/SHA256SUMS")" -gt 20 ]; }
# complete TREE FILE...: the files of both archives, and these.
complete() {
    local folder=$1 file
    shift
    for file in README.md SHA256SUMS CMakeLists.txt meson.build include/iplaygames.h include/iplaygames.hpp bin/iplaygames.dll \
        bin/iplaygames.dll.debug lib/iplaygames.lib lib/libiplaygames.dll.a lib/libiplaygames.a lib/iplaygames.def \
        lib/pkgconfig/iplaygames.pc lib/cmake/IPlayGames/IPlayGamesConfig.cmake \
        share/doc/iplaygames/{THIRD-PARTY-LICENSES.txt,iplaygames.cdx.json,operations.json,LICENSE-MIT} \
        unreal/IPlayGames/Source/ThirdParty/IPlayGamesLibrary/lib/Win64/iplaygames.{dll,lib} \
        unity/ai.iplaygames.native/Plugins/x86_64/iplaygames.dll{,.meta} "$@"; do
        [ -e "$folder/$file" ] || { echo "no $file"; return 1; }
    done
}
no_tool() { [ ! -e "$tree/bin/iplaygames.exe" ] && [ ! -e "$tree/example" ]; }
same_bytes() {
    local name=$1 first=$2
    shift 2
    rm -rf "$work/second" && mkdir "$work/second" && cp -a "$work/$name" "$work/second/$name" || return 1
    find "$work/second/$name" -exec touch -h -d 2001-01-01 {} + && chmod -R g+w "$work/second/$name"
    "$root/packaging/archive.py" --target x86_64-pc-windows-gnu "$@" "$work/second/$name" && cmp "$work/second/$name.zip" "$first"
}
# Where it was built, and by whom.
private() {
    local word found=0
    for word in "$root" "${CARGO_HOME:-$HOME/.cargo}/" "${CROSS_TARGET_DIR:-/nowhere}/" "$HOME/"; do
        [ "$word" = / ] || ! grep -rlaF -e "$word" "$1" || { echo "has $word"; found=1; }
    done
    return $found
}
for folder in "$tree" "$dev"; do
    kind=$([ "$folder" = "$tree" ] && echo release || echo development)
    zip=$([ "$folder" = "$tree" ] && echo "$archive" || echo "$development")
    check "the $kind archive's own checksum is right" own_sum "$zip"
    check "the checksums of the files in the $kind archive are right" sums "$folder"
    check "no link of a document is dead ($kind)" "$root/.ci/dead_links.py" "$folder"
    check "each file of the Unity package has a .meta file with its GUID ($kind)" \
        python3 "$root/tests/install/unity_package.py" "$folder/unity/ai.iplaygames.native" "$version"
done
check "the release archive is complete" complete "$tree"
check "the development archive is complete, with the tool, the sandbox and an example" \
    complete "$dev" bin/iplaygames.exe include/iplaygames_sandbox.h example/CMakeLists.txt
check "the release archive has neither the tool nor the example" no_tool
check "packing the release archive again gives the same bytes" same_bytes "$name" "$archive"
check "packing the development archive again gives the same bytes" same_bytes "$dev_name" "$development" --development
if [ "${SHIP_PROFILE:-dist}" = dist ]; then
    check "nothing in the release archive tells where it was built" private "$tree"
    check "nothing in the development archive tells where it was built" private "$dev"
    "$root/packaging/windows/pe.py" check "$tree/bin/iplaygames.dll" --limit "$limit"
    check "the slim DLL: exports, imports, version, protections, and at most $limit bytes" \
        "$root/packaging/windows/pe.py" check "$tree/bin/iplaygames.dll" --limit "$limit"
    check "the DLL with the sandbox: exports, imports, version and protections" \
        "$root/packaging/windows/pe.py" check "$dev/bin/iplaygames.dll"
else
    echo "skipped: the builder's paths, the imports and the size, because the libraries are built with the profile $SHIP_PROFILE"
fi
def_names() { diff <(sed '1,/EXPORTS/d; s/^ *//' "$tree/lib/iplaygames.def") <("$root/packaging/windows/pe.py" exports "$tree/bin/iplaygames.dll"); }
check "the .def file lists the exports of the DLL" def_names

# ---- the symbols ---------------------------------------------------------------------------------

dll=$tree/bin/iplaygames.dll
no_symbols() { "${mingw}nm" "$1" 2>&1 | grep -F "no symbols"; }
resolves() {
    local address
    address=0x$("${mingw}nm" "$dll.debug" | awk '$3 == "ipg_client_tick" { print $1 }')
    "${mingw}addr2line" -f -e "$1" "$address" | tee "$work/line" | grep -x ipg_client_tick && grep -E 'src.ffi.[a-z_/]+\.rs:[0-9]+' "$work/line"
}
named() { "${mingw}objdump" -s -j .gnu_debuglink "$dll" | grep -F iplaygames; }
check "the DLL has no symbols of its own" no_symbols "$dll"
if [ "${SHIP_PROFILE:-dist}" = dist ]; then
    check "addr2line finds the lines of an ipg_ function in the symbol file" resolves "$dll.debug"
fi
check "the DLL names the symbol file" named

# ---- build systems -------------------------------------------------------------------------------

cat >"$work/mingw.cmake" <<CMAKE
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER ${mingw}gcc)
set(CMAKE_CXX_COMPILER $(command -v "${mingw}g++-posix" || echo "${mingw}g++"))
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
CMAKE
example() {
    cmake -S "$dev/example" -B "$work/example" -DCMAKE_TOOLCHAIN_FILE="$work/mingw.cmake" && cmake --build "$work/example" &&
        cp "$dev/bin/iplaygames.dll" "$work/example/" && cd "$work/example" && ${runner} ./session_c.exe | grep -F "play at" &&
        ${runner} ./session_cpp.exe | grep -F active
}
check "the example of the development archive builds with CMake and mingw, and plays sessions" example

# The README's first program, without a key. The sandbox is a process of its own.
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$root/README.md" >"$work/readme.c"
start_sandbox() {
    (cd "$work" && exec ${runner} "$dev/bin/iplaygames.exe" sandbox >"$work/config" 2>"$work/log") &
    sandbox=$!
    for _ in $(seq 600); do grep -q "Ctrl-C" "$work/log" && return; sleep 0.1; done
    cat "$work/log"
    return 1
}
start_sandbox
IPLAYGAMES_BASE_URL=$(sed 's/.*"base_url": *"\([^"]*\)".*/\1/' "$work/config")
IPLAYGAMES_API_KEY=$(sed 's/.*"api_key": *"\([^"]*\)".*/\1/' "$work/config")
export IPLAYGAMES_BASE_URL IPLAYGAMES_API_KEY
# fetched TARGET: a project that takes the archive with FetchContent, from a file and by its hash.
fetched() {
    local sum folder=$work/fetch-$1
    sum=$(cut -d ' ' -f 1 "$archive.sha256")
    mkdir "$folder" && cp "$work/readme.c" "$folder/game.c" && cat >"$folder/CMakeLists.txt" <<CMAKE || return 1
cmake_minimum_required(VERSION 3.21)
project(game C)
include(FetchContent)
FetchContent_Declare(iplaygames URL "file://$archive" URL_HASH SHA256=$sum)
FetchContent_MakeAvailable(iplaygames)
add_executable(game game.c)
target_link_libraries(game PRIVATE IPlayGames::$1)
if($1 STREQUAL shared)
  add_custom_command(TARGET game POST_BUILD
    COMMAND \${CMAKE_COMMAND} -E copy \$<TARGET_RUNTIME_DLLS:game> \$<TARGET_FILE_DIR:game> COMMAND_EXPAND_LISTS)
endif()
CMAKE
    cmake -S "$folder" -B "$folder/build" -DCMAKE_TOOLCHAIN_FILE="$work/mingw.cmake" && cmake --build "$folder/build" &&
        cd "$folder/build" && ${runner} ./game.exe | grep session_id
}
check "README's program with FetchContent and the DLL" fetched shared
check "README's program with FetchContent and the static library" fetched static

# finds LIBRARY WIN32 MSVC STATIC: the CMake package names this import library, and has a static
# library or not. No compiler runs, so this also shows what MSVC gets.
finds() {
    rm -rf "$work/finds" && mkdir "$work/finds" && cat >"$work/finds/CMakeLists.txt" <<CMAKE || return 1
cmake_minimum_required(VERSION 3.16)
project(finds NONE)
set(WIN32 $2)
set(MSVC $3)
set(CMAKE_SIZEOF_VOID_P 8)
find_package(IPlayGames CONFIG PATHS "$tree" NO_DEFAULT_PATH)
if(IPlayGames_FOUND)
  get_target_property(library IPlayGames::shared IMPORTED_IMPLIB)
  if(TARGET IPlayGames::static)
    message(STATUS "static")
  endif()
endif()
message(STATUS "found [\${library}]")
CMAKE
    cmake -S "$work/finds" -B "$work/finds/build" >"$work/finds/log" 2>&1 || { cat "$work/finds/log"; return 1; }
    cat "$work/finds/log"
    grep -qF "found [$1]" "$work/finds/log" && [ "$(grep -cx -e "-- static" "$work/finds/log")" = "$4" ]
}
check "find_package finds the import library of MSVC, and no static library" finds "$tree/lib/iplaygames.lib" TRUE TRUE 0
check "find_package finds the import library of mingw" finds "$tree/lib/libiplaygames.dll.a" TRUE FALSE 1
check "find_package finds nothing for another system" finds "" FALSE FALSE 0

# ---- Unreal --------------------------------------------------------------------------------------

library=$tree/unreal/IPlayGames/Source/ThirdParty/IPlayGamesLibrary
rules() {
    mcs -nologo -warnaserror -out:"$work/rules.exe" "$root/tests/install/unreal.cs" \
        "$tree/unreal/IPlayGames/Source/IPlayGames/IPlayGames.Build.cs" "$library/IPlayGamesLibrary.Build.cs" &&
        mono "$work/rules.exe" "$library" Win64 >"$work/paths" && cat "$work/paths" && [ "$(wc -l <"$work/paths")" = 3 ] &&
        grep -x "$library/lib/Win64/iplaygames.lib" "$work/paths" && grep -x "$library/lib/Win64/iplaygames.dll" "$work/paths"
}
if command -v mcs >/dev/null && command -v mono >/dev/null; then
    check "the rules of the Unreal plugin link the import library, and ship the DLL" rules
else
    echo "skipped: the rules of the Unreal plugin, because there is no mcs or no mono"
fi

ends
