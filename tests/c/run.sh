#!/bin/sh
# Compiles the headers, their examples and the C tests as C99 and as C++17, links them with the
# library in a folder, and runs the tests.
#
#     tests/c/run.sh LIBDIR [test...]
#
# LIBDIR   the folder that has libiplaygames.so; for Windows iplaygames.dll and libiplaygames.dll.a
# test     abi, api, loop, finalizer, waker, allocator, driver, transport, journal, fork, misuse,
#          stress, readme, example; all if none is named
#
# VALGRIND=1 runs the C programs under valgrind. INCLUDE is the folder of the headers, by default
# include/. ASAN_RUNTIME compiles the C programs with ASan and UBSan, and links them with this
# runtime, which is the runtime of the compiler that built the library. The script first shows that
# the sanitizers work. tests/asan/run.sh sets it. REQUESTS and SEED are the arguments of stress,
# ROUNDS is that of misuse. RUN_ONLY=1, for emulators, leaves out what shows no more about a
# platform: the examples, which are only compiled, and all programs but abi and api as C++17. An
# empty CXX leaves out C++. RUNNER is also the emulator of another machine. PLATFORM=windows builds
# for Windows with mingw, and RUNNER is the command that runs its programs, such as wine. By
# default, PLATFORM is elf.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lib=$(cd "${1:?usage: tests/c/run.sh LIBDIR [test...]}" && pwd)
shift
platform=${PLATFORM:-elf}
# A process of Windows does not fork, and has no descriptors that a test could break the driver by.
unix_only="driver fork"
if [ $# -eq 0 ]; then
    set -- abi api loop finalizer waker allocator transport journal misuse stress readme example
    if [ $platform = elf ]; then set -- "$@" $unix_only; else echo "skipped: the programs $unix_only, which need Unix"; fi
fi
include=${INCLUDE:-$here/../../include}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

warnings="-Wall -Wextra -Wpedantic -Werror"
# Debug information is for reports that name lines.
[ "${VALGRIND:-0}${ASAN_RUNTIME:-}" = 0 ] || warnings="$warnings -g"
c="${CC:-gcc} -std=c99 -D_POSIX_C_SOURCE=200809L $warnings -I$include"
cxx=${CXX-g++}
# Without a compiler for C++, `true` takes its place where only the compiler would speak.
[ -n "$cxx" ] || echo "skipped: C++, because CXX is empty"
cpp="${cxx:-true} -std=c++17 $warnings -I$include"
suffix=
link="-L$lib -liplaygames -Wl,-rpath,$lib -pthread"
if [ $platform = windows ]; then
    # printf as in C99. All but the library is static, and the library lies beside the programs.
    c="$c -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00"
    cpp="$cpp -D__USE_MINGW_ANSI_STDIO=1 -D_WIN32_WINNT=0x0A00"
    link="$lib/libiplaygames.dll.a -static -lpthread -lws2_32"
    suffix=.exe
    cp "$lib/iplaygames.dll" "$work/"
fi

say() { printf '== %s\n' "$*"; }

sanitize=
runtime=
if [ -n "${ASAN_RUNTIME:-}" ]; then
    sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
    runtime="-Wl,--whole-archive $ASAN_RUNTIME -Wl,--no-whole-archive -Wl,--export-dynamic -ldl -lm -lrt"
fi

# build PROGRAM COMPILER SOURCE...: builds a program. It is linked without -fsanitize, which would
# add the runtime of the C compiler.
build() {
    program=$1 compiler=$2
    shift 2
    objects=
    for source in "$@"; do
        object=$work/$(basename "$source").o
        $compiler $sanitize -c "$source" -o "$object"
        objects="$objects $object"
    done
    # shellcheck disable=SC2086
    ${compiler%% -*} $objects $runtime -o "$program" $link
}

# check_elf: checks the soname and the flags of the library, and lists its exports. If no link with
# the soname is beside the library, the tests use one in the work folder.
check_elf() {
    shared=$lib/libiplaygames.so
    soname=libiplaygames.so.$(($(sed -n 's/.*define IPG_ABI_VERSION //p' "$include/iplaygames.h") >> 16))
    say "the library: soname, never unloaded, ipg_ symbols only"
    readelf -d "$shared" >"$work/dynamic"
    for word in "Library soname: \[$soname\]" NODELETE; do
        grep -q "$word" "$work/dynamic" || { echo "$shared lacks $word: link it as the Makefile does" >&2; exit 1; }
    done
    nm -D --defined-only "$shared" | awk '{ print $3 }' >"$work/exported"
    [ -e "$lib/$soname" ] || { ln -s "$shared" "$work/$soname"; link="$link -Wl,-rpath,$work"; }
}

# check_dll: lists the exports of the library. packaging/windows/check.py checks the rest.
check_dll() {
    say "the library: ipg_ symbols only"
    python3 "$here/../../packaging/windows/pe.py" exports "$lib/iplaygames.dll" >"$work/exported"
}

if [ $platform = windows ]; then check_dll; else check_elf; fi
if grep -v '^ipg_' "$work/exported" >&2; then echo "the library exports more than ipg_ symbols" >&2; exit 1; fi

# Checks that the headers declare exactly the exported functions.
cat "$include"/iplaygames.h "$include"/iplaygames_sandbox.h | sed '/^#if defined(__ANDROID__)/,/^#endif/d; s|^ \*.*||' |
    grep -o 'ipg_[a-z_]*(' | tr -d '(' | sort -u >"$work/declared"
sort -u "$work/exported" | diff "$work/declared" - || { echo "headers and exports differ" >&2; exit 1; }

say "the headers alone, as C99 and C++17"
for header in iplaygames iplaygames_sandbox; do
    echo "#include <$header.h>" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    $c -c "$work/alone.c" -o "$work/alone.o"
    $cpp -c "$work/alone.cpp" -o "$work/alone.o"
done

# The codes and constants are integers that the preprocessor can compare, without a cast.
say "the codes in #if, as C99 and C++17"
cat >"$work/codes.c" <<'END'
#include <iplaygames.h>
#if IPG_ERR_BUSY == 103 && IPG_OK == 0 && IPG_LOG_TRACE == 5 && IPG_JSON_OBJECT == 6
ipg_code busy(void);
ipg_code busy(void) { return IPG_ERR_BUSY; }
#else
#  error "the codes have other numbers"
#endif
#if IPG_ABI_VERSION != 2
#  error "the ABI has another version"
#endif
END
cp "$work/codes.c" "$work/codes.cpp"
$c -c "$work/codes.c" -o "$work/codes.o"
$cpp -Wold-style-cast -c "$work/codes.cpp" -o "$work/codes.o"

# Compiles the examples. They may use these variables and callbacks.
examples() {
    say "the examples of the headers and the documents, as C99 and C++17"
    documents="$here/../../README.md $here/../../ARCHITECTURE.md $here/../../docs/*.md $here/../../bindings/*/README.md"
    cat >"$work/prelude" <<'END'
#include <stdio.h>
#include <iplaygames_sandbox.h>
void on_log(void *user_data, ipg_log_level level, const char *target, const char *message);
void wake_loop(void *user_data);
void *allocate(size_t size, size_t alignment);
void deallocate(void *memory, size_t size, size_t alignment);
void on_games(void *user_data, ipg_request *request, ipg_code code, const char *json);
void send_request(void *user_data, ipg_exchange *exchange, const char *method, const char *url,
                  const char *headers, const void *body, size_t body_len);
END
    awk -v lang=c -v work="$work" -v prelude="$work/prelude" -v least=29 \
        -v params="ipg_client *client, ipg_request *request, ipg_exchange *exchange, ipg_sandbox *sandbox, const char *session_id, void *game" \
        -v uses="(void)client; (void)request; (void)exchange; (void)sandbox; (void)session_id; (void)game;" \
        -f "$here/../examples.awk" "$include"/iplaygames.h "$include"/iplaygames_sandbox.h $documents
    for example in "$work"/parts.c "$work"/whole_*.c; do
        cp "$example" "${example}pp"
        $c -c "$example" -o "$work/example.o"
        $cpp -c "${example}pp" -o "$work/example.o"
    done
}
if [ "${RUN_ONLY:-0}" = 1 ]; then echo "skipped: the examples, which are only compiled"; else examples; fi

# valgrind is about fifty times slower, so the tests run fewer rounds.
rounds=${ROUNDS:-200}
requests=${REQUESTS:-100000}
[ "${VALGRIND:-0}" = 1 ] && rounds=20 && requests=300

run() {
    case $1 in
    *misuse*) set -- "$@" "$rounds" ;;
    # As C++ without a function that resizes.
    *allocator_cpp*) set -- "$@" without-reallocate ;;
    *stress_cpp*) set -- "$@" $((requests / 5)) ${SEED:-} ;;
    *stress*) set -- "$@" "$requests" ${SEED:-} ;;
    esac
    say "$*"
    if [ "${VALGRIND:-0}" = 1 ]; then
        # In a forked child the memory of the other threads is lost, as intended.
        leaks=full
        case $1 in *fork*) leaks=no ;; esac
        # The payload of a panic is leaked on purpose, and Tokio cannot free the objects of an I/O
        # driver that failed.
        case $1 in *driver*) leaks=no ;; esac
        valgrind --quiet --error-exitcode=99 --leak-check=$leaks --errors-for-leak-kinds=definite,indirect \
            --show-leak-kinds=definite,indirect "$@"
    else
        case $1 in
        # Without a search for leaks, for the same reason.
        *driver*) ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" ${RUNNER:-} "$@" ;;
        *) ${RUNNER:-} "$@" ;;
        esac
    fi
}

