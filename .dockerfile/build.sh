#!/usr/bin/env bash
# Builds the image of Dataflow's workers with the package versions of .venv, and pushes it: build.sh IMAGE
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/.ci/environment.sh"
[ $# -eq 1 ] || { echo "usage: $0 REGION-docker.pkg.dev/PROJECT/REPOSITORY/threedface:0.2.0" >&2; exit 2; }
command -v docker >/dev/null || { echo "build.sh: needs docker" >&2; exit 2; }
environment gcp
python=$root/.venv/bin/python
# Only what has a version: the project itself is installed from its folder.
"$python" -m pip freeze --exclude threedface | grep -E '^[A-Za-z0-9._-]+==' >"$root/.dockerfile/constraints.txt"
python_version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
beam_version=$("$python" -c 'from importlib.metadata import version; print(version("apache-beam"))')
docker build \
    --platform linux/amd64 \
    --file "$root/.dockerfile/Dockerfile" \
    --build-arg "PYTHON=$python_version" \
    --build-arg "BEAM=$beam_version" \
    --tag "$1" \
    "$root"
docker push "$1"
