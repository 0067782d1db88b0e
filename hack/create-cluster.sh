#!/usr/bin/env bash
# Creates the kind cluster, or reuses it when it answers.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/node-image/versions.sh

cluster=fastapi-fleet

# Another user, or another home, may have made the cluster.
know_cluster() {
  kubectl config get-contexts "kind-$cluster" >/dev/null 2>&1 || kind export kubeconfig --name "$cluster" --quiet
}

is_healthy() {
  docker start "$cluster-control-plane" >/dev/null 2>&1 \
    && know_cluster \
    && kubectl --context "kind-$cluster" --request-timeout 5s wait node --all --for=condition=Ready --timeout=60s >/dev/null 2>&1
}

if kind get clusters 2>/dev/null | grep -qx "$cluster"; then
  if is_healthy; then
    say "Reusing the kind cluster $cluster"
    exit
  fi
  say "The kind cluster $cluster does not answer: creating it anew"
  kind delete cluster --name "$cluster" --quiet
fi

# The node image that is built here holds the components under names of its own, so that none goes by an official name.
name_component_images() {
  cat <<PATCH
- |
  kind: ClusterConfiguration
  imageRepository: localhost/fastapi-fleet-node
  dns:
    imageTag: $COREDNS_VERSION
  etcd:
    local:
      imageTag: $ETCD_VERSION
PATCH
}

config=$(mktemp)
trap 'rm -f "$config"' EXIT
options=()
cp hack/cluster/kind.yaml "$config"
if [[ $(hack/detect-registry.sh) == no ]]; then
  options+=(--image "$(hack/ensure-node-image.sh)")
  name_component_images >> "$config"
fi

say "Creating the kind cluster $cluster (20 s; with kind's own node image also its download)"
if ! kind create cluster --name "$cluster" --config "$config" --wait 3m "${options[@]}" --quiet; then
  fail 'kind could not create the cluster' 'The lines above say why; kind export logs shows more while the node is there.'
fi
