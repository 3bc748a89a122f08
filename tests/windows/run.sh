#!/usr/bin/env bash
# Tests the library for Windows x64, on wine or on Windows.
#
#     tests/windows/run.sh LIBDIR TOOL BUILD-LOG [check...]
#
# LIBDIR     the folder of iplaygames.dll and its import libraries
# TOOL       iplaygames.exe
# BUILD-LOG  the output of `cargo test --no-run` for Windows
# check      c, cpp, msvc, reload, environment, console, rust; all of them if none is named
#
# MINGW is the prefix of mingw's tools. WINDOWS_RUNNER is the command that runs a program of
# Windows: tests/windows/wine.sh, or nothing on Windows. The program with the ABI of MSVC needs
# clang and lld.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
lib=$(cd "$1" && pwd)
tool=$2
log=$3
shift 3
[ $# -gt 0 ] || set -- c cpp msvc reload environment console rust
work=$(mktemp -d)
mingw=${MINGW:-x86_64-w64-mingw32-}
runner=${WINDOWS_RUNNER:-}
export WINEPREFIX=${WINEPREFIX:-$work/wine} PLATFORM=windows RUNNER=$runner CC=${mingw}gcc CXX=${mingw}g++
# mingw has two kinds of g++ in Debian. The one for POSIX threads has std::thread.
! command -v "${mingw}g++-posix" >/dev/null || CXX=${mingw}g++-posix
stop() {
    [ -z "${server:-}" ] || wineserver -k
    rm -rf "$work"
}
trap stop EXIT
. "$root/tests/install/check.sh"
cp "$lib/iplaygames.dll" "$work/"

# Starts wine once: else every program starts and ends its server.
if [ "$runner" = "$here/wine.sh" ]; then
    "$here/wine.sh" --setup "$WINEPREFIX" || exit 1
    on_wine=yes
    # It fails if there is a server already, which then stays.
    wineserver -p 2>/dev/null && server=yes
    wine --version 2>/dev/null
fi

# windows_path PATH: the path as programs of Windows write it.
windows_path() { if [ -n "${on_wine:-}" ]; then echo "Z:${1//\//\\}"; else cygpath -w "$1"; fi; }
# build PROGRAM SOURCE ARGUMENT...: builds a program of mingw beside the DLL.
build() {
    local program=$1 source=$2
    shift 2
    "$CC" -std=c99 -D_POSIX_C_SOURCE=200809L -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00 -Wall -Wextra -Wpedantic -Werror \
        -I"$root/include" "$source" -o "$work/$program.exe" "$@" -static -lpthread
}
start() { (cd "$work" && WINE_TIMEOUT=${WINE_TIMEOUT:-120} $runner "$@"); }

# Other systems run what is left out here.
c() { REQUESTS=${REQUESTS:-2000} ROUNDS=${ROUNDS:-50} RUN_ONLY=1 "$root/tests/c/run.sh" "$lib"; }
cpp() { RUN_ONLY=1 "$root/bindings/cpp/tests/run.sh" "$lib" typed nonblocking session abi coroutines two_units fatal examples; }

# Kernel32's import library is mingw's: the DLL has the same functions for every compiler.
msvc() {
    local kernel32
    kernel32=$("$CC" -print-file-name=libkernel32.a)
    clang --target=x86_64-pc-windows-msvc -ffreestanding -fno-stack-protector -O1 -Wall -Wextra -Werror -I"$root/include" \
        -c "$here/msvc.c" -o "$work/msvc.obj" &&
        lld-link /entry:start /subsystem:console /nodefaultlib "$work/msvc.obj" "$lib/iplaygames.lib" "$kernel32" \
            "/out:$work/msvc.exe" && start ./msvc.exe
}

reload() { build reload "$root/tests/install/reload.c" && start ./reload.exe iplaygames.dll; }

environment() {
    mkdir -p "$work/files" &&
        build environment "$here/environment.c" -municode "$lib/libiplaygames.dll.a" &&
        start ./environment.exe "$(windows_path "$work/files")"
}

# The tool writes UTF-8 into files and pipes, whatever the code page is, and reads names beyond
# ASCII and long paths. tests/cli.rs, which is one of the Rust suites, tests its commands.
tool_files() {
    local folder=$work/$(printf 'schlüssel-鍵%.0s' {1..10})/$(printf 'x%.0s' {1..200}) config id
    mkdir -p "$folder" || return 1
    start "$tool" sandbox >"$work/config" 2>"$work/ready" &
    for _ in $(seq 600); do grep -q "Ctrl-C" "$work/ready" && break; sleep 0.1; done
    local sandbox=$!
    url=$(sed 's/.*"base_url": *"\([^"]*\)".*/\1/' "$work/config")
    # As an editor of Windows saves it.
    printf '\xef\xbb\xbf%s\r\n' "$(sed 's/.*"api_key": *"\([^"]*\)".*/\1/' "$work/config")" >"$folder/key.txt"
    in_sandbox() { start "$tool" --api-key-file "$(windows_path "$folder/key.txt")" --base-url "$url" "$@"; }
    in_sandbox start --game-id 42 --player-id 'Zoë-鍵' --currency EUR --country-code DE --ip-address 192.0.2.1 >"$work/started" &&
        id=$(sed 's/.*"session_id": *"\([^"]*\)".*/\1/' "$work/started") &&
        in_sandbox status "$id" >"$work/status" && grep -F 'Zoë-鍵' "$work/status" && ! grep -q $'\r' "$work/status" &&
        in_sandbox end "$id" && { in_sandbox status nobody 2>"$work/error"; [ $? = 3 ]; } && grep NOT_FOUND "$work/error"
    local status=$?
    kill $sandbox 2>/dev/null
    return $status
}

# Ctrl-Break ends the sandbox of the tool. The status of the program 77 says that this system cannot
# send it to a program without a console.
console() {
    build console "$here/console.c" && start ./console.exe "$(windows_path "$tool") sandbox" >"$work/signal" 2>&1
    signal=$?
}
console_ended() { cat "$work/signal" && grep -i "exit code 0xc000013a" "$work/signal"; }

for check in "$@"; do
    case $check in
    c) check "the portable C programs" c ;;
    cpp) check "the tests of the C++ wrapper" cpp ;;
    msvc) check "a program with the ABI of MSVC, linked with iplaygames.lib by lld-link" msvc ;;
    reload) check "FreeLibrary with calls in flight, and LoadLibrary again" reload ;;
    environment) check "variables that are not valid UTF-16, long paths and names beyond ASCII" environment ;;
    console)
        check "the tool writes UTF-8, and reads a long path beyond ASCII" tool_files
        console
        if [ $signal = 77 ]; then
            skipped="Ctrl-C in the tool, because this system cannot send it to a program without a console"
        else
            check "Ctrl-Break ends the sandbox of the tool" console_ended
        fi
        ;;
    rust)
        # Their tests count, because they are most of what runs.
        "$here/rust.sh" "$log" | tee "$work/rust"
        [ "${PIPESTATUS[0]}" = 0 ] || failed=$((failed + 1))
        passed=$((passed + $(sed -nE 's/^([0-9]+) tests of the Rust suites passed.*/\1/p' "$work/rust")))
        ;;
    *) echo "There is no check $check." >&2; exit 2 ;;
    esac
done
echo "skipped: the C programs driver and fork, which need Unix, and the examples of the documents, which are only compiled"
[ -z "${skipped:-}" ] || echo "skipped: $skipped"
ends
