#!/usr/bin/env bash
# Fails when generated gRPC code differs from what the contracts' .proto files say.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
hack/update-protos.sh "$fresh"
(cd "$fresh" && find . -type d -name generated) | while read -r folder; do
  diff --recursive --unified --exclude=__pycache__ "$folder" "$fresh/$folder" || {
    echo "error: $folder is stale; run hack/update-protos.sh" >&2
    exit 1
  }
done
