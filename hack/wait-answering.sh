#!/usr/bin/env bash
# Waits until URLs answer: kube-proxy opens a node's port a moment after the pods behind it are ready.
# usage: wait-answering.sh SECONDS URL...
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

deadline=$((SECONDS + $1))
for url in "${@:2}"; do
  until curl --silent --fail --max-time 2 --output /dev/null "$url"; do
    if ((SECONDS > deadline)); then fail "$url does not answer after $1 s" 'Is the port mapped? docker port fastapi-fleet-control-plane'; fi
    sleep 0.5
  done
done
