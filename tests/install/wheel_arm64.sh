#!/usr/bin/env bash
# Runs the Python package for arm64 in qemu, with Debian's Python for arm64.
#
#     tests/install/wheel_arm64.sh WHEEL FOLDER
#
# FOLDER keeps Debian's packages, which apt-get downloads. Nothing is installed on this machine.
# PYTHON is the Python of this machine, which runs pip (python3).
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
wheel=$(realpath "$1")
mkdir -p "$2" && folder=$(cd "$2" && pwd) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$here/check.sh"
machine_python=${PYTHON:-python3}

# ---- Debian's Python for arm64 -------------------------------------------------------------------

fail() { echo "tests/install/wheel_arm64.sh: $1" >&2; exit 1; }
CROSS_TARGET_DIR=$folder
# shellcheck source=packaging/cross/debian.sh
. "$root/packaging/cross/debian.sh"

# The newest Python of this Debian, and the libraries that it loads.
version=$(apt-cache show python3 2>/dev/null | sed -n 's/^Version: \(3\.[0-9]*\)\..*/\1/p' | head -n 1)
[ -n "$version" ] || fail "apt-get has no package python3. Run apt-get update first."
packages="python$version-minimal libpython$version-minimal libpython$version-stdlib libc6 zlib1g libexpat1 libssl3 libffi8
    libbz2-1.0 liblzma5 libsqlite3-0 libgcc-s1 libuuid1 libcrypt1 libstdc++6"
if [ ! -e "$folder/ready" ]; then
    # shellcheck disable=SC2086 # each word is a package
    unpack arm64 "$packages" "$folder/root" || fail "the Python of Debian for arm64 cannot be downloaded"
    touch "$folder/ready"
fi

# ---- the tests -----------------------------------------------------------------------------------

# shellcheck disable=SC2046
"$machine_python" -m pip install -q --disable-pip-version-check --root-user-action ignore --target "$work/site" \
    --platform manylinux_2_17_aarch64 --platform manylinux_2_28_aarch64 --python-version "$version" --only-binary :all: \
    $(pinned_packages uvloop) >"$work/pip" 2>&1 ||
    { cat "$work/pip"; fail "the packages of the tests cannot be installed"; }
"$machine_python" -m zipfile -e "$wheel" "$work/site" || exit 1

python() {
    (cd "$root/bindings/python" && PYTHONPATH=$work/site PYTHONDONTWRITEBYTECODE=1 \
        timeout -k 5 900 qemu-aarch64-static -L "$folder/root" "$folder/root/usr/bin/python$version" "$@" </dev/null)
}
played() { python examples/session.py >"$work/played"; local code=$?; cat "$work/played"; [ $code = 0 ] && grep -F "checked again: closed" "$work/played"; }

check "the machine of this Python is arm64" python -c 'import platform; assert platform.machine() == "aarch64"'
check "the example of the package plays a session" played
# qemu runs no program that a program starts, so these are the suites without new processes.
python -m pytest -q -p no:cacheprovider tests/test_sessions.py tests/test_async.py tests/test_errors.py tests/test_results.py \
    tests/test_bulk.py tests/test_arguments.py --deselect tests/test_results.py::test_importing_the_package_does_not_import_pydantic \
    --deselect tests/test_async.py::test_several_event_loops_use_one_client_at_once | tee "$work/suite"
[ "${PIPESTATUS[0]}" = 0 ] || failed=$((failed + 1))
of_the_suites=$(sed -nE 's/^([0-9]+) passed, [0-9]+ failed.*/\1/p' "$work/suite" | tail -n 1)
passed=$((passed + ${of_the_suites:-0}))
echo "skipped: the suites that start processes, which qemu cannot run"
ends
