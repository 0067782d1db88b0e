#!/usr/bin/env bash
# Removes all that was built: the cache folder, the images, the tools linked from the cache, .venv, and the names of the images in .env.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

if docker info >/dev/null 2>&1; then
  docker image ls --format '{{.Repository}}:{{.Tag}}' | awk '/^localhost\/fastapi-fleet(-node)?\//' | xargs --no-run-if-empty docker rmi --force >/dev/null
fi
rm -rf "$FLEET_CACHE" .venv
kept=$(grep -vE '^(PYTHON|POSTGRES|RABBITMQ)_IMAGE=' .env 2>/dev/null || true)
if [[ -n $kept ]]; then echo "$kept" > .env; else rm -f .env; fi
say "Removed $FLEET_CACHE, .venv and the images"
