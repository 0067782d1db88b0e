#!/usr/bin/env bash
# Installs the operator with its chart, or upgrades it when the chart or the image changed. usage: install-operator.sh IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

image=$1
release=(fastapi-fleet --namespace fastapi-fleet-system --kube-context kind-fastapi-fleet)
# Platforms of the local cluster may use servers in it that somebody else runs.
values=(--set "image.repository=${image%:*}" --set "image.tag=${image##*:}" --set 'externalHosts={*.svc}')
content=$(text_key "${values[*]}" "$(content_key charts/fastapi-fleet)")
installed=$(helm status "${release[@]}" --output json 2>/dev/null | python3 -c '
import json, sys
info = json.load(sys.stdin)["info"]
print(info["status"], info["description"])' 2>/dev/null || true)

if [[ $installed == "deployed content $content" ]]; then
  say 'The operator is installed with this chart and image'
else
  say 'Installing the operator with its chart'
  helm upgrade --install "${release[@]}" charts/fastapi-fleet --create-namespace --description "content $content" "${values[@]}" >/dev/null
fi

kubectl() { command kubectl --context kind-fastapi-fleet --namespace fastapi-fleet-system "$@"; }
if ! kubectl rollout status deployment/fastapi-fleet --timeout 90s >&2; then
  kubectl get pods >&2
  kubectl logs deployment/fastapi-fleet --tail 20 >&2
  fail 'the operator is not ready after 90 s' 'Its log is above.'
fi
