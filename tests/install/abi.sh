#!/usr/bin/env bash
# The comparison with the ABI's baseline passes for this library, and fails for what would break a
# program.
#
#     tests/install/abi.sh LIBRARY
#
# LIBRARY has debug information. Each test gives the check another baseline or other headers: what
# the baseline has and the library has not is gone.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"

# against NAME SED-SCRIPT FILE: the check, with one file of the baseline or of the headers changed.
against() {
    local script=$1 file=$2
    rm -rf "$work/abi" "$work/include"
    cp -r "$root/abi" "$root/include" "$work/"
    sed -E -i "$script" "$work/$file"
    cmp -s "$work/$file" "$root/$file" && { echo "the change changed nothing"; return 1; }
    "$root/abi/check.py" check "$library" "$work/include" "$work/abi"
}
functions=abi/libiplaygames.xml
constants=abi/constants.txt

check "the library has the interface of the baseline" "$root/abi/check.py" check "$library"
check "a function that is gone is a break" refuses "ipg_gone" \
    against "s/(.*)name='ipg_version'(.*type=.*)/&\n\1name='ipg_gone'\2/" $functions
check "another type of a parameter is a break" refuses "ipg_client_tick" \
    against "s/(<type-decl name=)'u32' size-in-bits='32'/\1'u64' size-in-bits='64'/" $functions
check "a parameter more is a break" refuses "ipg_session_end" \
    against "/function-decl name='ipg_session_end'/ { n; p }" $functions
check "another soname is a break" refuses "SONAME" against "s/soname='libiplaygames.so.[0-9]+'/soname='libiplaygames.so.99'/" $functions
check "another value of a constant is a break" refuses "IPG_ERR_BUSY was" against "s/^(IPG_ERR_BUSY .*)103/\1109/" $constants
check "a constant that is gone is a break" refuses "IPG_LOG_WARN was .*gone" against "/define IPG_LOG_WARN/d" include/iplaygames.h
check "a new function is none" against "/'ipg_client_stats'/,/<\/function-decl>/d; /elf-symbol name='ipg_client_stats'/d" $functions
check "a new constant is none" against "/^IPG_ERR_TLS /d" $constants
check "a baseline of another ABI version is noticed" refuses "make abi" against "s/^(IPG_ABI_VERSION) .*/\1 99/" $constants
check "a library without debug information is noticed" refuses "no debug information" \
    sh -c "strip -o '$work/stripped.so' '$library' && '$root/abi/check.py' check '$work/stripped.so'"

ends
