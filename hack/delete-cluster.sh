#!/usr/bin/env bash
# Removes the kind cluster with all that runs in it.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

if ! command -v docker >/dev/null; then
  say 'There is no cluster: Docker is not installed'
  exit
fi
if ! containers=$(docker ps --all --quiet --filter label=io.x-k8s.kind.cluster=fastapi-fleet 2>/dev/null); then
  fail 'no Docker daemon answers, so a cluster could not be removed' 'Start Docker (and let this user reach it), then run this again.'
fi
if [[ -z $containers ]]; then
  say 'There is no cluster'
  exit
fi
hack/setup-tools.sh kind
say 'Removing the kind cluster fastapi-fleet'
kind delete cluster --name fastapi-fleet --quiet
