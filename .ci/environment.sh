# Sourced by the scripts: `environment EXTRA` makes .venv with the project and one of its extras (or
# none), and does nothing when it is there already and setup.py has not changed. With LOCKED set, the
# packages have the versions of .ci/requirements.lock (Python 3.11), else the newest that setup.py allows.

environment() {
    local root extra=${1:-} stamp wanted python
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    stamp=$root/.venv/.installed${extra:+-$extra}
    wanted=$(cksum <"$root/setup.py")
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
    python=$(supported_python) || {
        echo "threedface: needs Python 3.11 to 3.13 (TensorFlow's range); install one, or name it: PYTHON=... $0" >&2
        return 2
    }
    echo "installing into .venv (about 3 GB, TensorFlow and Beam; a few minutes)" >&2
    [ -x "$root/.venv/bin/python" ] || "$python" -m venv "$root/.venv" || {
        echo "threedface: $python cannot make an environment; on Debian and Ubuntu: apt install python3-venv" >&2
        return 2
    }
    # uv takes half of pip's time; where it cannot be had, or a package index is known to pip alone, pip does it.
    local packages=(${LOCKED:+--constraint "$root/.ci/requirements.lock"} --editable "$root${extra:+[$extra]}")
    if ! {
        python=$root/.venv/bin/python
        "$python" -m pip install --upgrade pip uv &&
            "$python" -m uv pip install --compile-bytecode --python "$python" "${packages[@]}" ||
            "$python" -m pip install "${packages[@]}"
    } >"$root/.venv/install.log" 2>&1; then
        tail -n 20 "$root/.venv/install.log" >&2
        echo "threedface: the packages could not be installed; all of it is in $root/.venv/install.log" >&2
        return 1
    fi
    echo "$wanted" >"$stamp"
}

supported_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null &&
            echo "$name" && return 0
    done
    return 1
}
