#!/bin/sh
# Installs the package from each of its sources into a new virtual environment, and runs it there.
#
#     bindings/python/tests/install.sh
#
# Environment variables: MATURIN is the maturin that builds the source package, PYTHON is the
# interpreter (default: python3).
set -u

root=$(cd "$(dirname "$0")/../../.." && pwd)
python=${PYTHON:-python3}
maturin=${MATURIN:-maturin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The profile `dev` builds faster. The speed of the package does not matter here.
export MATURIN_PEP517_ARGS="--profile dev"
export PIP_DISABLE_PIP_VERSION_CHECK=1
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
passed=0
failed=0

# check NAME SOURCE: installs from SOURCE and runs the package outside of the repository.
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
