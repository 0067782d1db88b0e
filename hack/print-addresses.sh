#!/usr/bin/env bash
# Prints where the services on the cluster answer, and how to make a user and an order.
set -euo pipefail

cat <<'ADDRESSES'

users   http://localhost:8001/docs
orders  http://localhost:8002/docs

Make a user, then an order of that user (put the user's id into it):

  curl -s http://localhost:8001/users -H 'Content-Type: application/json' -d '{"email": "ada@example.com", "name": "Ada"}'
  curl -s http://localhost:8002/orders -H 'Content-Type: application/json' -d '{"user_id": "<id>", "item": "keyboard", "quantity": 1}'

What runs: kubectl --context kind-fastapi-fleet get fas,flp,pods
ADDRESSES
