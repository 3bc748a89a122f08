#!/usr/bin/env bash
# Checks the wheels that `make wheels` built.
#
#     tests/install/wheels.sh FOLDER
#
# Needs abi3audit, auditwheel, check-wheel-contents and twine on the path. The tools read wheels of
# every architecture; no wheel is installed.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"

shopt -s nullglob extglob
wheels=("$folder"/*.whl)
if [ ${#wheels[@]} -eq 0 ]; then
    echo "There are no wheels in $folder. Build them with make wheels." >&2
    exit 1
fi

# target TAG: the Rust target of a wheel's platform tag.
target() {
    case $1 in
    manylinux_*) echo "${1##manylinux_+([0-9])_+([0-9])_}-unknown-linux-gnu" ;;
    musllinux_*) echo "${1##musllinux_+([0-9])_+([0-9])_}-unknown-linux-musl" ;;
    esac
}
# core WHEEL TARGET: the extension exports its entry function only, and needs what its tag allows.
core() {
    rm -rf "$work/wheel" && python3 -m zipfile -e "$1" "$work/wheel" &&
        "$root/packaging/elf.py" "$work"/wheel/iplaygames_native/_core*.so --target "$2" --exports PyInit_
}
# tagged WHEEL TAG: auditwheel finds that the wheel keeps what its tag promises.
tagged() { auditwheel show "$1" >"$work/shown" 2>&1; cat "$work/shown"; tr '\n' ' ' <"$work/shown" | grep -F "\"$2\""; }

# The same for Windows, where a wheel has no tag to audit.
windows_core() {
    rm -rf "$work/wheel" && python3 -m zipfile -e "$1" "$work/wheel" &&
        "$root/packaging/windows/pe.py" python "$work"/wheel/iplaygames_native/_core.pyd
}

for wheel in "${wheels[@]}"; do
    name=$(basename "$wheel" .whl)
    platform=${name##*-}
    # The last of several tags has the version of glibc.
    tag=${platform##*.}
    if [ "$platform" = win_amd64 ]; then
        check "$platform: the extension needs and exports what it may" windows_core "$wheel"
    else
        check "$platform: the extension needs and exports what it may" core "$wheel" "$(target "$tag")"
        case $tag in
        # musl's loader takes each name that begins with "libc." for itself. auditwheel knows only
        # the name that Alpine gives it.
        musllinux_*) echo "skipped: auditwheel for $tag, because it takes libc.so for a library that is not musl's" ;;
        *) check "$platform: auditwheel confirms the tag" tagged "$wheel" "$tag" ;;
        esac
    fi
    check "$platform: the extension uses only the stable ABI of its tag (abi3audit)" abi3audit --strict --assume-minimum-abi3 3.10 "$wheel"
    check "$platform: check-wheel-contents" check-wheel-contents "$wheel"
    check "$platform: twine" twine check --strict "$wheel"
done
ends
