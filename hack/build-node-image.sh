#!/usr/bin/env bash
# Builds the image of a kind node from Go modules and Debian packages, for machines that reach no image registry.
# usage: build-node-image.sh IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/node-image/versions.sh

image=$1
repository=localhost/fastapi-fleet-node
rootfs_image=$repository/rootfs:latest
context=$(mktemp -d)
builder=fastapi-fleet-node-$$
trap 'rm -rf "$context"; docker rm --force "$builder" >/dev/null 2>&1 || true' EXIT

build_programs() {
  local minor=${KUBERNETES_VERSION#v1.}
  local version=k8s.io/component-base/version
  local stamp="-X $version.gitVersion=$KUBERNETES_VERSION -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}"
  mkdir -p "$context/bin"
  ESTIMATE='10 minutes' place hyperkube . hack/node-image/kubernetes "$stamp"
  ESTIMATE='1 minute' place etcd . hack/node-image/etcd
  ESTIMATE='2 minutes' place coredns . hack/node-image/coredns
  place pause . hack/node-image/pause
  ESTIMATE='2 minutes' place local-path-provisioner "github.com/rancher/local-path-provisioner@$LOCAL_PATH_VERSION"
}

place() {
  local program
  program=$(hack/build-go-program.sh "$@")
  cp "$program" "$context/bin/$1"
}

import_rootfs() {
  local packages=systemd,systemd-sysv,containerd,runc,containernetworking-plugins,iptables,iproute2,ethtool,conntrack,mount
  packages+=,util-linux,kmod,procps,ca-certificates,socat,ebtables,nftables,bash,hostname,jq,busybox-static
  docker import "$(hack/build-debian-rootfs.sh node bookworm "$packages")" "$rootfs_image" >/dev/null
}

build() { hack/run-docker-build.sh "$1" --file "$2" "${@:3}" "$context"; } # IMAGE DOCKERFILE [OPTION...]

build_component_images() {
  local files=hack/node-image/components
  build "$repository/kube-apiserver:$KUBERNETES_VERSION" "$files/control-plane.Dockerfile" --build-arg "ROOTFS_IMAGE=$rootfs_image"
  for component in kube-controller-manager kube-scheduler; do
    docker tag "$repository/kube-apiserver:$KUBERNETES_VERSION" "$repository/$component:$KUBERNETES_VERSION"
  done
  build "$repository/kube-proxy:$KUBERNETES_VERSION" "$files/kube-proxy.Dockerfile" --build-arg "ROOTFS_IMAGE=$rootfs_image" \
    --build-arg "CONTROL_PLANE_IMAGE=$repository/kube-apiserver:$KUBERNETES_VERSION"
  build "$repository/pause:$PAUSE_VERSION" "$files/pause.Dockerfile"
  build "$repository/etcd:$ETCD_VERSION" "$files/etcd.Dockerfile"
  build "$repository/coredns:$COREDNS_VERSION" "$files/coredns.Dockerfile"
  build "$repository/local-path:$LOCAL_PATH_VERSION" "$files/local-path.Dockerfile" --build-arg "ROOTFS_IMAGE=$rootfs_image"
}

# The node's containerd gets the components' images as kind's own node image has them: before the node first starts.
build_node() {
  build "$repository/base:latest" hack/node-image/Dockerfile --build-arg "ROOTFS_IMAGE=$rootfs_image"
  docker run --detach --name "$builder" --privileged --entrypoint sleep "$repository/base:latest" infinity >/dev/null
  docker exec --detach "$builder" containerd
  for _ in $(seq 60); do
    if docker exec "$builder" ctr version >/dev/null 2>&1; then break; fi
    sleep 0.5
  done
  docker save "$repository"/kube-{apiserver,controller-manager,scheduler,proxy}:"$KUBERNETES_VERSION" \
    "$repository/pause:$PAUSE_VERSION" "$repository/etcd:$ETCD_VERSION" "$repository/coredns:$COREDNS_VERSION" \
    "$repository/local-path:$LOCAL_PATH_VERSION" \
    | docker exec --interactive "$builder" ctr --namespace k8s.io images import --no-unpack - >/dev/null
  docker exec "$builder" sh -c 'pkill -x containerd; while pgrep -x containerd >/dev/null; do sleep 0.1; done; rm -rf /run/containerd'
  docker commit --change 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]' "$builder" "$image" >/dev/null
}

build_programs
import_rootfs
cp -r hack/node-image/files hack/node-image/runc-capped hack/node-image/collect-proxy-tools.sh "$context/"
mkdir -p "$context/files/kind"
echo "$KUBERNETES_VERSION" > "$context/files/kind/version"
say 'Building the images of the components and of the node (1 minute)'
build_component_images
build_node
