#!/usr/bin/env bash
# Builds the image of the e2e tests' own service in two versions, loads both into the node and prints them: v1=IMAGE, v2=IMAGE.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

names=$(hack/write-image-names.sh)
eval "$names"
key=$(text_key "$PYTHON_IMAGE" "$(content_key requirements.lock tests/e2e/image)")

ensure_version() { # VERSION
  local image=localhost/fastapi-fleet/e2e-app:v$1-$key
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "Building $image (20 to 60 s)"
    tar --create requirements.lock --directory tests/e2e/image Dockerfile app \
      | hack/run-docker-build.sh "$image" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" --build-arg "VERSION=$1" -
  fi
  echo "$image"
}

v1=$(ensure_version 1)
v2=$(ensure_version 2)
hack/load-images.sh "$v1" "$v2" >&2
echo "v1=$v1"
echo "v2=$v2"
