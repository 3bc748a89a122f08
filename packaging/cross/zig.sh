# Shell functions of the targets that zig compiles C code and links for. It contains the set-up of
# zig and its wrappers; the files in targets/ say what to link for. zig has the C library of each
# target, so a build needs no packages of that system. cargo-zigbuild's `zig cc` translates the
# arguments of rustc's that zig does not know.
# shellcheck shell=sh

# The oldest glibc that the libraries for glibc run with. Rust's standard library needs 2.17.
glibc=2.17

# zig_wrappers TARGET-OF-ZIG: installs zig, and writes cc, c++ and ar for this target in $support,
# and linker for glibc.
zig_wrappers() {
    zig=$CROSS_TARGET_DIR/support/zig
    [ -x "$zig/bin/python" ] || "${PYTHON:-python3}" -m venv "$zig"
    if ! cmp -s "$cross/requirements.txt" "$zig/installed.txt"; then
        "$zig/bin/pip" install -q --disable-pip-version-check -r "$cross/requirements.txt"
        cp "$cross/requirements.txt" "$zig/installed.txt"
    fi
    # zig links programs for musl with a libc.so of its own, whose variables all have one address. A
    # program without position-independent code has copies of the variables that it uses. Then musl
    # stores the guard of the stack protector over `environ`, and the next getenv crashes.
    pic=
    case $target in *-musl) pic=" -fPIC" ;; esac
    for tool in cc c++ ar; do
        words="zig $tool --"
        # zig compiles C with sanitizers unless told otherwise.
        [ $tool = ar ] || words="$words -g -fno-sanitize=all$pic -target $1"
        # The folder of this python comes first: cargo-zigbuild looks for zig's module there.
        printf '#!/bin/sh\nPATH=%s:$PATH exec %s %s "$@"\n' "$zig/bin" "$zig/bin/cargo-zigbuild" "$words" >"$support/.$tool"
        chmod 755 "$support/.$tool"
        mv -f "$support/.$tool" "$support/$tool"
    done
    case $target in *-musl) return 0 ;; esac
    unwinder
    sed 's| "\$@"$| '"$support/libgcc_s.so.1"' "$@"|' "$support/cc" >"$support/.linker"
    chmod 755 "$support/.linker"
    mv -f "$support/.linker" "$support/linker"
}

# unwinder: makes the libgcc_s.so.1 that `linker` links with. It has the names and versions of the
# real one, and no code. Without it zig would put an unwinder of its own into the library. Then
# an exception of a C++ program, which the system's unwinder carries, would meet code of the library
# that asks the wrong unwinder: a crash instead of the abort that the header promises.
unwinder() {
    [ "$support/libgcc_s.so.1" -nt "$cross/gcc_s.map" ] && return 0
    sed -n 's/^ *\(_Unwind_.*\);$/void \1(void) {}/p' "$cross/gcc_s.map" >"$support/gcc_s.c"
    "$support/cc" -shared -nostdlib -Wl,-soname,libgcc_s.so.1 -Wl,--version-script="$cross/gcc_s.map" \
        "$support/gcc_s.c" -o "$support/libgcc_s.so.1"
}

# zig_env: makes cargo and the crate cc take the wrappers. With musl the unwinder is zig's: not all
# systems with musl have libgcc_s.
zig_env() {
    linker=linker
    case $target in *-musl) linker=cc ;; esac
    name=$(echo "$target" | tr - _)
    upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
    export "CARGO_TARGET_${upper}_LINKER=$support/$linker" "CC_$name=$support/cc" "CXX_$name=$support/c++" "AR_$name=$support/ar"
}
