#!/bin/sh
# Runs Rust tests and the C programs under AddressSanitizer and LeakSanitizer. First it shows that
# both are on.
#
#     tests/asan/run.sh [suite...]
#
# suite            lib, c, or the name of a file or folder of tests/; those below when none is named
# CARGO_TARGET_DIR the target folder, in which this uses the subfolder asan; else target/ here
# CARGO, CC, CXX   the tools
# SEEDS            the number of seeds of the simulation (500; its own default takes a minute)
#
# Needs a Rust toolchain of rustup, which has the runtime of the sanitizers, and llvm-symbolizer
# (Debian: llvm). The flags are those of a nightly compiler; RUSTC_BOOTSTRAP lets the stable one
# take them.
#
# Not in the list: header and operations, which compare files and tables. In host, two tests run
# without LeakSanitizer, see below. No suite needs to be left out because of the sanitizer.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
cd "$root"
[ $# -gt 0 ] || set -- lib submit wire answers retry host tls proxy sandbox slow_resolver cli threads c

say() { printf '== %s\n' "$*"; }
skip() { say "skipped: AddressSanitizer, $*"; echo "0 passed, 0 failed"; exit 0; }
fail() { echo "$*" >&2; exit 1; }

target=x86_64-unknown-linux-gnu
[ "$(rustc -vV | sed -n 's/^host: //p')" = $target ] || skip "which this script runs on $target only"
runtime=$(find "$(rustc --print sysroot)/lib/rustlib/$target/lib" -name 'librustc-*_rt.asan.a')
[ -n "$runtime" ] || fail "This Rust toolchain has no runtime of AddressSanitizer: use one from https://rustup.rs."
command -v llvm-symbolizer >/dev/null ||
    fail "llvm-symbolizer is missing, which suppressions need: Debian and Ubuntu: apt-get install llvm"

cargo="${CARGO:-cargo}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/asan" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 LSAN_OPTIONS="suppressions=$here/suppressions.txt:print_suppressions=0"
export SEEDS="${SEEDS:-500}"
# The long tests run in full.
export CI=true
built=$CARGO_TARGET_DIR/$target/debug
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect TEXT COMMAND...: the command fails, and its report has the text.
expect() {
    text=$1
    shift
    if "$@" >"$work/report" 2>&1; then cat "$work/report"; fail "$*: nothing was reported"; fi
    grep -q "$text" "$work/report" || { cat "$work/report"; fail "$*: the report does not say: $text"; }
}

programs=false
targets="--test threads"
for suite in "$@"; do
    case $suite in
    c) programs=true ;;
    lib) targets="$targets --lib" ;;
    threads) ;;
    *) targets="$targets --test $suite" ;;
    esac
done
# shellcheck disable=SC2086
$cargo test --target $target --no-run $targets 2>&1 | tee "$work/build" || true
# What `cargo test` built, by name.
sed -n 's|^ *Executable .*(\(.*\))$|\1|p' "$work/build" >"$work/executables"
[ -s "$work/executables" ] || fail "The tests were not built."
executable() {
    name=$1
    [ "$name" != lib ] || name=iplaygames
    path=$(grep "/$name-[0-9a-f]*$" "$work/executables") || fail "$1: not built"
    echo "$path"
}

say "AddressSanitizer and LeakSanitizer are on"
threads=$(executable threads)
expect "AddressSanitizer: heap-use-after-free" "$threads" use-after-free
expect "LeakSanitizer: detected memory leaks" "$threads" leak

for suite in "$@"; do
    [ "$suite" != c ] || continue
    test=$(executable "$suite")
    nm "$test" >"$work/symbols"
    grep -q ' T __asan_init$' "$work/symbols" || fail "$suite is built without AddressSanitizer"
    say "$suite"
    case $suite in
    host)
        # A client that is dropped where the thread's or the process's own data are gone already
        # leaves its runtime behind, as Tokio cannot end one there (`Drop for Reactor`). These tests
        # do that.
        ends="exit::a_call_at_the_end_of_a_thread_is_refused_or_succeeds exit::a_call_at_the_end_of_the_process_is_refused"
        skips=
        for name in $ends; do skips="$skips --skip $name"; done
        # shellcheck disable=SC2086
        "$test" $skips
        # shellcheck disable=SC2086
        ASAN_OPTIONS=detect_leaks=0 "$test" --exact $ends
        ;;
    *) "$test" ;;
    esac
done

if $programs; then
    say "the C programs"
    soname=libiplaygames.so.$(($(sed -n 's/.*define IPG_ABI_VERSION //p' include/iplaygames.h) >> 16))
    $cargo rustc --lib --crate-type cdylib --features host-allocator --target $target -- \
        -C link-arg=-Wl,-soname,"$soname" -C link-arg=-Wl,-z,nodelete
    nm -D "$built/libiplaygames.so" >"$work/symbols"
    grep -q ' U __asan_init$' "$work/symbols" || fail "the library is built without AddressSanitizer"
    ASAN_RUNTIME=$runtime REQUESTS="${REQUESTS:-20000}" tests/c/run.sh "$built"
fi
say "AddressSanitizer and LeakSanitizer reported nothing"
