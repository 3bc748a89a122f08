#!/usr/bin/env bash
# Runs the Rust suites that are built for Windows, less what tests/windows/excluded.txt names.
#
#     tests/windows/rust.sh BUILD-LOG [suite...]
#
# BUILD-LOG is the output of `cargo test --no-run`, which names the programs. All suites run if none
# is named. WINDOWS_RUNNER is the command that runs a program of Windows.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
log=$1
shift
# Cargo gives the tests the folder of the package.
export CARGO_MANIFEST_DIR=${CARGO_MANIFEST_DIR:-$(cd "$here/../.." && pwd)}
cd "$CARGO_MANIFEST_DIR" || exit 1
# wine cannot verify with the system's certificates and others together.
[ "${WINDOWS_RUNNER:-}" != "$here/wine.sh" ] || export IPLAYGAMES_TEST_CA_ONLY=1
excluded() { sed '/^#/d' "$here/excluded.txt"; }

passed=0
failed=()
excluded | sed -n 's/^\([a-z0-9_]*\) \* \(.*\)$/skipped: the suite \1: \2/p'
while read -r suite program; do
    [ $# -eq 0 ] || [[ " $* " == *" $suite "* ]] || continue
    skips=()
    while read -r of test reason; do
        [ "$of" = "$suite" ] || continue
        skips+=(--skip "$test")
        echo "skipped: $suite, $test: $reason"
    done < <(excluded)
    echo "== $suite"
    output=$(mktemp)
    # shellcheck disable=SC2086 # the runner may have arguments
    ${WINDOWS_RUNNER:-} "$program" ${skips[@]+--exact "${skips[@]}"} >"$output" 2>&1 </dev/null
    status=$?
    grep -E '^test result:|^[0-9]+ passed' "$output"
    count=$(sed -nE 's/^test result: .* ([0-9]+) passed; .*/\1/p; s/^([0-9]+) passed, [0-9]+ failed.*/\1/p' "$output" | tail -n 1)
    passed=$((passed + ${count:-0}))
    if [ $status -ne 0 ]; then
        failed+=("$suite")
        cat "$output"
        echo "FAILED: $suite ended with the status $status"
    elif [ ${#skips[@]} -gt 0 ]; then
        # Each excluded test exists: the number of tests that were filtered out says so.
        grep -q "; $((${#skips[@]} / 2)) filtered out" "$output" ||
            { failed+=("$suite"); echo "FAILED: tests/windows/excluded.txt names a test that $suite does not have"; }
    fi
    rm -f "$output"
    # The tool has no tests of its own: the suite cli runs it.
done < <(sed -nE '/src.bin/d; s|^ *Executable .*\((.*/([a-z0-9_]+)-[0-9a-f]+\.exe)\)$|\2 \1|p' "$log" | tr '\\' /)
echo "$passed tests of the Rust suites passed, ${#failed[@]} suites failed: ${failed[*]-}"
[ ${#failed[@]} -eq 0 ] && [ $passed -gt 0 ]
