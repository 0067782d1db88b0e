#!/usr/bin/env bash
# Builds an image that stands in for an official base image, from Debian packages. usage: build-stand-in.sh NAME IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

name=$1 image=$2
folder=hack/stand-ins/$name
rootfs_image=localhost/fastapi-fleet/$name-rootfs:latest
options=()
if [[ -f $folder/mmdebstrap-options ]]; then mapfile -t options < "$folder/mmdebstrap-options"; fi

docker import "$(hack/build-debian-rootfs.sh "$name" trixie "$(< "$folder/packages")" "${options[@]}")" "$rootfs_image" >/dev/null
context=$(mktemp -d)
trap 'rm -rf "$context" "$context.log"' EXIT
cp -r "$folder/." "$context/"
cp /etc/ssl/certs/ca-certificates.crt "$context/"
if ! DOCKER_BUILDKIT=0 docker build --tag "$image" --build-arg "ROOTFS_IMAGE=$rootfs_image" "$context" >"$context.log" 2>&1; then
  cat "$context.log" >&2
  fail "building $image failed" 'The lines above say why.'
fi
