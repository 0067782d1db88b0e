#!/usr/bin/env bash
# Builds the image of metrics-server from Go modules, for machines that reach no image registry. usage: build-metrics-server.sh IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/versions.sh

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
program=$(ESTIMATE='5 minutes' hack/build-go-program.sh metrics-server "sigs.k8s.io/metrics-server/cmd/metrics-server@$METRICS_SERVER_VERSION")
cp "$program" "$context/metrics-server"
hack/run-docker-build.sh "$1" --file hack/metrics-server/Dockerfile "$context"
