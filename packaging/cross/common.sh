# Shell functions that packaging/cross/setup.sh and packaging/cross/cargo.sh share. It contains the
# choice of the Rust toolchain and the loading of a target. targets/TARGET.sh has what differs:
#
#     packages    Debian packages that the target needs beside the compiler
#     build_std   yes: the standard library is built from its sources if the toolchain lacks it;
#                 no: the target has its own way to provide it
#     prepare     a function that creates files the build needs, in $support; it does nothing if
#                 they exist
#     target_env  a function that exports the linker and adds to $flags, which are rustc's flags
#
# A target uses the functions `fail` and `has_std`, and the variables $target, $RUSTC, $support,
# $with_build_std (yes or no, in target_env and prepare) and $cross (the folder of this file).

cross=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$cross/../.." && pwd)
# All targets and profiles share one target folder, so that nothing is built twice.
CROSS_TARGET_DIR=${CROSS_TARGET_DIR:-${CARGO_TARGET_DIR:-$root/target}/cross}

fail() {
    echo "$*" >&2
    exit 1
}

# has_std RUSTC: the toolchain of this compiler has the standard library of the target.
has_std() {
    command -v "$1" >/dev/null || return 1
    folder=$("$1" --print target-libdir --target "$target" 2>/dev/null) || return 1
    set -- "$folder"/libstd-*.rlib
    [ -e "$1" ]
}

# has_sources RUSTC: the toolchain of this compiler has the sources of the standard library.
has_sources() {
    command -v "$1" >/dev/null && [ -e "$("$1" --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]
}

# toolchain: sets RUSTC, cargo and with_build_std. CROSS_CARGO names a cargo that has the target's
# standard library, such as rustup's; its rustc is the one on the path, or RUSTC.
toolchain() {
    with_build_std=no
    if [ -n "${CROSS_CARGO:-}" ]; then
        RUSTC=${RUSTC:-rustc} cargo=$CROSS_CARGO
    elif has_std rustc; then
        RUSTC=$(command -v rustc) cargo=cargo
    elif [ "$build_std" = no ]; then
        RUSTC=/usr/bin/rustc cargo=/usr/bin/cargo
    elif has_sources rustc; then
        RUSTC=$(command -v rustc) cargo=cargo with_build_std=yes
    elif has_sources /usr/bin/rustc; then
        RUSTC=/usr/bin/rustc cargo=/usr/bin/cargo with_build_std=yes
    else
        fail "No Rust toolchain here has the standard library of $target or its sources. Install one:" \
            "rustup target add $target, or Debian and Ubuntu: apt-get install $compiler"
    fi
    export RUSTC
    # A stable compiler builds the standard library with this. All builds with Debian's compiler
    # have it: crates that look for it, such as proc-macro2, would be built anew, and with them all
    # that depend on them, whenever another target follows.
    if [ $with_build_std = yes ] || [ "$RUSTC" = /usr/bin/rustc ]; then export RUSTC_BOOTSTRAP=1; fi
}

# Debian's compiler, and the sources of its standard library.
compiler="rustc-web cargo-web rust-web-src libstd-rust-web-dev"

# load TARGET: reads what the target needs, and chooses the toolchain.
load() {
    target=$1
    [ -e "$cross/targets/$target.sh" ] ||
        fail "There is no target $target. packaging/cross/targets has: $(cd "$cross/targets" && echo *.sh | sed 's/\.sh//g')."
    support=$CROSS_TARGET_DIR/support/$target
    packages='' build_std=yes flags=''
    prepare() { :; }
    target_env() { :; }
    # shellcheck source=/dev/null
    . "$cross/targets/$target.sh"
}
