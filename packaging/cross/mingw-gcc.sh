#!/bin/sh
# The linker of rustc for Windows: mingw's compiler. If WINDOWS_TEST_LLD names a linker, programs
# are linked with clang and that linker, which must be version 15 or later: it takes a tenth of the
# time for the programs of the tests. What ships, and every library, is linked by mingw's linker.
#
# Cargo builds everything anew for another linker, so this is one for both. rustc knows by the name
# of this file that it takes the arguments of a compiler.
set -eu
gcc=x86_64-w64-mingw32-gcc
if [ -n "${WINDOWS_TEST_LLD:-}" ]; then
    case " $* " in
    *".exe "*)
        libraries=$(dirname "$($gcc -print-libgcc-file-name)")
        exec clang --target=x86_64-w64-windows-gnu "--ld-path=$WINDOWS_TEST_LLD" "-B$libraries" "-L$libraries" "$@"
        ;;
    esac
fi
exec $gcc "$@"
