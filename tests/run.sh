#!/usr/bin/env bash
# Environment with the test extra, then pytest; arguments go to pytest. Without any, all tests, on all cores (at most 4).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/environment.sh"
environment test
cd "$root"
[ $# -gt 0 ] || set -- --numprocesses auto --maxprocesses 4 --dist worksteal
exec .venv/bin/python -m pytest "$@"
