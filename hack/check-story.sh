#!/usr/bin/env bash
# Makes a user and an order over HTTP and checks what comes of them, the event's effect included.
# usage: check-story.sh USERS_URL ORDERS_URL
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

users=$1 orders=$2
email=ada-$(date +%s%N)@example.com

request() { curl --silent --show-error --fail-with-body --max-time 10 --header 'Content-Type: application/json' "$@"; }
field() { python3 -c 'import functools, json, sys; print(functools.reduce(lambda value, key: value[key], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"; }

expect() { # WHAT EXPECTED FOUND
  if [[ $2 != "$3" ]]; then fail "$1: expected $2, found $3" 'docker compose logs (or kubectl logs) of the service says more.'; fi
  say "ok: $1"
}

user=$(request "$users/users" --data "{\"email\": \"$email\", \"name\": \"Ada\"}")
user_id=$(field id <<< "$user")
expect 'a new user has the default role' member "$(field role <<< "$user")"
expect 'the same address again is a conflict' 409 \
  "$(curl --silent --output /dev/null --write-out '%{http_code}' --header 'Content-Type: application/json' \
    "$users/users" --data "{\"email\": \"$email\", \"name\": \"Ada\"}")"

items='[{"sku": "keyboard", "quantity": 1, "unit_price": 4900}]'
order_id=$(request "$orders/orders" --data "{\"user_id\": \"$user_id\", \"currency\": \"EUR\", \"items\": $items}" | field id)
expect 'an order shows its user' "$email" "$(request "$orders/orders/$order_id" | field user.email)"

count=0
for _ in $(seq 100); do
  count=$(request "$users/users/$user_id" | field order_count)
  if [[ $count != 0 ]]; then break; fi
  sleep 0.2
done
expect 'the order event reached the users service' 1 "$count"
