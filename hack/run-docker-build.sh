#!/usr/bin/env bash
# Runs docker build with whatever builder there is, and shows its output only when it fails.
# usage: run-docker-build.sh IMAGE OPTION... CONTEXT
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

if ! docker buildx version >/dev/null 2>&1; then export DOCKER_BUILDKIT=0; fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! docker build --tag "$@" >"$log" 2>&1; then
  cat "$log" >&2
  fail "building $1 failed" 'The lines above say why.'
fi
