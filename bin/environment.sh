# shellcheck shell=sh
# What bin/run and bin/test share: a Python that is new enough, the virtual environment, the packages. To be sourced
# with the project's directory as the current one.

VENV=.venv
NEED_KB=700000 # the environment with everything installed takes about 450 MB, and pip unpacks beside it

say() {
    printf '%s\n' "$*"
}

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for name in python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 && is_new_enough "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

free_kb() {
    df -Pk . | awk 'NR == 2 { print $4 }'
}

disk_is_full() {
    [ "$(free_kb)" -lt "$1" ]
}

check_disk() {
    if disk_is_full "$NEED_KB"; then
        fail "The disk with $(pwd) is nearly full: $(($(free_kb) / 1024)) MB are free, $((NEED_KB / 1024)) MB are needed. Free some space."
    fi
}

make_venv() {
    if [ -x "$VENV/bin/python" ] && is_new_enough "$VENV/bin/python" && "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
        return 0
    fi
    python=$(find_python) || fail "Python 3.11 or newer is missing (found: $(python3 --version 2>&1 || true)).
Debian, Ubuntu: apt-get install python3 python3-venv; elsewhere: https://www.python.org/downloads/"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "The venv module of $python is missing.
Debian, Ubuntu: apt-get install python3-venv (or $(basename "$python")-venv)"
    check_disk
    say "Making a virtual environment in $VENV with $("$python" --version) …"
    rm -rf "$VENV"
    "$python" -m venv "$VENV" || {
        rm -rf "$VENV"
        fail "The virtual environment could not be made in $(pwd)/$VENV (see above: is this directory yours to write?)."
    }
}

# install STAMP FILE... : installs what the last FILE lists (it includes the others), unless that was done with the very same files
install() {
    stamp="$VENV/$1"
    shift
    if cat "$@" | cmp -s - "$stamp"; then
        return 0
    fi
    for list in "$@"; do :; done
    check_disk
    say "Installing what $list lists (a minute or two the first time) …"
    rm -f "$stamp"
    PIP_ROOT_USER_ACTION=ignore "$VENV/bin/python" -m pip install --disable-pip-version-check -r "$list" || {
        if disk_is_full 100000; then
            fail "The packages could not be installed: the disk with $(pwd) is full."
        fi
        fail "The packages could not be installed (see above). This needs a way to PyPI, or to a mirror named in PIP_INDEX_URL."
    }
    cat "$@" >"$stamp"
}
