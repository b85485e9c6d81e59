#!/usr/bin/env bash
# Environment with the test extra, then pytest; arguments go to pytest.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/environment.sh"
environment test
cd "$root"
exec .venv/bin/python -m pytest "$@"
