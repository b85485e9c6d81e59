#!/usr/bin/env bash
# On Google Dataflow. Checks what that needs, prints the command, runs it. Arguments that are not named
# here go to `threedface convert`.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<END
usage: ./run_dataflow.sh [settings] --input gs://... --bfm gs://... --expression gs://... --output gs://... [options of convert]

  --project ID          THREEDFACE_PROJECT   the Google Cloud project that pays
  --region REGION       THREEDFACE_REGION    where workers run, such as europe-west1: where the bucket is
  --bucket gs://NAME    THREEDFACE_BUCKET    bucket or folder for what Dataflow stages and leaves for a while
  --image IMAGE         THREEDFACE_IMAGE     the workers' image, from .dockerfile/build.sh
  --install_on_workers                       instead of an image: each worker installs the program when it starts
  --dry_run                                  translate and stage only: nothing is run

Flags of Dataflow may follow, too, and count more than those of this script: --num_workers, --machine_type, ...
END
}

project=${THREEDFACE_PROJECT:-} region=${THREEDFACE_REGION:-} bucket=${THREEDFACE_BUCKET:-}
image=${THREEDFACE_IMAGE:-} install='' dry_run=''
convert=()
while [ $# -gt 0 ]; do
    case $1 in
        --project | --region | --bucket | --image)
            [ $# -ge 2 ] || { echo "run_dataflow.sh: $1 needs a value" >&2; exit 2; }
            declare "${1#--}=$2"
            shift
            ;;
        --project=* | --region=* | --bucket=* | --image=*)
            setting=${1%%=*}
            declare "${setting#--}=${1#*=}"
            ;;
        --install_on_workers) install=yes ;;
        --dry_run) dry_run=yes ;;
        -h | --help) usage; exit 0 ;;
        *) convert+=("$1") ;;
    esac
    shift
done

threedface=$root/.venv/bin/threedface
[ -x "$threedface" ] || threedface=$(command -v threedface || true)
python=$(dirname "$threedface")/python

missing=0
need() {
    [ "$missing" -ne 0 ] || echo "run_dataflow.sh: not everything is there that a run on Dataflow needs" >&2
    missing=1
    printf '  %-12s %s\n' "$1" "$2" >&2
}

credentials() {
    [ -z "${GOOGLE_APPLICATION_CREDENTIALS:-}" ] || { [ -f "$GOOGLE_APPLICATION_CREDENTIALS" ]; return; }
    [ ! -f "${CLOUDSDK_CONFIG:-$HOME/.config/gcloud}/application_default_credentials.json" ] || return 0
    # A machine of Google's has some of its own.
    "$python" -c 'import google.auth; google.auth.default()' >/dev/null 2>&1
}

[ -n "$project" ] || need project "--project or THREEDFACE_PROJECT: the Google Cloud project that pays"
[ -n "$region" ] || need region "--region or THREEDFACE_REGION: where workers run, such as europe-west1"
case $bucket in
    gs://?*) ;;
    '') need bucket "--bucket or THREEDFACE_BUCKET: gs://..., for what Dataflow stages" ;;
    *) need bucket "$bucket is not gs://..." ;;
esac
if [ -z "$install" ] && [ -z "$image" ]; then
    need image "--image or THREEDFACE_IMAGE, from .dockerfile/build.sh; or --install_on_workers"
elif [ -n "$install" ] && [ -n "$image" ]; then
    need image "--image or --install_on_workers, not both"
fi
if [ -z "$threedface" ]; then
    need program "no threedface: ./run_local.sh makes .venv, or activate the environment that has it"
elif ! "$python" -c 'import apache_beam.io.gcp.gcsio, google.cloud.dataflow' 2>/dev/null; then
    need packages "the extra gcp: $python -m pip install --editable '${root}[gcp]'"
elif ! credentials; then
    need credentials "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS=FILE"
fi
if [ "$missing" -ne 0 ]; then
    echo "  see ./run_dataflow.sh --help" >&2
    exit 2
fi

bucket=${bucket%/}
# One process a core works on one chunk at a time, which is what a batch job does unless told otherwise:
# 0.4 GB a core at most, of 4 (pipeline/README.md, Dataflow). All machines at once: a run is over before
# Dataflow would have added any. 30 GB of disk hold the system, the image and the face model.
command=("$threedface" convert
    --runner DataflowRunner
    --project "$project"
    --region "$region"
    --temp_location "$bucket/tmp"
    --staging_location "$bucket/staging"
    --machine_type n2-standard-4
    --disk_size_gb 30
    --num_workers 4
    --max_num_workers 4)
if [ -n "$image" ]; then
    command+=(--sdk_container_image "$image" --sdk_location container)
else
    # The bytes of records depend on the versions of these.
    pins=$(mktemp -d)/requirements.txt
    "$python" -c 'from transforms.records.versions import installed_versions
for package, version in installed_versions().items():
    if package != "threedface":
        print(f"{package}=={version}")' >"$pins"
    command+=(--setup_file "$root/setup.py" --requirements_file "$pins" --requirements_cache skip)
fi
[ -z "$dry_run" ] || command+=(--template_location "$bucket/staging/dry_run.json")
[ ${#convert[@]} -eq 0 ] || command+=("${convert[@]}")

printf '%q ' "${command[@]}"
echo
exec "${command[@]}"
