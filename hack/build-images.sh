#!/usr/bin/env bash
# Builds the images of the operator and the services whose content changed, and prints the content tag of each: NAME=IMAGE.
# Without a registry it first makes the stand-ins for their base images. usage: build-images.sh [operator|users|orders...]
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

names=$(hack/write-image-names.sh)
eval "$names"

build() { # NAME DOCKERFILE INPUT...
  local name=$1 dockerfile=$2 repository=localhost/fastapi-fleet/$1 image
  image=$repository:src-$(text_key "$PYTHON_IMAGE" "$(content_key .dockerignore requirements.lock hack/install-locked.sh "${@:3}")")
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "Building $image (20 to 60 s)"
    hack/run-docker-build.sh "$image" --file "$dockerfile" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" .
  fi
  docker tag "$image" "$repository:dev"
  echo "$name=$image"
}

if (($# == 0)); then set -- operator users orders; fi
for name in "$@"; do
  case $name in
    operator) build operator operator/Dockerfile operator ;;
    *) build "$name" "services/$name/Dockerfile" services/kit "services/$name" ;;
  esac
done
