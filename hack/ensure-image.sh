#!/usr/bin/env bash
# Makes Docker hold an image: the one it has, else the cached copy, else what a command builds (which is then cached).
# usage: ensure-image.sh IMAGE COMMAND...    the command builds IMAGE; its tag must name its content
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/lib/images.sh

image=$1
copy=$(cached_copy "$image")
if docker image inspect "$image" >/dev/null 2>&1; then exit; fi
if [[ -f $copy ]]; then
  say "Loading $image from the cache"
  docker load --quiet --input "$copy" >/dev/null
  exit
fi
say "Building $image"
"${@:2}"
mkdir -p "$(dirname "$copy")"
docker save --output "$copy.partial" "$image"
mv "$copy.partial" "$copy"