# Makes a function of the README's first C program, which a test calls.
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$here/../../README.md" |
    sed 's/^int main(void)/int readme_main(void);\nint readme_main(void)/' >"$work/readme_main.c"

# caught WORD TEXT: checks that the sanitizer ends the wrong program and reports the error.
caught() {
    if "$work/wrong" "$1" >"$work/report" 2>&1; then echo "$1: nothing was reported" >&2; exit 1; fi
    grep -q "$2" "$work/report" || { cat "$work/report" >&2; exit 1; }
}

if [ -n "$sanitize" ]; then
    say "the sanitizers are on"
    build "$work/wrong" "$c" "$here/wrong.c"
    "$work/wrong"
    caught address "AddressSanitizer: heap-use-after-free"
    caught undefined "signed integer overflow"
    caught leak "LeakSanitizer: detected memory leaks"
fi

# as_cpp TEST: the program is also compiled as C++17, and runs.
as_cpp() {
    [ -n "$cxx" ] || return 1
    case ${RUN_ONLY:-0}$1 in 0* | 1abi | 1api) ;; *) return 1 ;; esac
}

[ -z "$cxx" ] || [ "${RUN_ONLY:-0}" = 0 ] || echo "skipped: the programs as C++17, except abi and api"
failed=
for test in "$@"; do
    sources=$here/$test.c
    [ "$test" != readme ] || sources="$sources $work/readme_main.c"
    # shellcheck disable=SC2086
    build "$work/$test$suffix" "$c" $sources
    # shellcheck disable=SC2086
    ! as_cpp "$test" || build "$work/${test}_cpp$suffix" "$cpp -x c++" $sources
    run "$work/$test$suffix" || failed="$failed $test"
    as_cpp "$test" || continue
    VALGRIND=0 run "$work/${test}_cpp$suffix" || failed="$failed $test(C++)"
done
if [ -n "$failed" ]; then echo "failed:$failed" >&2; exit 1; fi
say "all passed"
