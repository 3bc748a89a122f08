# Android on arm64. packaging/cross/common.sh explains the variables. ANDROID_NDK_HOME is the folder
# of the NDK; without it the target can be checked, not linked.
# shellcheck shell=sh disable=SC2034
. "$cross/stand_in.sh"

# The oldest version of Android that the library runs on: Android 7.
api=24
# Pages of 16 kB, which Android 15 asks for.
flags="$flags -C link-arg=-Wl,-z,max-page-size=16384"

prepare() { [ -n "${ANDROID_NDK_HOME:-}" ] || stand_ins; }

target_env() {
    if [ -z "${ANDROID_NDK_HOME:-}" ]; then
        stand_in_env
        return
    fi
    set -- "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin
    [ -x "$1/llvm-ar" ] || fail "ANDROID_NDK_HOME is $ANDROID_NDK_HOME, and has no toolchains/llvm/prebuilt/*/bin/llvm-ar."
    export CC_aarch64_linux_android="$1/aarch64-linux-android$api-clang" AR_aarch64_linux_android="$1/llvm-ar"
    export CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER="$1/aarch64-linux-android$api-clang"
}
