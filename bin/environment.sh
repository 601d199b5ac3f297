# shellcheck shell=sh
# What bin/run, bin/test and bin/lock share: a Python that is new enough, the virtual environment, the packages. To be
# sourced with the project's directory as the current one.

NEED_KB=700000 # the environment with everything installed takes about 450 MB, and packages are unpacked beside it

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

# PYTHON names another interpreter. It gets an environment of its own, so that several can be used in turn.
VENV=.venv
if [ -n "${PYTHON:-}" ]; then
    is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.11 or newer."
    VENV=.venv-$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
fi

find_python() {
    for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
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

is_environment() {
    [ -x "$VENV/bin/python" ] && is_new_enough "$VENV/bin/python" &&
        "$VENV/bin/python" -c 'import os, sys, sysconfig
sys.exit(sys.prefix == sys.base_prefix or not os.path.isdir(sysconfig.get_path("purelib")))' 2>/dev/null
}

make_venv() {
    if is_environment; then
        return 0
    fi
    python=$(find_python) || fail "Python 3.11 or newer is missing (found: $(python3 --version 2>&1 || true)).
Debian, Ubuntu: apt-get install python3 python3-venv; elsewhere: https://www.python.org/downloads/"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "The venv module of $python is missing.
Debian, Ubuntu: apt-get install python3-venv (or $(basename "$python")-venv)"
    check_disk
    say "Making a virtual environment in $VENV with $("$python" --version) …"
    rm -rf "$VENV"
    # pip is left out: putting it there takes seconds, and uv does not need it
    "$python" -m venv --without-pip "$VENV" || {
        rm -rf "$VENV"
        fail "The virtual environment could not be made in $(pwd)/$VENV (see above: is this directory yours to write?)."
    }
}

has_pip() {
    "$1" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("pip") is None)'
}

# run_pip ARGUMENT... : the environment's pip, or where it has none that of the Python it was made with, or it gets one
run_pip() {
    with="$VENV/bin/python"
    if ! has_pip "$with"; then
        base=$(find_python) && has_pip "$base" && with=$base || "$with" -m ensurepip >/dev/null || return 1
    fi
    PIP_ROOT_USER_ACTION=ignore PIP_REQUIRE_VIRTUALENV=0 PIP_USER=0 "$with" -m pip --disable-pip-version-check "$@"
}

# find_uv : sets UV to the machine's uv, else to one that pip fetches by its hash; fails where neither can be had
find_uv() {
    UV=$(command -v uv) && return 0
    UV=$VENV/uv/bin/uv
    [ -x "$UV" ] && return 0
    run_pip install --quiet --no-compile --only-binary :all: --require-hashes --target "$VENV/uv" -r locks/uv.txt &&
        [ -x "$UV" ]
}

# uv knows none of pip's settings; a mirror that pip was told of is meant for uv too
find_index() {
    if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
        mirror=${PIP_INDEX_URL:-$(run_pip config get global.index-url 2>/dev/null || true)}
        [ -z "$mirror" ] || export UV_DEFAULT_INDEX="$mirror"
    fi
}

install_with_uv() {
    find_uv && find_index && "$UV" pip install --quiet --python "$VENV/bin/python" --no-deps --require-hashes -r "$1"
}

install_with_pip() {
    "$VENV/bin/python" -m ensurepip >/dev/null && run_pip install --no-compile --no-deps --require-hashes -r "$1"
}

# Bytecode, on all processors. pip would make it on one, and of everything: half of it is phonenumbers' place names. What is
# passed over here is compiled when it is first imported; programs that run as users of their own could not keep that.
compile_packages() {
    "$VENV/bin/python" -m compileall -qq -j 0 -x '/(_?tests?|geodata|carrierdata|tzdata|locale|gis|conch|mail|names|words|trial|wamp|flatbuffers|valkey)/' \
        "$VENV/lib" apps tgadmin sandbox || true
}

# install STAMP LOCK : the packages that LOCK lists, each checked against its hash, unless that was done with this very LOCK
install() {
    stamp="$VENV/$1"
    if cmp -s "$2" "$stamp"; then
        return 0
    fi
    check_disk
    say "Installing what $2 lists …"
    rm -f "$stamp"
    install_with_uv "$2" || {
        say "That did not work with uv; with pip it takes a minute longer …"
        install_with_pip "$2"
    } || {
        if disk_is_full 100000; then
            fail "The packages could not be installed: the disk with $(pwd) is full."
        fi
        fail "The packages could not be installed (see above). This needs a way to PyPI, or to a mirror named in PIP_INDEX_URL."
    }
    compile_packages
    cat "$2" >"$stamp"
}
