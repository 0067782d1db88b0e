#!/usr/bin/env bash
# Fails when crds/ or the chart's copy of it differs from the API models.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-.venv/bin/python}" hack/write_crds.py "$fresh"
for folder in crds charts/fastapi-fleet/files/crds; do
  diff --recursive --unified "$folder" "$fresh" || {
    echo "error: $folder is stale; run hack/update-crds.sh" >&2
    exit 1
  }
done
