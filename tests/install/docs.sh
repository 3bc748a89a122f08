#!/usr/bin/env bash
# Makes the API reference without a warning, and shows that a warning would have been noticed.
#
#     tests/install/docs.sh OUT-FOLDER
set -uo pipefail

cd "$(dirname "$0")/../.."
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. tests/install/check.sh

# reference OUT HEADER-FOLDER [MORE]
reference() {
    local version
    version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' include/iplaygames.h)
    { cat docs/Doxyfile && printf '%s\n' "PROJECT_NUMBER=$version" "OUTPUT_DIRECTORY=\"$1\"" "INPUT=\"$2\" ${3:-}"; } | doxygen -
}
broken() {
    rm -rf "$work/include"
    cp -r include "$work/"
    sed -i "$1" "$work/include/iplaygames.h"
    ! cmp -s include/iplaygames.h "$work/include/iplaygames.h" || return 0
    reference "$work" "$work/include"
}
complete() {
    local name missing=0
    for name in $(sed 's|^ \*.*||' include/*.h | grep -oE 'ipg_[a-z_]+\(|define IPG_[A-Z_]+' | sed 's/define //; s/(//' | sort -u); do
        case $name in IPG_API | IPG_MUST_USE) continue ;; esac
        grep -qhE "class=\"(memname|memItemRight)\".*\b$name\b" "$out"/html/*_8h.html || { echo "no $name"; missing=1; }
    done
    [ $missing = 0 ] && grep -q 'ready to use\|THE CONTRACT' "$out/html/iplaygames_8h.html"
}

rm -rf "${out:?}/html"
wrapper=bindings/cpp/iplaygames.hpp
[ -e $wrapper ] || wrapper=
check "the reference is made without a warning" reference "$out" include $wrapper
check "every function and constant is in it, and the contract" complete
check "a function without a comment is an error" refuses "not documented" broken '/^IPG_API$/,/;/ { s/^IPG_API$/void ipg_bare(void);\nIPG_API/ }'
check "a link to what is not there is an error" refuses "ipg_nowhere" broken 's|^ \* The version of the library that is loaded, such|&, see @ref ipg_nowhere,|'

ends
