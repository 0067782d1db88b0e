#!/usr/bin/env bash
# Removes what interrupted test runs left on the cluster: their pods hold the CPU that the next run needs to be scheduled.
# Not part of `make up`, which may run while tests do.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

hack/setup-docker.sh
if ! docker container inspect fastapi-fleet-control-plane >/dev/null 2>&1; then exit; fi
hack/setup-tools.sh kind kubectl
hack/create-cluster.sh

kubectl() { command kubectl --context kind-fastapi-fleet "$@"; }
mapfile -t left < <(kubectl get namespace --selector fastapi-fleet.io/test --output name)
if ((${#left[@]} == 0)); then exit; fi
say "Removing what earlier test runs left: ${left[*]}"
# What the operator must release first holds the namespace, not its pods; an operator that cannot be scheduled comes after them.
kubectl delete --wait=false "${left[@]}" >/dev/null
for namespace in "${left[@]}"; do
  kubectl --namespace "${namespace#namespace/}" wait pod --all --for=delete --timeout=120s >/dev/null \
    || fail "pods of $namespace do not end" "kubectl --namespace ${namespace#namespace/} get pods"
done
