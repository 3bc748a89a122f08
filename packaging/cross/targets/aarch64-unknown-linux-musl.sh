# Linux arm64 with musl. packaging/cross/common.sh explains the variables.
# shellcheck shell=sh disable=SC2034
. "$cross/zig.sh"
. "$cross/debian.sh"

[ "$(uname -m)" = aarch64 ] || packages="binutils-aarch64-linux-gnu qemu-user-static"

# musl's loader is for the tests.
prepare() {
    zig_wrappers aarch64-linux-musl
    [ -e "$support/root/lib" ] || unpack arm64 musl "$support/root"
}

# Without -crt-static rustc makes no shared libraries for musl.
target_env() {
    zig_env
    flags="$flags -C target-feature=-crt-static"
}
