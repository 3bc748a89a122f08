# Linux x64 with musl. packaging/cross/common.sh explains the variables.
# shellcheck shell=sh disable=SC2034
. "$cross/zig.sh"

# musl's loader and compiler, for the tests.
packages="musl musl-tools"

prepare() { zig_wrappers x86_64-linux-musl; }

# Without -crt-static rustc makes no shared libraries for musl.
target_env() {
    zig_env
    flags="$flags -C target-feature=-crt-static"
}
