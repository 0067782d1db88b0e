#!/usr/bin/env bash
# Builds the images of the operator and the services whose content changed, says how large each is, and prints its content tag:
# NAME=IMAGE. Its version and dev are tags of the newest, too. An image of 90 MB or more above its base is an error.
# Without a registry it first makes the stand-ins for their base images. usage: build-images.sh [operator|users|orders...]
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

names=$(hack/write-image-names.sh)
eval "$names"

shared=(.dockerignore requirements.lock hack/install-locked.sh hack/slim-venv.sh hack/compile_imported.py)

version_of() { sed -n 's/^version = "\(.*\)"$/\1/p' "$1/pyproject.toml"; } # FOLDER

build() { # NAME FOLDER INPUT...
  local name=$1 folder=$2 repository=localhost/fastapi-fleet/$1 image
  image=$repository:src-$(text_key "$PYTHON_IMAGE" "$(content_key "${shared[@]}" "${@:2}")")
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "Building $image (20 to 60 s)"
    hack/run-docker-build.sh "$image" --file "$folder/Dockerfile" --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" .
  fi
  hack/check-image-size.sh "$image" "$PYTHON_IMAGE" 90
  for tag in dev "$(version_of "$folder")"; do docker tag "$image" "$repository:$tag"; done
  echo "$name=$image"
}

if (($# == 0)); then set -- operator users orders; fi
for name in "$@"; do
  case $name in
    operator) build operator operator ;;
    *) build "$name" "services/$name" services/kit ;;
  esac
done
