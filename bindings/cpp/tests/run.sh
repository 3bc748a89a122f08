#!/bin/sh
# Compiles the C++ wrapper's header, examples and tests against the library in a folder, and runs them: with
# exceptions and without, as C++17 and as C++20.
#
#     bindings/cpp/tests/run.sh LIBDIR [test...]
#
# LIBDIR   the folder that has libiplaygames.so
# test     documents, typed, loop, session, limbo, abi, two, ends, examples; all of them when none is named
# CXX      the compilers, else c++. One that is not there is skipped, and said so.
# SANITIZE=1 compiles with ASan and UBSan, and shows first that they are on. VALGRIND=1 runs under valgrind.
# INCLUDE names the C headers' folder, else include/ here; HPP that of iplaygames.hpp.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lib=$(cd "${1:?usage: bindings/cpp/tests/run.sh LIBDIR [test...]}" && pwd)
shift
[ $# -gt 0 ] || set -- documents typed loop session limbo abi two ends examples
root=$here/../../..
include=${INCLUDE:-$root/include}
hpp=${HPP:-$here/..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -e "$lib/libiplaygames.so.0" ] || ln -s "$lib/libiplaygames.so" "$work/libiplaygames.so.0"

flags="-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -g -I$hpp -I$include -pthread"
link="-L$lib -liplaygames -Wl,-rpath,$lib -Wl,-rpath,$work"
[ "${SANITIZE:-0}" = 1 ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
with=-fexceptions
without="-fno-exceptions -fno-rtti"

passed=0
failed=0
say() { printf '== %s\n' "$*"; }
# The runner's own checks; the programs count theirs.
check() {
    if "$@"; then passed=$((passed + 1)); else
        failed=$((failed + 1))
        echo "failed: $*" >&2
    fi
}

run() {
    if [ "${VALGRIND:-0}" = 1 ]; then
        valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
            --show-leak-kinds=definite,indirect "$@"
    else
        "$@"
    fi
}

# build NAME FLAGS SOURCES...: a program.
build() {
    name=$1 options=$2
    shift 2
    # shellcheck disable=SC2086
    $cxx $flags $options "$@" -o "$work/$name" $link
}

# The header alone, the examples of its comments, and those of the README.
documents() {
    echo '#include <iplaygames.hpp>' >"$work/alone.cpp"
    printf '#include <cstdio>\n#include <iplaygames.hpp>\n' >"$work/prelude"
    awk -v lang=cpp -v work="$work" -v prelude="$work/prelude" -v least=20 \
        -v params="[[maybe_unused]] iplaygames::Client& client, [[maybe_unused]] const std::string& session_id" \
        -f "$root/tests/examples.awk" "$hpp/iplaygames.hpp" "$hpp/README.md"
    for mode in "-std=c++17 $with" "-std=c++17 $without" "-std=c++20 $with" "-std=c++20 $without"; do
        check $cxx $flags $mode -fsyntax-only "$work/alone.cpp"
    done
    for mode in "-std=c++17 $with" "-std=c++20 $without"; do
        for source in parts whole_1; do
            check $cxx $flags $mode -fsyntax-only "$work/$source.cpp"
        done
    done
    # The README's program, which shows exceptions, runs without an account.
    check build readme "-std=c++17" "$work/whole_2.cpp"
    check run "$work/readme"
}

# One program of two translation units: alike, and where only one of them has exceptions.
two() {
    # Where one half has no RTTI, the check of virtual tables misses it in what both halves share.
    mixed=
    [ "${SANITIZE:-0}" = 1 ] && mixed=-fno-sanitize=vptr
    for modes in "$with:$with" "$with:$without" "$without:$with" "$without:$without"; do
        check $cxx $flags -std=c++17 ${modes#*:} $mixed -c "$here/two_other.cpp" -o "$work/two_other.o"
        check build two "-std=c++17 ${modes%:*} $mixed" "$here/two.cpp" "$work/two_other.o"
        check run "$work/two"
    done
}

# ends_with MODE WORD TEXT: the program is ended by a signal, and says that on stderr, but never the key.
ends_with() {
    status=0
    "$work/ends" "$2" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -gt 128 ] && [ ! -s "$work/out" ] && grep -q "$3" "$work/err" || {
        echo "$1, $2: status $status" >&2
        cat "$work/out" "$work/err" >&2
        return 1
    }
}

ends() {
    build ends "-std=c++17 $with" "$here/ends.cpp"
    check ends_with exceptions callback "iplaygames: an exception left a callback"
    check ends_with exceptions logger "iplaygames: an exception left a logger"
    check ends_with exceptions handler "iplaygames: an exception left the destructor of a Session or its handler"
    check ends_with exceptions callback "the host's own"
    check ends_with exceptions value "IPG_ERR_NOT_FOUND"
    build ends "-std=c++17 $without" "$here/ends.cpp"
    check ends_with none value "Session not found.*IPG_ERR_NOT_FOUND, HTTP 404"
}

examples() {
    for example in session loop; do
        check build $example "-std=c++17 $without" "$hpp/examples/$example.cpp"
        check run "$work/$example"
    done
}

# caught WORD TEXT: the wrong program is ended, and what it did is named.
caught() {
    if "$work/wrong" "$1" >"$work/out" 2>&1; then return 1; fi
    grep -q "$2" "$work/out"
}

# A sanitizer that is not on finds nothing, either.
sanitizers_are_on() {
    check build wrong "-std=c++17" "$here/wrong.cpp"
    nm "$work/wrong" >"$work/symbols"
    check grep -q __asan_init "$work/symbols"
    check grep -q __ubsan_handle "$work/symbols"
    check run "$work/wrong" nothing
    check caught address "AddressSanitizer: heap-use-after-free"
    check caught undefined "signed integer overflow"
    check caught leak "LeakSanitizer: detected memory leaks"
}

for cxx in ${CXX:-c++}; do
    if ! command -v "$cxx" >/dev/null; then
        say "skipped: $cxx is not installed"
        continue
    fi
    say "$($cxx --version | head -n 1)"
    echo 'int main() {}' >"$work/empty.cpp"
    if ! build empty "" "$work/empty.cpp" 2>"$work/err"; then
        cat "$work/err"
        say "skipped: $cxx cannot link that (the sanitizers of Debian's clang: apt-get install libclang-rt-dev)"
        continue
    fi
    [ "${SANITIZE:-0}" = 1 ] && sanitizers_are_on
    for test in "$@"; do
        case $test in
        documents | two | ends | examples)
            say "$test"
            $test
            ;;
        *)
            for mode in "-std=c++17 $with" "-std=c++20 $without"; do
                say "$test $mode"
                check build "$test" "$mode" "$here/$test.cpp"
                # valgrind is some fifty times slower: fewer rounds find the same.
                if [ "$test" = loop ] && [ "${VALGRIND:-0}" = 1 ]; then
                    check run "$work/loop" 20
                else
                    check run "$work/$test"
                fi
            done
            ;;
        esac
    done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
