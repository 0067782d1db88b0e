#!/usr/bin/env bash
# Builds the image of the e2e tests' own service, loads its variants into the node and prints them: v1=IMAGE, v2=IMAGE, and of the second
# version slow=IMAGE, which takes seconds to start, and unready=IMAGE, which never gets ready.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

names=$(hack/write-image-names.sh)
eval "$names"
key=$(text_key "$PYTHON_IMAGE" "$(content_key requirements.lock tests/e2e/image)")

ensure_variant() { # NAME BUILD_ARGUMENT...
  local image=localhost/fastapi-fleet/e2e-app:$1-$key arguments=("${@:2}")
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "Building $image (20 to 60 s)"
    tar --create requirements.lock --directory tests/e2e/image Dockerfile app \
      | hack/run-docker-build.sh "$image" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" "${arguments[@]/#/--build-arg=}" -
  fi
  echo "$image"
}

v1=$(ensure_variant v1 VERSION=1)
v2=$(ensure_variant v2 VERSION=2)
slow=$(ensure_variant slow VERSION=2 STARTS_AFTER=12)
unready=$(ensure_variant unready VERSION=2 ANSWERS_READY=503)
hack/load-images.sh "$v1" "$v2" "$slow" "$unready" >&2
printf '%s\n' "v1=$v1" "v2=$v2" "slow=$slow" "unready=$unready"
