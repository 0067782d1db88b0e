#!/usr/bin/env bash
# Removes the kind cluster with all that runs in it.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

if ! command -v kind >/dev/null || ! docker info >/dev/null 2>&1; then
  say 'There is no cluster: kind is not installed or Docker does not run'
  exit
fi
say 'Removing the kind cluster fastapi-fleet'
kind delete cluster --name fastapi-fleet --quiet
