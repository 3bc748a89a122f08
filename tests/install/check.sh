# The words of the shell tests, to be sourced: `work` names a scratch folder.

passed=0
failed=0

# check SENTENCE COMMAND…: one test; what the command said is shown when it fails.
check() {
    local sentence=$1
    shift
    if "$@" >"$work/said" 2>&1 </dev/null; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$sentence"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$sentence"
        sed 's/^/        /' "$work/said"
    fi
}

# refuses WORDS COMMAND…: the command must not succeed, and must say these words.
refuses() {
    local why=$1
    shift
    ! "$@" >"$work/refusal" 2>&1 && grep -q -- "$why" "$work/refusal" || { cat "$work/refusal"; false; }
}

# A program that must not hang.
run() { timeout -k 5 120 "$@"; }

# pinned_packages [NAME…]: the packages that the Python suite needs, and others, as
# bindings/python/requirements-dev.txt pins it, without the markers. `root` names the repository.
pinned_packages() {
    local name
    for name in anyio fastapi httpx pydantic pytest pytest-timeout rich tqdm trio typing_extensions "$@"; do
        grep -oE "^$name==[^;]+" "$root/bindings/python/requirements-dev.txt" || return 1
    done
}

# Says how it went; the script's status.
ends() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
