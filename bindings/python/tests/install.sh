#!/bin/sh
# Installs the package from each place that it can be installed from, each time into a new virtual
# environment, and uses it there.
#
#     bindings/python/tests/install.sh
#
# MATURIN is the maturin that makes the source package; PYTHON the interpreter, else python3.
set -u

root=$(cd "$(dirname "$0")/../../.." && pwd)
python=${PYTHON:-python3}
maturin=${MATURIN:-maturin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What is tested is the way, not the speed.
export MATURIN_PEP517_ARGS="--profile dev"
export PIP_DISABLE_PIP_VERSION_CHECK=1
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
passed=0
failed=0

# check NAME SOURCE: installs from SOURCE, outside of the repository.
check() {
    printf '== %s\n' "$1"
    if (
        set -e
        "$python" -m venv "$work/venv"
        cd "$work"
        venv/bin/pip install -q "$2"
        venv/bin/python "$root/bindings/python/examples/session.py"
        test "$(venv/bin/iplaygames --version)" = "iplaygames $version"
        test "$(venv/bin/python -m iplaygames_native --version)" = "iplaygames $version"
        test "$(venv/bin/pip list --format=freeze | grep ^iplaygames)" = "iplaygames-native==$version"
        test -f venv/lib/python*/site-packages/iplaygames_native/py.typed
    ); then
        passed=$((passed + 1))
    else
        printf '%s: FAILED\n' "$1"
        failed=$((failed + 1))
    fi
    rm -rf "$work/venv"
}

check "from the repository" "$root"
check "from bindings/python" "$root/bindings/python"
if (cd "$root" && "$maturin" sdist --out "$work/sdist"); then
    check "from the source package" "$(ls "$work"/sdist/*.tar.gz)"
else
    failed=$((failed + 1))
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
