#!/usr/bin/env bash
# Builds images of the users service with other migrations, loads them into the node and prints them: two-heads=IMAGE, older=IMAGE,
# and alembic=IMAGE, which Alembic's own command can migrate.
# usage: load-migration-images.sh USERS_IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

key=$(text_key "$1" "$(content_key tests/e2e/migrations)")

for variant in two-heads older alembic; do
  image=localhost/fastapi-fleet/e2e-migrations:$variant-$key
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    say "Building $image (3 s)"
    tar --create --directory tests/e2e/migrations Dockerfile beside.py alembic.ini \
      | hack/run-docker-build.sh "$image" --build-arg "USERS_IMAGE=$1" --target "$variant" -
  fi
  hack/load-images.sh "$image" >&2
  echo "$variant=$image"
done
