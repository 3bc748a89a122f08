#!/bin/sh
# Runs tests/threads.rs under ThreadSanitizer, with a standard library that is built with it. First
# it shows that ThreadSanitizer is on.
#
#     tests/tsan/run.sh
#
# CARGO_TARGET_DIR the target folder, in which this uses the subfolder tsan; else target/ here
# ROUNDS           the number of rounds (20)
#
# A standard library without ThreadSanitizer would hide which lock orders what: so it is built from
# its sources. They come with `rustup component add rust-src`, or with Debian's compiler (Debian and
# Ubuntu: apt-get install rustc-web cargo-web rust-web-src libstd-rust-web-dev), which lacks the
# runtime: that is taken from rustup's toolchain. The flags are those of a nightly compiler;
# RUSTC_BOOTSTRAP lets a stable one take them.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

say() { printf '== %s\n' "$*"; }
skip() { say "skipped: ThreadSanitizer, $*"; echo "0 passed, 0 failed"; exit 0; }
fail() { echo "$*" >&2; exit 1; }

target=x86_64-unknown-linux-gnu
[ "$(rustc -vV | sed -n 's/^host: //p')" = $target ] || skip "which this script runs on $target only"
command -v llvm-symbolizer >/dev/null ||
    fail "llvm-symbolizer is missing, which suppressions need: Debian and Ubuntu: apt-get install llvm"

# sysroot COMPILER: its folder, if the sources of the standard library are there.
sysroot() {
    command -v "$1" >/dev/null || return 1
    folder=$("$1" --print sysroot)
    [ -e "$folder/lib/rustlib/src/rust/library/Cargo.lock" ] && echo "$folder"
}
runtime_in() { find "$1/lib/rustlib/$target/lib" -name 'librustc-*_rt.tsan.a' | head -n 1; }

if folder=$(sysroot rustc); then
    RUSTC=$(command -v rustc)
    cargo=${CARGO:-cargo}
elif folder=$(sysroot /usr/bin/rustc); then
    RUSTC=/usr/bin/rustc
    cargo=/usr/bin/cargo
else
    fail "The sources of the standard library are missing: rustup component add rust-src, or Debian and Ubuntu:" \
        "apt-get install rustc-web cargo-web rust-web-src libstd-rust-web-dev"
fi
RUSTFLAGS="-Zsanitizer=thread"
if [ -z "$(runtime_in "$folder")" ]; then
    runtime=$(runtime_in "$(rustc --print sysroot)")
    [ -n "$runtime" ] || fail "No Rust toolchain here has the runtime of ThreadSanitizer: install one from https://rustup.rs."
    RUSTFLAGS="$RUSTFLAGS -Zexternal-clangrt -Clink-arg=-Wl,--export-dynamic"
    # Before the libraries of Rust, as rustc itself does it.
    for argument in -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -lm -lpthread -ldl -lrt -lc; do
        RUSTFLAGS="$RUSTFLAGS -Zpre-link-arg=$argument"
    done
fi
export RUSTC RUSTFLAGS RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/tsan"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "$($RUSTC --version)"
$cargo test -Zbuild-std=std,panic_unwind --target $target --test threads --no-run 2>&1 | tee "$work/build" || true
program=$(sed -n 's|^ *Executable .*(\(.*/threads-[0-9a-f]*\))$|\1|p' "$work/build")
[ -n "$program" ] || fail "tests/threads.rs was not built"

say "ThreadSanitizer is on"
nm "$program" >"$work/symbols"
grep -q ' T __tsan_init$' "$work/symbols" || fail "tests/threads.rs is built without ThreadSanitizer"
if "$program" data-race >"$work/report" 2>&1; then cat "$work/report"; fail "a race on purpose was not reported"; fi
grep -q "WARNING: ThreadSanitizer: data race" "$work/report" || { cat "$work/report"; fail "the report names no race"; }

say "tests/threads.rs"
TSAN_OPTIONS="suppressions=$here/suppressions.txt:print_suppressions=0" ROUNDS="${ROUNDS:-20}" "$program"
say "ThreadSanitizer reported nothing"
