#!/usr/bin/env bash
# On Google Dataflow. Says what that needs, and stops: this version cannot run there yet.
#
# What is missing: convert reads and writes folders of a file system (not gs://), and the package has
# not been staged to workers nor tried there. The local run, ./run_local.sh, is complete.
set -euo pipefail

need() { printf '  %-24s %s\n' "$1" "$2" >&2; }

echo "run_dataflow.sh: this version of threedface cannot run on Dataflow yet; use ./run_local.sh" >&2
echo "A run on Dataflow will need:" >&2
need "THREEDFACE_PROJECT" "${THREEDFACE_PROJECT:-not set: the Google Cloud project that pays}"
need "THREEDFACE_REGION" "${THREEDFACE_REGION:-not set: where workers run, such as europe-west1}"
need "THREEDFACE_BUCKET" "${THREEDFACE_BUCKET:-not set: gs:// folder for input, model files, staging and output}"
need "credentials" "$([ -n "${GOOGLE_APPLICATION_CREDENTIALS:-}" ] && echo "GOOGLE_APPLICATION_CREDENTIALS is set" ||
    echo "none: gcloud auth application-default login")"
need "packages" "pip install 'threedface[gcp]'"
exit 2
