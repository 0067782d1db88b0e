#!/usr/bin/env bash
# Makes Docker hold the node image that is built here, where no registry has kind's own, and prints its name.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh
source hack/node-image/versions.sh

image=localhost/fastapi-fleet-node/node:$KUBERNETES_VERSION-$(content_key hack/node-image hack/build-node-image.sh hack/build-debian-rootfs.sh)
hack/ensure-image.sh "$image" hack/build-node-image.sh "$image"
echo "$image"
