#!/bin/sh
# Makes the static library that ships from the one that rustc makes.
#
#     packaging/static.sh RUSTC-ARCHIVE OUT-ARCHIVE HEADER...
#
# rustc's archive defines the whole of Rust's standard library, such as rust_eh_personality, so a
# program that links two Rust static libraries defines it twice. Here all becomes one object in
# which only the functions of the headers are global; what none of them reaches is left out. LD,
# OBJCOPY, AR and NM name the binutils.
set -eu

from=$1
to=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The names of the headers' functions, one a line.
cat "$@" | sed '/^#if defined(__ANDROID__)/,/^#endif/d; s|^ \*.*||' | grep -o 'ipg_[a-z_]*(' | tr -d '(' | sort -u >"$work/functions"
[ -s "$work/functions" ] || { echo "no functions in $*" >&2; exit 1; }

roots=$(sed 's/^/-u /' "$work/functions")
# shellcheck disable=SC2086 # one argument a word is what is meant
"${LD:-ld}" -r --gc-sections --force-group-allocation $roots "$from" -o "$work/whole.o"
# .llvmbc and .llvmcmd hold bitcode for an LTO that no linker of a consumer can do.
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='ipg_*' --remove-section=.llvmbc --remove-section=.llvmcmd \
    --strip-debug --strip-unneeded "$work/whole.o" "$work/iplaygames.o"

"${NM:-nm}" -g --defined-only "$work/iplaygames.o" | awk '{ print $3 }' | sort | diff "$work/functions" - >&2 ||
    { echo "the static library does not define the headers' functions and nothing else" >&2; exit 1; }
rm -f "$work/lib.a"
"${AR:-ar}" rcsD "$work/lib.a" "$work/iplaygames.o"
mv -f "$work/lib.a" "$to"
