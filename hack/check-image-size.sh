#!/usr/bin/env bash
# Says how large an image is above its base, uncompressed, and fails above a limit. usage: check-image-size.sh IMAGE BASE_IMAGE LIMIT_MB
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

image=$1 base=$2 limit=$3
size() { docker image inspect --format '{{.Size}}' "$1"; }

above=$((($(size "$image") - $(size "$base") + 500000) / 1000000))
say "$image: $above MB above its base"
if ((above >= limit)); then
  fail "$image is not under $limit MB above $base" \
    "What is large: docker run --rm $image sh -c 'du -sk /venv/lib/python3*/site-packages/*' | sort -rn | head"
fi
