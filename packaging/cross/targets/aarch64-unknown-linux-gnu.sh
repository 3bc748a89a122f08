# Linux arm64 with an old glibc. packaging/cross/common.sh explains the variables.
# shellcheck shell=sh disable=SC2034
. "$cross/zig.sh"
. "$cross/debian.sh"

# The binutils cut the static library; the others are for the tests.
[ "$(uname -m)" = aarch64 ] ||
    packages="binutils-aarch64-linux-gnu gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static"
# Debian has the standard library of arm64 in a package of that architecture.
build_std=no
sysroot=$support/sysroot

prepare() {
    zig_wrappers "aarch64-linux-gnu.$glibc"
    has_std "$RUSTC" || arm64_std
}

# arm64_std: makes a folder that serves as rustc's --sysroot.
arm64_std() {
    version=$(dpkg-query -W -f '${Version}' libstd-rust-web-dev)
    [ "$(cat "$sysroot/version" 2>/dev/null)" != "$version" ] || return 0
    rm -rf "$sysroot"
    unpack arm64 "libstd-rust-web-dev=$version" "$sysroot/unpacked"
    mkdir "$sysroot/lib"
    mv "$sysroot/unpacked/usr/lib/rustlib" "$sysroot/lib/"
    echo "$version" >"$sysroot/version"
}

target_env() {
    zig_env
    has_std "$RUSTC" || flags="$flags --sysroot=$sysroot"
}
