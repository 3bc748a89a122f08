#!/bin/sh
# Makes a virtual environment with pinned packages from PyPI.
#
#     packaging/venv.sh FOLDER REQUIREMENTS…
#
# Ends with 0 if the environment is ready, with 75 if PyPI cannot be reached, after a message, and
# with 1 if the packages cannot be installed. An environment that is ready needs no network.
set -u
folder=$1
shift
python=${PYTHON:-python3}
pip="$folder/bin/python -m pip -q --disable-pip-version-check"
wanted=$(cat "$@")

if [ -f "$folder/requirements" ] && [ "$wanted" = "$(cat "$folder/requirements")" ]; then
    exit 0
fi
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder" || exit 1
arguments=
for file in "$@"; do arguments="$arguments -r $file"; done
# shellcheck disable=SC2086
if $pip install $arguments; then
    printf '%s\n' "$wanted" >"$folder/requirements"
    exit 0
fi
if $pip download --no-deps --dest "$folder/reachable" pip >/dev/null 2>&1; then
    echo "packaging/venv.sh: PyPI can be reached, but $* cannot be installed" >&2
    exit 1
fi
echo "skipped: PyPI cannot be reached, and $* is not installed in $folder"
exit 75
