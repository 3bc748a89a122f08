#!/bin/sh
# Runs cargo for another target, with the compiler, linker and flags that the target needs.
#
#     packaging/cross/cargo.sh TARGET COMMAND [ARGUMENT...]
#
# The command gets --target, and -Zbuild-std where the toolchain lacks the target's standard
# library. packaging/cross/setup.sh comes first. The command `with` runs another program, such as
# maturin, that runs cargo itself; the program has to name the target.
#
# CROSS_CARGO       a cargo that has the target's standard library, such as rustup's; by default the
#                   toolchain on the path if it has the target, else Debian's
# CROSS_TARGET_DIR  the target folder, target/cross by default
# REMAP=1           takes the paths of this machine out of what is built
# RUSTFLAGS         more flags of rustc's. Others start everything anew, the standard library too.
set -eu
. "$(dirname "$0")/common.sh"
[ $# -ge 2 ] || fail "usage: packaging/cross/cargo.sh TARGET COMMAND [ARGUMENT...]"
load "$1"
command=$2
shift 2
toolchain
target_env

# The profiles of the cross builds. Tests need no debug information: it doubles the time that the
# linker takes.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0

if [ "${REMAP:-0}" = 1 ]; then
    # The last flag that matches a path counts.
    home=${CARGO_HOME:-$HOME/.cargo}
    flags="$flags --remap-path-prefix=$root=. --remap-path-prefix=$CROSS_TARGET_DIR=target --remap-path-prefix=$home=cargo"
    for folder in "$home"/registry/src/*/; do
        flags="$flags --remap-path-prefix=$folder=crates/"
    done
    flags="$flags --remap-path-prefix=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust=rust"
    # A dependency contains C and assembly.
    name=$(echo "$target" | tr - _)
    eval "export CFLAGS_$name=\"\${CFLAGS_$name:-} -ffile-prefix-map=$home=cargo\""
fi
export RUSTFLAGS="${RUSTFLAGS:-}$flags"

if [ "$command" = with ]; then
    [ $with_build_std = no ] || export CARGO_UNSTABLE_BUILD_STD=std,panic_unwind
    # The program finds cargo on the path.
    mkdir -p "$support/path"
    ln -sf "$(command -v "$cargo")" "$support/path/cargo"
    export CARGO_TARGET_DIR="$CROSS_TARGET_DIR" PATH="$support/path:$PATH"
    exec "$@"
fi
if [ $with_build_std = yes ]; then
    set -- -Zbuild-std=std,panic_unwind "$@"
fi
exec "$cargo" "$command" --target "$target" --target-dir "$CROSS_TARGET_DIR" "$@"
