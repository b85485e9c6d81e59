#!/usr/bin/env bash
# Environment with the test extra, then pytest.
# Alone: the default tests, a few minutes. --all: all tests, where pytest's arguments may follow. Both run on all
# cores (at most 4). Any other arguments are pytest's.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/environment.sh"
environment test
cd "$root"
cores=(--numprocesses auto --maxprocesses 4 --dist worksteal)
case "${1:-}" in
    "") set -- "${cores[@]}" -m "not slow and not slow_engine" ;;
    --all) set -- "${cores[@]}" "${@:2}" ;;
esac
export PYTHONDONTWRITEBYTECODE=  # else each of a thousand processes compiles the program anew
exec .venv/bin/python -m pytest "$@"
