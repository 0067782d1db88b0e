#!/usr/bin/env bash
# Plays what a user of compose.yaml does, from registration to a fulfilled order, and checks what comes of it, events and mail included.
# usage: check-story.sh USERS_URL ORDERS_URL MAILPIT_URL
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

users=$1 orders=$2 mailpit=$3
email=ada-$(date +%s%N)@example.com
password='correct horse battery staple'
order='{"currency": "EUR", "items": [{"sku": "keyboard", "quantity": 1, "unit_price": 4900}]}'
token=

call() { # CURL_ARGUMENT...: with the token of the moment
  curl --silent --show-error --max-time 10 --header 'Content-Type: application/json' ${token:+--header "Authorization: Bearer $token"} "$@"
}
answer() { call --fail-with-body "$@"; }
status_of() { call --output /dev/null --write-out '%{http_code}' "$@"; }
field() { python3 -c 'import functools, json, sys; print(functools.reduce(lambda value, key: value[key], sys.argv[1].split("."), json.load(sys.stdin)))' "$1"; }

expect() { # WHAT EXPECTED FOUND
  if [[ $2 != "$3" ]]; then fail "$1: expected $2, found $3" 'docker compose logs of the service says more.'; fi
  say "ok: $1"
}

await() { # WHAT EXPECTED URL FIELD: for what an event brings about
  local found=
  for _ in $(seq 100); do
    found=$(answer "$3" | field "$4")
    if [[ $found == "$2" ]]; then break; fi
    sleep 0.2
  done
  expect "$1" "$2" "$found"
}

register() { token='' answer "$users/users" --data "{\"email\": \"$1\", \"name\": \"Ada\", \"password\": \"$password\"}"; } # EMAIL
log_in() { # EMAIL PASSWORD
  curl --silent --show-error --fail-with-body --max-time 10 "$users/auth/token" \
    --data grant_type=password --data-urlencode "username=$1" --data-urlencode "password=$2" | field access_token
}

user=$(register "$email")
user_id=$(field id <<< "$user")
expect 'a new user has the default role' member "$(field role <<< "$user")"
expect 'the same address again is a conflict' 409 \
  "$(status_of "$users/users" --data "{\"email\": \"${email^^}\", \"name\": \"Ada\", \"password\": \"$password\"}")"
expect 'nobody orders without a token' 401 "$(status_of "$orders/orders" --data "$order")"

token=$(log_in "$email" "$password")
expect 'the token is that of the user' "$user_id" "$(answer "$users/users/me" | field id)"

order_id=$(answer "$orders/orders" --data "$order" --header "Idempotency-Key: story-$user_id" | field id)
expect 'the same request again is the same order' "$order_id" \
  "$(answer "$orders/orders" --data "$order" --header "Idempotency-Key: story-$user_id" | field id)"
expect 'an order shows its user' "$email" "$(answer "$orders/orders/$order_id" | field user.email)"
await 'the reservation confirms the order' confirmed "$orders/orders/$order_id" status
await 'the order is counted for its user' 1 "$users/users/me" order_count
expect 'a payment is taken note of' 202 "$(status_of --request POST "$orders/orders/$order_id/payment")"
await 'the payment fulfils the order' fulfilled "$orders/orders/$order_id" status
await 'the user was welcomed' 1 "$mailpit/api/v1/search?query=to:$email" messages_count

other=other-$email
register "$other" >/dev/null
token=$(log_in "$other" "$password")
expect 'another user does not find the order' 404 "$(status_of "$orders/orders/$order_id")"
expect 'another user does not see the user' 403 "$(status_of "$users/users/$user_id")"

token=$(log_in "${ADMIN_EMAIL:-admin@example.com}" "${ADMIN_PASSWORD:-admin-development}")
expect 'an administrator finds the order' "$email" "$(answer "$orders/orders/$order_id" | field user.email)"
expect 'an administrator lists the users' 200 "$(status_of "$users/users?limit=1")"

token=
await 'the other user was welcomed' 1 "$mailpit/api/v1/search?query=to:$other" messages_count
expect 'the user was welcomed once' 1 "$(answer "$mailpit/api/v1/search?query=to:$email" | field messages_count)"
