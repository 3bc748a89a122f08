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

# All headers in one folder, as they are installed.
headers() {
    rm -rf "$1" && mkdir -p "$1" && cp include/*.h bindings/cpp/iplaygames.hpp "$1"
}
# reference OUT FOLDER
reference() {
    local version
    version=$(sed -n 's/.*define IPG_VERSION_STRING "\(.*\)"/\1/p' include/iplaygames.h)
    { cat docs/Doxyfile && printf '%s\n' "PROJECT_NUMBER=$version" "OUTPUT_DIRECTORY=\"$1\"" "INPUT=\"$2\"" "INCLUDE_PATH=\"$2\""; } | doxygen -
}
# broken HEADER SED-SCRIPT
broken() {
    headers "$work/broken"
    cp "$work/broken/$1" "$work/before"
    sed -i "$2" "$work/broken/$1"
    ! cmp -s "$work/before" "$work/broken/$1" || return 0
    reference "$work" "$work/broken"
}
complete() {
    local name missing=0
    for name in $(sed 's|^ \*.*||' include/*.h | grep -oE 'ipg_[a-z_]+\(|define IPG_[A-Z_]+' | sed 's/define //; s/(//' | sort -u); do
        case $name in IPG_API | IPG_MUST_USE) continue ;; esac
        grep -qhE "class=\"(memname|memItemRight)\".*\b$name\b" "$out"/html/*_8h.html || { echo "no $name"; missing=1; }
    done
    [ $missing = 0 ] && grep -q 'ready to use\|THE RULES' "$out/html/iplaygames_8h.html"
}
wrapped() {
    local name missing=0 count=0
    for name in $(awk '/@cond/ { hidden = 1 } /@endcond/ { hidden = 0 } !hidden' bindings/cpp/iplaygames.hpp |
        grep -oP '^(template <.*> )?(class|struct) (\[\[nodiscard\]\] )?\K\w+(?=[^;]*\{)' | sort -u); do
        count=$((count + 1))
        compgen -G "$out/html/*iplaygames_1_1*$name.html" >"$work/pages" || { echo "no $name"; missing=1; }
    done
    # The page of a class lists inherited members, and no page contains the inline namespace.
    [ $count -gt 15 ] && [ $missing = 0 ] && grep -q 'memname.*from_json' "$out/html/classiplaygames_1_1StartSession.html" &&
        ! grep -rlE '::v0\b|v0_no_exceptions|IPLAYGAMES_NAMESPACE::' --include='class*.html' "$out/html"
}

rm -rf "${out:?}/html"
headers "$out/include"
check "the reference is made without a warning" reference "$out" "$out/include"
check "every function and constant is in it, and the rules" complete
check "every class of the C++ wrapper is in it, with what it inherits" wrapped
check "a function without a comment is an error" refuses "not documented" broken iplaygames.h '/^IPG_API$/,/;/ { s/^IPG_API$/void ipg_bare(void);\nIPG_API/ }'
check "a member function without a comment is an error" refuses "not documented" broken iplaygames.hpp '/Returns the address of the sandbox/d'
check "a link to what is not there is an error" refuses "ipg_nowhere" broken iplaygames.h 's|^ \* Returns the version of the loaded library, such|&, see @ref ipg_nowhere,|'

ends
