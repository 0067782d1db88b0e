#!/usr/bin/env bash
# Prints where the services on the cluster answer, and how to make a user and an order.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh

cat <<'ADDRESSES'

users   http://localhost:8001/docs
orders  http://localhost:8002/docs

Create a user, and an order of that user:

  user_id=$(curl -s http://localhost:8001/users -H 'Content-Type: application/json' \
    -d "{\"email\": \"ada-$RANDOM@example.com\", \"name\": \"Ada\"}" | sed -E 's/.*"id": ?"([^"]+)".*/\1/')
  curl -s http://localhost:8002/orders -H 'Content-Type: application/json' \
    -d "{\"user_id\": \"$user_id\", \"currency\": \"EUR\", \"items\": [{\"sku\": \"keyboard\", \"quantity\": 1, \"unit_price\": 4900}]}"

What runs: kubectl --context kind-fastapi-fleet get fas,flp,pods
ADDRESSES
if [[ -L $FLEET_CACHE/bin/kubectl ]]; then echo "kubectl that fits lies in $FLEET_CACHE/bin: put it on PATH."; fi
