#!/usr/bin/env bash
# Unpacks the archive that `make dist` made, and uses it as others would.
#
#     tests/install/dist.sh ARCHIVE SERVER
#
# SERVER is the command-line tool: the library in the archive has no sandbox, so the programs talk
# to that of another process. Needs cmake, pkg-config and mono.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
archive=$(realpath "$1")
server=$2
work=$(mktemp -d)
sandbox=
trap '[ -z "$sandbox" ] || kill "$sandbox"; rm -rf "$work"' EXIT
. "$here/check.sh"

tar -xzf "$archive" -C "$work" || exit 1
name=$(basename "$archive" .tar.gz)
tree=$work/$name

mkfifo "$work/ready"
"$server" sandbox >"$work/ready" 2>"$work/log" &
sandbox=$!
read -r config <"$work/ready" || { cat "$work/log"; exit 1; }
IPLAYGAMES_BASE_URL=$(sed 's/.*"base_url": *"\([^"]*\)".*/\1/' <<<"$config")
IPLAYGAMES_API_KEY=$(sed 's/.*"api_key": *"\([^"]*\)".*/\1/' <<<"$config")
export IPLAYGAMES_BASE_URL IPLAYGAMES_API_KEY
# The README's first program. Its game is 123, which the sandbox has.
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$root/README.md" >"$work/readme.c"

sums() { (cd "$tree" && sha256sum --strict --quiet -c SHA256SUMS) && [ "$(wc -l <"$tree/SHA256SUMS")" -gt 20 ]; }
complete() {
    local file
    for file in README.md SHA256SUMS include/iplaygames.h include/iplaygames.hpp lib/libiplaygames.a lib/libiplaygames.so lib/pkgconfig/iplaygames.pc \
        lib/cmake/IPlayGames/IPlayGamesConfig.cmake share/doc/iplaygames/THIRD-PARTY-LICENSES.txt share/doc/iplaygames/iplaygames.cdx.json \
        share/doc/iplaygames/LICENSE-MIT unreal/IPlayGames/IPlayGames.Build.cs unity/ai.iplaygames.native/package.json; do
        [ -e "$tree/$file" ] || { echo "no $file"; return 1; }
    done
    [ ! -e "$tree/bin" ]
}
# Where it was built, and by whom.
private() {
    local word found=0
    for word in "$root" "${CARGO_HOME:-$HOME/.cargo}/" "${RUSTUP_HOME:-$HOME/.rustup}/" "$HOME/"; do
        [ "$word" = / ] || ! grep -rlaF -e "$word" "$tree" || { echo "has $word"; found=1; }
    done
    return $found
}
same_bytes() {
    cp -a "$tree" "$work/again" && mkdir "$work/second" && mv "$work/again" "$work/second/$name" || return 1
    find "$work/second/$name" -exec touch -h -d 2001-01-01 {} + && chmod -R g+w "$work/second/$name"
    "$root/packaging/archive.py" "$work/second/$name" && cmp "$work/second/$name.tar.gz" "$archive"
}
check "the archive's own checksum is right" sh -c "cd '$(dirname "$archive")' && sha256sum --strict -c '$name.tar.gz.sha256'"
check "the checksums of the files are right" sums
check "everything is in it, and not the tool" complete
check "nothing in it tells where it was built" private
check "packing the tree again gives the same bytes" same_bytes
check "the shared library is at most 3,000,000 bytes" test "$(stat -Lc %s "$tree/lib/libiplaygames.so")" -le 3000000

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

rules() { mcs -nologo -warnaserror -out:"$work/rules.exe" "$here/unreal.cs" "$tree/unreal/IPlayGames/IPlayGames.Build.cs"; }
names_files() {
    local path count=0
    mono "$work/rules.exe" "$tree/unreal/IPlayGames" Linux >"$work/paths" || { cat "$work/paths"; return 1; }
    while read -r path; do
        [ -e "$path" ] || { echo "no $path"; return 1; }
        count=$((count + 1))
    done <"$work/paths"
    [ $count = 3 ]
}
soname_is_name() { readelf -d "$tree"/unreal/IPlayGames/lib/Linux/* | grep -F "[$(basename "$tree"/unreal/IPlayGames/lib/Linux/*)]"; }
check "the Unreal module's rules compile" rules
check "they name files that are in the archive" names_files
# The first program of iplaygames.hpp, as Unreal compiles: C++20, no exceptions, no run-time types.
awk '/^ \* ```cpp$/ { inside = 1; next } /^ \* ```$/ { if (inside) exit } inside { sub(/^ \* ?/, ""); print }' \
    "$tree/include/iplaygames.hpp" >"$work/unreal.cpp"
module() {
    local module=$tree/unreal/IPlayGames
    g++ -std=c++20 -fno-exceptions -fno-rtti -Wall -Wextra -Wpedantic -Werror -I"$module/include" "$work/unreal.cpp" -o "$work/unreal" \
        "$module"/lib/Linux/libiplaygames.so.* "-Wl,-rpath,$module/lib/Linux" && run "$work/unreal" | grep "play at"
}
check "its header for C++ and its library start a session" module
check "they say what is missing for another platform" refuses "built for this platform" mono "$work/rules.exe" "$tree/unreal/IPlayGames" Mac
check "the library lies there by its soname" soname_is_name
plays() {
    local package=$tree/unity/ai.iplaygames.native
    python3 -m json.tool "$package/package.json" && python3 -m json.tool "$package/Runtime/IPlayGames.asmdef" &&
        mcs -langversion:7 -nologo -out:"$work/unity.exe" "$here/unity.cs" "$package/Runtime/IPlayGames.cs" &&
        LD_LIBRARY_PATH=$package/Plugins/x86_64 run mono "$work/unity.exe" "$config"
}
check "the Unity package's file and library start a session, under Mono" plays

ends
