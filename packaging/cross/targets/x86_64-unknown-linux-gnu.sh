# Linux x64 with an old glibc. packaging/cross/common.sh explains the variables.
# shellcheck shell=sh disable=SC2034
. "$cross/zig.sh"

build_std=no

prepare() { zig_wrappers "x86_64-linux-gnu.$glibc"; }
target_env() { zig_env; }
