#!/usr/bin/env bash
# Waits until resources report Ready for their newest generation, and says meanwhile what is not ready and why.
# usage: wait-ready.sh SECONDS KIND/NAME...
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

kubectl() { command kubectl --context kind-fastapi-fleet --namespace default "$@"; }

# Prints nothing when the resource is ready.
find_obstacle() {
  local ready='{.status.conditions[?(@.type=="Ready")]' fields status observed generation why
  fields=$(kubectl get "$1" --output "jsonpath=$ready.status};$ready.observedGeneration};{.metadata.generation};$ready.reason}: $ready.message}")
  IFS=';' read -r status observed generation why <<< "$fields"
  if [[ $status == True && $observed == "$generation" ]]; then return; fi
  echo "$1: ${why:-no status yet}"
}

deadline=$((SECONDS + $1))
said=
while true; do
  obstacles=
  for resource in "${@:2}"; do obstacles+=$(find_obstacle "$resource")$'\n'; done
  obstacles=$(grep -v '^$' <<< "$obstacles" || true)
  if [[ -z $obstacles ]]; then break; fi
  if ((SECONDS > deadline)); then
    kubectl get pods >&2
    fail "not ready after $1 s: ${obstacles//$'\n'/; }" 'Look at: kubectl get fas,flp,pods and kubectl describe fas'
  fi
  if [[ $obstacles != "$said" ]]; then
    while read -r line; do say "  waiting for $line"; done <<< "$obstacles"
    said=$obstacles
  fi
  sleep 1
done
say "Ready: ${*:2}"
