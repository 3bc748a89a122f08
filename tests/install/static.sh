#!/usr/bin/env bash
# Makes the static library that ships from a debug build for another target, and links a program.
#
#     tests/install/static.sh FOLDER
#
# FOLDER has rustc's libiplaygames.a. CC compiles for the target, RUNNER runs its programs, and
# BINUTILS is the prefix of ld, objcopy, ar and nm.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rust=$(realpath "$1/libiplaygames.a")
prefix=${BINUTILS:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"

cut_down() {
    LD=${prefix}ld OBJCOPY=${prefix}objcopy AR=${prefix}ar NM=${prefix}nm "$root/packaging/static.sh" "$rust" "$work/libiplaygames.a" "$root"/include/*.h
}
linked() {
    $CC -std=c99 -D_POSIX_C_SOURCE=200809L -I"$root/include" "$here/../c/example.c" -o "$work/example" "$work/libiplaygames.a" -pthread -lgcc_s -lm -ldl
}
no_shared() { [ -e "$work/example" ] && ! readelf -d "$work/example" | grep 'NEEDED.*iplaygames'; }
# shellcheck disable=SC2086 # RUNNER is a command and its arguments
plays() { run ${RUNNER:-} "$work/example" | tee "$work/output" && grep "play at" "$work/output"; }
check "the static library has the functions of the headers as its only global symbols" cut_down
check "the example links with the static library" linked
check "the example does not need the shared library" no_shared
check "the example plays a session" plays
ends
