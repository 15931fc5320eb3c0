#!/bin/bash
# The functions that tests of Features call: `check LABEL COMMAND…`, and `reportResults` at the end.

SCRIPT_FOLDER="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")" && pwd)"
USERNAME="${1:-root}"
FAILED=()

echoStderr() {
    echo "$@" 1>&2
}

# check LABEL COMMAND [ARGUMENT…]: the command has to end with 0.
check() {
    local label="$1"
    shift
    printf '\n🔄 Testing %q\n' "$label"
    if "$@"; then
        printf "✅  Passed '%s'!\n" "$label"
        return 0
    fi
    echoStderr "❌ $label check failed."
    FAILED+=("$label")
    return 1
}

# checkMultiple LABEL MINIMUM COMMAND…: at least MINIMUM of the commands, each one text, have to end with 0.
checkMultiple() {
    local label="$1" minimum="$2" passed=0 command
    shift 2
    printf '\n🔄 Testing %q\n' "$label"
    for command in "$@"; do
        if eval "$command"; then
            passed=$((passed + 1))
        fi
    done
    if [ "$passed" -ge "$minimum" ]; then
        printf "✅  Passed '%s'!\n" "$label"
        return 0
    fi
    echoStderr "❌ $label check failed: $passed of at least $minimum."
    FAILED+=("$label")
    return 1
}

# checkOSPackages LABEL PACKAGE…: Debian's packages have to be installed.
checkOSPackages() {
    local label="$1"
    shift
    check "$label" dpkg-query --show -f='${Package}: ${Version}\n' "$@"
}

# checkExtension ID: an extension of VS Code has to be there.
checkExtension() {
    checkMultiple "$1" 1 \
        "[ -d \"$HOME/.vscode-server/extensions/$1\"* ]" \
        "[ -d \"$HOME/.vscode-server-insiders/extensions/$1\"* ]" \
        "[ -d \"$HOME/.vscode-test-server/extensions/$1\"* ]" \
        "[ -d \"$HOME/.vscode-remote/extensions/$1\"* ]"
}

# Ends the script: with 0 if all checks passed, else with 1 and their labels.
reportResults() {
    if [ "${#FAILED[@]}" -ne 0 ]; then
        echoStderr ""
        echoStderr "💥  Failed tests: ${FAILED[*]}"
        exit 1
    fi
    printf '\n💯  All passed!\n'
    exit 0
}
