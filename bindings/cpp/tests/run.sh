#!/bin/sh
# Compiles the header, the examples and the tests of the C++ wrapper with a library, and runs them:
# with and without exceptions, as C++17 and as C++20.
#
#     bindings/cpp/tests/run.sh LIBDIR [test...]
#
# LIBDIR   the folder of libiplaygames.so; for Windows of iplaygames.dll and libiplaygames.dll.a
# test     header, documents, typed, nonblocking, session, abi, coroutines, two_units, fatal,
#          examples; all of them if none is named
# CXX      the compilers, c++ by default; one that is not installed is skipped with a message
# SANITIZE=1 compiles with ASan and UBSan, and checks first that both are active. VALGRIND=1 runs
# the programs under valgrind.
# INCLUDE  the folder of the C headers, include/ by default
# HPP      the folder of iplaygames.hpp, bindings/cpp by default
# PLATFORM=windows builds for Windows with mingw, and RUNNER is the command that runs its programs,
# such as wine. RUN_ONLY=1, for emulators, leaves out what shows no more about a platform: most
# programs as C++20 without exceptions.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lib=$(cd "${1:?usage: bindings/cpp/tests/run.sh LIBDIR [test...]}" && pwd)
shift
[ $# -gt 0 ] || set -- header documents typed nonblocking session abi coroutines two_units fatal examples
root=$here/../../..
include=${INCLUDE:-$root/include}
hpp=${HPP:-$here/..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ "${PLATFORM:-elf}" = windows ] || [ -e "$lib/libiplaygames.so.0" ] || ln -s "$lib/libiplaygames.so" "$work/libiplaygames.so.0"

flags="-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -I$hpp -I$include -pthread"
link="-L$lib -liplaygames -Wl,-rpath,$lib -Wl,-rpath,$work"
suffix=
if [ "${PLATFORM:-elf}" = windows ]; then
    # All but the library is static, and the library lies beside the programs.
    link="$lib/libiplaygames.dll.a -static"
    suffix=.exe
    cp "$lib/iplaygames.dll" "$work/"
fi
# Debug information, which takes a third of the time, is for reports that name lines.
[ "${SANITIZE:-0}${VALGRIND:-0}" = 00 ] || flags="$flags -g"
[ "${SANITIZE:-0}" = 1 ] && flags="$flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
with=-fexceptions
without="-fno-exceptions -fno-rtti"

passed=0
failed=0
say() { printf '== %s\n' "$*"; }
# Checks of this script; the programs count their own checks.
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
        # A program of Windows has another name than was given to build.
        program=$1$suffix
        shift
        ${RUNNER:-} "$program" "$@"
    fi
}

# build NAME FLAGS SOURCES...: compiles and links a program.
build() {
    name=$1 options=$2
    shift 2
    # shellcheck disable=SC2086
    $cxx $flags $options "$@" -o "$work/$name$suffix" $link
}

# compiles FLAGS SOURCE: compiles a file without linking. zig refuses -fsyntax-only with -Werror.
compiles() {
    # shellcheck disable=SC2086
    $cxx $flags $1 -c "$2" -o "$work/compiled.o"
}

