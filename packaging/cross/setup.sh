#!/bin/sh
# Prepares the cross builds for targets: checks the packages of the system, and makes the files that
# the builds need. It may run again; then it does only what is missing.
#
#     packaging/cross/setup.sh TARGET...
#
# It installs nothing. If a package is missing, it prints the command that installs it.
# CROSS_TARGET_DIR is the target folder of the cross builds, target/cross by default.
set -eu
. "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || fail "usage: packaging/cross/setup.sh TARGET..."

# installed PACKAGE: dpkg knows it as installed. Where there is no dpkg, nothing is checked.
installed() {
    command -v dpkg-query >/dev/null || return 0
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for target in "$@"; do
    load "$target"
    if [ -z "${CROSS_CARGO:-}" ] && ! has_std rustc; then
        if [ "$build_std" = no ] || ! has_sources rustc; then packages="$compiler $packages"; fi
    fi
    for package in $packages; do
        installed "$package" || case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
    done
done
if [ -n "$missing" ]; then
    fail "Packages are missing. Debian and Ubuntu: apt-get install --no-install-recommends$missing"
fi

for target in "$@"; do
    load "$target"
    toolchain
    mkdir -p "$support"
    (prepare)
done
