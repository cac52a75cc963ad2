# Sourced by the set-up commands: a virtual environment if none is active, and the project in it.
# Usage: . pipelines/environment.sh EXTRAS        e.g. train, or all,dev

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root" || exit 1

if [ -z "${VIRTUAL_ENV:-}" ]; then
    if [ ! -x .venv/bin/python ]; then
        echo "Making a virtual environment in $root/.venv"
        if ! python3 -m venv .venv; then
            rm -rf .venv
            echo "Error: python3 cannot make a virtual environment; on Debian: apt install python3-venv" >&2
            exit 1
        fi
    fi
    . .venv/bin/activate
fi

python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Error: $(python --version) is too old; Python 3.11 or newer is needed" >&2
    exit 1
}

# The same wants on the same Python are installed once; a changed file installs again.
wanted="$1 $(python --version) $(cat setup.cfg pyproject.toml constraints.txt | sha256sum)"
stamp="${VIRTUAL_ENV}/.ocrgen-installed-$(printf %s "$1" | tr -c 'a-z' '-')"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing the packages (the first time takes some minutes)"
    python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts \
        --constraint constraints.txt --editable ".[$1]" || exit 1
    # TRDG's own requirements clash with today's Pillow and OpenCV; it runs well without them.
    python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts --no-deps trdg==1.8.0 || exit 1
    printf %s "$wanted" >"$stamp"
fi
