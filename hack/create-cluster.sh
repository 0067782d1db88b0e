#!/usr/bin/env bash
# Creates the kind cluster, or reuses the one that is there; never deletes one, because it holds data.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/node-image/versions.sh

cluster=fastapi-fleet
context=kind-$cluster

give_up() { # WHAT
  fail "the kind cluster $cluster $1" "Its log: docker logs $cluster-control-plane" \
    'It is kept, with its data. To begin anew without them: make down, then make up.'
}

answers() { kubectl --context "$context" --request-timeout 5s get --raw /readyz >/dev/null 2>&1; }

# After a reboot the API server needs a while; and another user, or another home, may have made the cluster.
wait_answering() {
  local deadline=$((SECONDS + 120))
  if answers; then return; fi
  say "Waiting until the kind cluster $cluster answers (120 s at most)"
  kind export kubeconfig --name "$cluster" --quiet || give_up 'does not tell how to reach it'
  until answers; do
    if ((SECONDS >= deadline)); then give_up 'does not answer after 120 s'; fi
    sleep 1
  done
}

# Until kube-proxy is back, a Service address leads out of the node. Where a gateway out there answers whatever it is asked, the
# API server keeps that connection for metrics-server: no metrics, and no namespace ends any more.
keep_service_addresses_inside() {
  docker exec -i "$cluster-control-plane" bash -s <<'NODE'
refusal=(--destination 10.96.0.0/16 --protocol tcp --out-interface eth0 --jump REJECT --reject-with tcp-reset)
for chain in OUTPUT FORWARD; do
  iptables --wait --check "$chain" "${refusal[@]}" 2>/dev/null || iptables --wait --append "$chain" "${refusal[@]}"
done
NODE
}

# kubeadm reserves 100m of CPU for each DNS server: of a node of two cores nothing would be left for a dozen services.
leave_room() {
  kubectl --context "$context" --namespace kube-system set resources deployment/coredns --requests=cpu=20m,memory=70Mi >/dev/null \
    || give_up 'has no DNS server'
}

resume() {
  docker start "$cluster-control-plane" >/dev/null || give_up 'does not start'
  keep_service_addresses_inside || give_up 'has a node whose iptables take no rule'
  wait_answering
  kubectl --context "$context" wait node --all --for=condition=Ready --timeout=60s >/dev/null || give_up 'has a node that is not ready after 60 s'
  kubectl --context "$context" wait apiservice --all --for=condition=Available --timeout=120s >/dev/null \
    || give_up 'has an API that does not answer after 120 s: kubectl get apiservices'
  leave_room
}

# Mounted into the node from here, so that it starts again also where this checkout is gone.
files=$FLEET_CACHE/cluster
mkdir -p "$files"
cp hack/cluster/audit-policy.yaml "$files/"

clusters=$(kind get clusters --quiet)
if grep -qx "$cluster" <<< "$clusters"; then
  resume
  say "Reusing the kind cluster $cluster"
  exit
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
sed "s|CLUSTER_FILES|$files|" hack/cluster/kind.yaml > "$config"
registry=$(hack/detect-registry.sh)
if [[ $registry == no ]]; then
  node_image=$(hack/ensure-node-image.sh)
  options+=(--image "$node_image")
  name_component_images >> "$config"
fi

say "Creating the kind cluster $cluster (20 s; with kind's own node image also its download)"
if ! kind create cluster --name "$cluster" --config "$config" --wait 3m "${options[@]}" --quiet; then
  fail 'kind could not create the cluster' 'The lines above say why; kind export logs shows more while the node is there.'
fi
leave_room
