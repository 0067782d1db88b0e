#!/usr/bin/env bash
# Begins a service with `fleet new service` in FOLDER, follows its README as far as its image, loads that into the node and prints
# its name. usage: load-new-service.sh NAME FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

name=$1 folder=$2
names=$(hack/write-image-names.sh)
eval "$names"

.venv/bin/fleet new service "$name" --folder "$folder" >&2
.venv/bin/uv build --quiet --wheel --out-dir "$folder/wheels" services/kit
.venv/bin/uv lock --quiet --project "$folder"

image=localhost/fastapi-fleet/e2e-$name:$(text_key "$PYTHON_IMAGE" "$(cd "$folder" && content_key .)")
if ! docker image inspect "$image" >/dev/null 2>&1; then
  say "Building $image (40 s)"
  hack/run-docker-build.sh "$image" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" "$folder"
fi
hack/load-images.sh "$image"
echo "$image"
