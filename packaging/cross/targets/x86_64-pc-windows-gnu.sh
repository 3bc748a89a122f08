# Windows x64 with the mingw linker, from Debian's packages. packaging/cross/common.sh explains the
# variables. The libraries are for MSVC's programs too: the interface is C's.
# shellcheck shell=sh disable=SC2034

packages="gcc-mingw-w64-x86-64-posix g++-mingw-w64-x86-64-posix mingw-w64-x86-64-dev binutils-mingw-w64-x86-64"
build_std=yes

# Cargo does not build the two objects that begin and end a program's unwind tables: they belong to
# the standard library, and no crate has them.
prepare() {
    [ $with_build_std = yes ] || return 0
    sources=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library/rtstartup
    for object in rsbegin rsend; do
        if [ ! -e "$support/$object.o" ]; then
            RUSTC_BOOTSTRAP=1 "$RUSTC" --target "$target" --emit=obj -o "$support/.$object.o" "$sources/$object.rs"
            mv -f "$support/.$object.o" "$support/$object.o"
        fi
    done
}

target_env() {
    # rustc starts no shell script on Windows.
    case $(uname -s) in
    Linux) export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER="$cross/mingw-gcc.sh" ;;
    *) export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc ;;
    esac
    export CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc AR_x86_64_pc_windows_gnu=x86_64-w64-mingw32-ar
    [ $with_build_std = no ] || flags="$flags -Lnative=$support"
}
