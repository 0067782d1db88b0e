# shellcheck shell=bash
# Where images that are built here lie. Needs hack/lib/cache.sh and hack/node-image/versions.sh.
node_image() {
  echo "localhost/fastapi-fleet-node/node:$KUBERNETES_VERSION-$(content_key hack/node-image hack/build-node-image.sh hack/build-debian-rootfs.sh)"
}

cached_copy() { echo "$FLEET_CACHE/images/${1//[\/:]/_}.tar"; } # IMAGE

is_built() { docker image inspect "$1" >/dev/null 2>&1 || [[ -f $(cached_copy "$1") ]]; } # IMAGE
