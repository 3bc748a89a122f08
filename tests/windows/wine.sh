#!/bin/sh
# Runs a program of Windows with wine. Cargo uses this script as the runner of its tests, and
# tests/c/run.sh as RUNNER.
#
#     tests/windows/wine.sh PROGRAM [ARGUMENT...]
#     tests/windows/wine.sh --setup FOLDER
#
# `--setup` makes wine's folder in FOLDER, and puts a stand-in for bcryptprimitives.dll there if
# this wine has none. WINEPREFIX names wine's folder afterwards.
#
# WINE          wine's command (wine)
# WINE_TIMEOUT  ends a program after this many seconds (600)
set -eu

# No messages of wine's own, no search for a browser or for Mono, no display.
export WINEDEBUG="${WINEDEBUG:--all}" WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree=;mshtml=}"
unset DISPLAY

if [ "${1:-}" = --setup ]; then
    export WINEPREFIX=$2
    if [ ! -e "$WINEPREFIX/ready" ]; then
        mkdir -p "$WINEPREFIX"
        timeout -k 5 300 "${WINE:-wine}" wineboot -i >"$WINEPREFIX/setup.log" 2>&1 || { cat "$WINEPREFIX/setup.log" >&2; exit 1; }
        system=$WINEPREFIX/drive_c/windows/system32
        if [ ! -e "$system/bcryptprimitives.dll" ]; then
            x86_64-w64-mingw32-gcc -shared -nostdlib -Os "$(dirname "$0")/bcryptprimitives.c" \
                -o "$system/bcryptprimitives.dll" -ladvapi32 -lkernel32 -e DllMain
            echo "wine has no bcryptprimitives.dll: tests/windows/bcryptprimitives.c stands in"
        fi
        touch "$WINEPREFIX/ready"
    fi
    exit
fi

exec timeout -k 5 "${WINE_TIMEOUT:-600}" "${WINE:-wine}" "$@"
