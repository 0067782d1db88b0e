#!/usr/bin/env bash
# Makes Docker hold the image that stands in for an official base image, and prints its name, which holds the hash of its content.
# usage: ensure-stand-in.sh python|postgres|rabbitmq|kafka|mailpit
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh

name=$1
declare -A versions=([python]=3.13 [postgres]=17 [rabbitmq]=4 [kafka]=4 [mailpit]=1)
inputs=("hack/stand-ins/$name" hack/build-stand-in.sh hack/build-debian-rootfs.sh)
if [[ $name == python ]]; then inputs+=(/etc/ssl/certs/ca-certificates.crt); fi

image=localhost/fastapi-fleet/$name:${versions[$name]}
content_image=$image-$(content_key "${inputs[@]}")
hack/ensure-image.sh "$content_image" hack/build-stand-in.sh "$name" "$content_image"
docker tag "$content_image" "$image"
echo "$content_image"
