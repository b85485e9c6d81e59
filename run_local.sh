#!/usr/bin/env bash
# On this machine. Alone: environment, demo data, convert, verify, report, and where to look.
# With arguments: `threedface convert` with them.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)
. "$root/.ci/environment.sh"
environment
threedface=$root/.venv/bin/threedface
[ $# -eq 0 ] || exec "$threedface" convert "$@"

demo=$root/threedface-demo
raw=$demo/raw
# Exp_Pca.bin is written last: without it, an earlier run was stopped in the middle.
if [ ! -f "$raw/Coarse_Dataset/Exp_Pca.bin" ]; then
    rm -rf "$raw"
    "$threedface" demo --output "$raw" >/dev/null
fi
"$threedface" convert \
    --input "$raw/Coarse_Dataset" \
    --bfm "$raw/01_MorphableModel.mat" \
    --expression "$raw/Coarse_Dataset/Exp_Pca.bin" \
    --output "$demo/shards" \
    --splits train=0.7,validation=0.15,test=0.15 \
    --overwrite
echo
"$threedface" verify "$demo/shards"
"$threedface" report "$demo/shards" >/dev/null
cat <<END

Made from synthetic faces. Open the report:
  file://$demo/shards/threedface/coarse/1.0.0/report.html
To convert your own data:
  source $root/.venv/bin/activate
  threedface convert --help
END
