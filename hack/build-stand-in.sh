#!/usr/bin/env bash
# Builds an image that stands in for an official base image, from Debian packages. usage: build-stand-in.sh NAME IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 image=$2
folder=hack/stand-ins/$name
rootfs_image=localhost/fastapi-fleet/$name-rootfs:latest
options=()
if [[ -f $folder/mmdebstrap-options ]]; then mapfile -t options < "$folder/mmdebstrap-options"; fi

docker import "$(hack/build-debian-rootfs.sh "$name" trixie "$(< "$folder/packages")" "${options[@]}")" "$rootfs_image" >/dev/null
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp -r "$folder/." "$context/"
cp /etc/ssl/certs/ca-certificates.crt "$context/"
if [[ -f $folder/prepare.sh ]]; then "$folder/prepare.sh" "$context"; fi
hack/run-docker-build.sh "$image" --build-arg "ROOTFS_IMAGE=$rootfs_image" "$context"
