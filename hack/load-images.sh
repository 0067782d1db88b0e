#!/usr/bin/env bash
# Loads images from Docker into the kind cluster's node, those that it lacks. usage: load-images.sh IMAGE...
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

present=$(docker exec fastapi-fleet-control-plane ctr --namespace k8s.io images list --quiet)
missing=()
for image in "$@"; do
  if ! grep -qxF "$image" <<< "$present"; then missing+=("$image"); fi
done
if ((${#missing[@]} == 0)); then exit; fi

say "Loading into the node (40 s for all): ${missing[*]##*/}"
kind load docker-image --quiet --name fastapi-fleet "${missing[@]}"
