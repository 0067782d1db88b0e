#!/usr/bin/env bash
# Prints where the services on the cluster answer, how to register and order, and where the administrator's password is.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh

cat <<'ADDRESSES'

users   http://localhost:8001/docs
orders  http://localhost:8002/docs

Register, get a token, place an order and look at it:

  email=ada-$RANDOM@example.com password='correct horse battery staple'
  curl -s http://localhost:8001/users -H 'Content-Type: application/json' \
    -d "{\"email\": \"$email\", \"name\": \"Ada\", \"password\": \"$password\"}"
  token=$(curl -s http://localhost:8001/auth/token -d grant_type=password -d "username=$email" --data-urlencode "password=$password" \
    | sed -E 's/.*"access_token": ?"([^"]+)".*/\1/')
  curl -s http://localhost:8002/orders -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    -d '{"currency": "EUR", "items": [{"sku": "keyboard", "quantity": 1, "unit_price": 4900}]}'
  curl -s http://localhost:8002/orders -H "Authorization: Bearer $token"

Administrator: admin@example.com, whose password is what this prints:

  kubectl --context kind-fastapi-fleet get secret users-secrets -o 'jsonpath={.data.ADMIN_PASSWORD}' | base64 -d

What runs: kubectl --context kind-fastapi-fleet get fas,flp,pods
ADDRESSES
if [[ -L $FLEET_CACHE/bin/kubectl ]]; then echo "kubectl that fits lies in $FLEET_CACHE/bin: put it on PATH."; fi
