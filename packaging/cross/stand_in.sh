# Shell functions of the targets whose C compiler is not on this machine. It contains stand-ins for
# the compiler and the archiver, so that `cargo check` can run the build scripts of dependencies. It
# proves the Rust code only: nothing that it makes can be linked.
# shellcheck shell=sh

# stand_ins: writes cc and ar in $support. They write empty files.
stand_ins() {
    cat >"$support/cc" <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
    case $1 in
    -o) : >"$2" ;;
    -Fo*) : >"${1#-Fo}" ;;
    esac
    shift
done
END
    cat >"$support/ar" <<'END'
#!/bin/sh
for word in "$@"; do
    case $word in
    *.a | *.lib) : >"${word#-out:}" ;;
    esac
done
END
    chmod 755 "$support/cc" "$support/ar"
}

# stand_in_env: makes the crate cc take the stand-ins.
stand_in_env() {
    name=$(echo "$target" | tr - _)
    export "CC_$name=$support/cc" "AR_$name=$support/ar" SDKROOT="$support"
}
