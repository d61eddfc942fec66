#!/bin/sh
# Builds .venv from requirements-dev.txt (each file checked against its hash) and installs the project into it, editable.
# Interpreter: $PYTHON if set, else the first of python3.13, python3.12, python3.11 and python3 that runs and is new enough.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Only running tells: version managers leave stubs on PATH for interpreters that are not installed.
find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and ${PYTHON:-python3} is not one: install it, or name it with PYTHON=/path/to/python3."
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null && sudo -n "$@"
    fi
}

get_package() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet "$1"
}

# Debian and Ubuntu keep venv and ensurepip out of the python3 package.
ensure_venv() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
    package="$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    if command -v apt-get >/dev/null; then
        echo "Installing $package with apt-get ..." >&2
        { get_package "$package" || { as_root apt-get update --quiet && get_package "$package"; }; } </dev/null >&2 || true
    fi
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
        fail "$1 comes without venv: install the package $package (Debian and Ubuntu: apt-get install $package)."
}

if ! is_new_enough .venv/bin/python; then
    python="$(find_python)"
    ensure_venv "$python"
    "$python" -m venv --clear .venv
fi

pip() {
    .venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check "$@"
}
echo "Installing what requirements-dev.txt lists into .venv ..." >&2
pip --require-hashes --requirement requirements-dev.txt
# The build back end comes from the lock as well, so nothing unpinned is fetched.
pip --no-deps --no-build-isolation --editable .
