#!/usr/bin/env bash
# Runs a C program and the library with the C library of an older Debian.
#
#     tests/install/old_glibc.sh LIBRARY HEADERS
#
# LIBRARY is a libiplaygames.so with the sandbox, for x86-64. CC compiles for an old glibc, such as
# the compiler of packaging/cross/zig.sh. The C library comes with apt-get from the machine's own
# source of packages. SUITE names the release of Debian, by default the oldest that is still served.
# Nothing is installed, and no root is needed.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
library=$(realpath "$1")
headers=$(realpath "$2")
suite=${SUITE:-bullseye}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"

# ---- the C library -------------------------------------------------------------------------------

# The address of the machine's Debian, without the one for security updates.
source=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' | sed -n 's/^Debian|//p' | head -n 1)
mkdir -p "$work/lists/partial" "$work/debs" "$work/root"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source $suite main" >"$work/sources.list"
apt=(-o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$work/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Dir::State::status=/dev/null -o APT::Sandbox::User=)
if ! (apt-get "${apt[@]}" update -qq && cd "$work/debs" && apt-get "${apt[@]}" download -qq libc6 libgcc-s1) >"$work/apt" 2>&1; then
    cat "$work/apt"
    echo "skipped: the run with an old glibc, because apt-get has no libc6 and libgcc-s1 of $suite"
    ends
    exit
fi
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done
libc=$work/root/lib/x86_64-linux-gnu
loader=$(echo "$libc"/ld-*.so)
"$loader" "$libc/libc.so.6" | head -n 1

# ---- the programs --------------------------------------------------------------------------------

# LIBRARY may be a link to a file with a version in its name.
mkdir "$work/lib" && cp "$library" "$work/lib/libiplaygames.so"
ln -s libiplaygames.so "$work/lib/$(readelf -d "$library" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')"
# old PROGRAM...: runs a program with the old loader and the old libraries only.
old() { run "$loader" --library-path "$libc:$work/lib" "$@"; }
compiles() { $CC -std=c99 -D_POSIX_C_SOURCE=200809L -I"$headers" "$here/../c/$1.c" -o "$work/$1" -L"$work/lib" -liplaygames -pthread; }
# The loader lists every library with its path.
all_old() { old --list "$work/example" >"$work/list" && cat "$work/list" && ! grep -v vdso "$work/list" | grep -v "$work"; }
version_of() { "$loader" "$libc/libc.so.6" | head -n 1 | grep -oE '[0-9]+\.[0-9]+' | head -n 1; }

check "the C library is older than that of this machine" test "$(version_of)" != "$(getconf GNU_LIBC_VERSION | cut -d ' ' -f 2)"
for program in example api loop; do
    check "$program compiles" compiles $program
done
check "the example loads the old C library, and no library of this machine" all_old
for program in example api loop; do
    check "$program passes with glibc $(version_of)" old "$work/$program"
done

ends
