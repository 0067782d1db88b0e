#!/usr/bin/env bash
# Prints yes or no: does an image registry answer within 5 seconds? FLEET_REGISTRY=yes|no overrides; asked once a run.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

case ${FLEET_REGISTRY:-} in
  yes | no) echo "$FLEET_REGISTRY" && exit ;;
  '') ;;
  *) fail "FLEET_REGISTRY is '$FLEET_REGISTRY'" 'Set it to yes or no, or leave it unset to have a registry asked for.' ;;
esac

memo=$FLEET_CACHE/registry-answer
if read -r run answer 2>/dev/null < "$memo" && [[ $run == "$FLEET_STARTED" ]]; then
  echo "$answer" && exit
fi
answer=no
if timeout 5 docker manifest inspect python:3.13-slim >/dev/null 2>&1; then answer=yes; fi
echo "$FLEET_STARTED $answer" > "$memo"
say "An image registry answers: $answer"
echo "$answer"