# Checks that the header is current, that the check fails for a changed part and a cycle, and that
# each part compiles on its own.
header() {
    script=$here/../amalgamate.py
    check python3 "$script" --check
    # The suite runs once for each compiler.
    rm -rf "$work/parts"
    cp -r "$here/../parts" "$work/parts"
    sed -i 's/return code_; }/return code_ ; }/' "$work/parts/error.hpp"
    check rejects "differs from bindings/cpp/parts" python3 "$script" --check --parts "$work/parts"
    sed -i 's/^#include "config.hpp"/#include "result.hpp"/' "$work/parts/document.hpp"
    check rejects "in a cycle" python3 "$script" --check --parts "$work/parts"
    for part in "$here"/../parts/*.hpp; do
        printf '#include "%s"\n' "$part" >"$work/part.cpp"
        check compiles "-std=c++17 $without" "$work/part.cpp"
    done
}

# rejects TEXT COMMAND...: the command fails, and its message contains the text.
rejects() {
    text=$1
    shift
    if "$@" >"$work/out" 2>&1; then return 1; fi
    grep -q "$text" "$work/out"
}

# Compiles the header on its own, the examples in its comments, and the examples of the README.
documents() {
    echo '#include <iplaygames.hpp>' >"$work/alone.cpp"
    printf '#include <condition_variable>\n#include <cstdio>\n#include <iplaygames.hpp>\n' >"$work/prelude"
    awk -v lang=cpp -v work="$work" -v prelude="$work/prelude" -v least=20 \
        -v params="[[maybe_unused]] iplaygames::Client& client, [[maybe_unused]] const std::string& session_id" \
        -f "$root/tests/examples.awk" "$hpp/iplaygames.hpp" "$hpp/README.md"
    for mode in "-std=c++17 $with" "-std=c++17 $without" "-std=c++20 $with" "-std=c++20 $without"; do
        check compiles "$mode" "$work/alone.cpp"
    done
    for mode in "-std=c++17 $with" "-std=c++20 $without"; do
        for source in parts whole_1; do
            check compiles "$mode" "$work/$source.cpp"
        done
    done
    # The program of the README uses exceptions. It runs without an account.
    check build readme "-std=c++17" "$work/whole_2.cpp"
    check run "$work/readme"
}

# is_run FLAGS: programs are built with these flags and run.
is_run() {
    [ "${RUN_ONLY:-0}" = 0 ] && return 0
    case $1 in *"$without"*) return 1 ;; esac
}

# Links two translation units, with all combinations of exceptions on and off.
two_units() {
    # The vptr check needs RTTI in both translation units.
    mixed=
    [ "${SANITIZE:-0}" = 1 ] && mixed=-fno-sanitize=vptr
    for modes in "$with:$with" "$with:$without" "$without:$with" "$without:$without"; do
        is_run "${modes#*:}" || continue
        check $cxx $flags -std=c++17 ${modes#*:} $mixed -c "$here/two_units_other.cpp" -o "$work/two_units_other.o"
        check build two_units "-std=c++17 ${modes%:*} $mixed" "$here/two_units.cpp" "$work/two_units_other.o"
        check run "$work/two_units"
    done
}

# terminates_with MODE ERROR TEXT: a signal ends the program, which writes the text to stderr and
# nothing to stdout. On Windows abort() ends it with the status 3.
terminates_with() {
    status=0
    run "$work/fatal" "$2" >"$work/out" 2>"$work/err" || status=$?
    if [ -n "$suffix" ]; then [ "$status" -eq 3 ]; else [ "$status" -gt 128 ]; fi && [ ! -s "$work/out" ] && grep -q "$3" "$work/err" || {
        echo "$1, $2: status $status" >&2
        cat "$work/out" "$work/err" >&2
        return 1
    }
}

fatal() {
    build fatal "-std=c++17 $with" "$here/fatal.cpp"
    check terminates_with exceptions callback "iplaygames: an exception left a callback"
    check terminates_with exceptions logger "iplaygames: an exception left a logger"
    check terminates_with exceptions handler "iplaygames: an exception left the destructor of a Session or its handler"
    check terminates_with exceptions callback "an error of the host"
    check terminates_with exceptions value "IPG_ERR_NOT_FOUND"
    build fatal "-std=c++17 $without" "$here/fatal.cpp"
    check terminates_with none value "Session not found.*IPG_ERR_NOT_FOUND, HTTP 404"
}

# Coroutines are a part of C++20.
coroutines() {
    for mode in "-std=c++20 $with" "-std=c++20 $without"; do
        is_run "$mode" || continue
        say "coroutines $mode"
        check build coroutines "$mode" "$here/coroutines.cpp"
        check run "$work/coroutines"
    done
}

examples() {
    check build coroutines_example "-std=c++20 $without" "$hpp/examples/coroutines.cpp"
    check run "$work/coroutines_example"
    for example in session loop; do
        check build $example "-std=c++17 $without" "$hpp/examples/$example.cpp"
        check run "$work/$example"
    done
}

# finds ERROR TEXT: the sanitizer ends the program with the error, and its report contains the text.
finds() {
    if "$work/sanitizer_probe" "$1" >"$work/out" 2>&1; then return 1; fi
    grep -q "$2" "$work/out"
}

# Without this check, a sanitizer that is not active would look like tests without errors.
check_sanitizers() {
    check build sanitizer_probe "-std=c++17" "$here/sanitizer_probe.cpp"
    nm "$work/sanitizer_probe" >"$work/symbols"
    check grep -q __asan_init "$work/symbols"
    check grep -q __ubsan_handle "$work/symbols"
    check run "$work/sanitizer_probe" nothing
    check finds address "AddressSanitizer: heap-use-after-free"
    check finds undefined "signed integer overflow"
    check finds leak "LeakSanitizer: detected memory leaks"
}

for cxx in ${CXX:-c++}; do
    if ! command -v "$cxx" >/dev/null; then
        say "skipped: $cxx is not installed"
        continue
    fi
    say "$($cxx --version | head -n 1)"
    [ "${RUN_ONLY:-0}" = 0 ] || say "skipped: the tests as C++20 without exceptions, except fatal and the examples"
    echo 'int main() {}' >"$work/empty.cpp"
    if ! build empty "" "$work/empty.cpp" 2>"$work/err"; then
        cat "$work/err"
        say "skipped: $cxx cannot link with these options (sanitizers of clang on Debian: apt-get install libclang-rt-dev)"
        continue
    fi
    [ "${SANITIZE:-0}" = 1 ] && check_sanitizers
    for test in "$@"; do
        case $test in
        header | documents | coroutines | two_units | fatal | examples)
            say "$test"
            $test
            ;;
        *)
            for mode in "-std=c++17 $with" "-std=c++20 $without"; do
                is_run "$mode" || continue
                say "$test $mode"
                check build "$test" "$mode" "$here/$test.cpp"
                # Programs run about fifty times slower under valgrind, so the test makes fewer
                # rounds.
                if [ "$test" = nonblocking ] && [ "${VALGRIND:-0}" = 1 ]; then
                    check run "$work/nonblocking" 20
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
