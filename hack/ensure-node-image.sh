#!/usr/bin/env bash
# Makes Docker hold the node image that is built here, where no registry has kind's own, and prints its name.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh
source hack/node-image/versions.sh
source hack/lib/images.sh

image=$(node_image)
hack/ensure-image.sh "$image" hack/build-node-image.sh "$image"
echo "$image"
