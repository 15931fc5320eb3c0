#!/bin/sh
# The virtual environment .venv with everything that uv.lock pins. Seconds when it is there already.
set -eu
cd "$(dirname "$0")/.."

cache=${MOORAGE_ENGINES:-$HOME/.cache/moorage-engines}
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo

# Python and git, where a bare Debian has none.
if ! command -v git >/dev/null || ! python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    $as_root apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        ca-certificates git python3 python3-venv >/dev/null
fi

uv=$(command -v uv || true)
if [ -z "$uv" ] || ! "$uv" --version >/dev/null 2>&1; then
    uv=$cache/uv/bin/uv
    if [ ! -x "$uv" ]; then
        python3 -m venv "$cache/uv"
        "$cache/uv/bin/pip" install --quiet --disable-pip-version-check uv
    fi
fi

UV_PYTHON_DOWNLOADS=never exec "$uv" sync --frozen --inexact --quiet
