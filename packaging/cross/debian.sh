# Shell functions that take files of another architecture from Debian's packages. The packages of
# this machine stay as they are, so apt keeps its lists for that architecture in its own folder.
# shellcheck shell=sh

# unpack ARCHITECTURE "PACKAGE[=VERSION]..." FOLDER: downloads packages, and unpacks them into a
# folder.
unpack() {
    command -v apt-get >/dev/null || fail "The package $2 of Debian for $1 is needed, and there is no apt-get."
    apt=$CROSS_TARGET_DIR/support/apt-$1
    rm -rf "$apt/debs"
    mkdir -p "$apt/lists/partial" "$apt/debs" "$3"
    lists="-o APT::Architecture=$1 -o APT::Architectures=$1 -o Dir::State::Lists=$apt/lists -o Dir::Cache::pkgcache= \
        -o Dir::Cache::srcpkgcache= -o Dir::State::status=/dev/null -o APT::Sandbox::User="
    # shellcheck disable=SC2086 # each word is an option
    (cd "$apt/debs" && apt-get $lists update -qq && apt-get $lists download -qq $2) || return 1
    for package in "$apt"/debs/*.deb; do dpkg -x "$package" "$3" || return 1; done
    rm -rf "$apt"
}
