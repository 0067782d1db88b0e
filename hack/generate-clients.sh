#!/usr/bin/env bash
# Generates typed Python clients of both services from their OpenAPI documents into build/clients; does nothing where
# nothing that makes a document has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
export PATH=$PWD/.venv/bin:$PATH

generate() { # SERVICE
  local client=build/clients/$1_client document=build/$1.openapi.json key
  key=$(content_key "services/$1/app" services/kit/src hack/print_openapi.py hack/generate-clients.sh requirements.lock)
  if [[ -f $client/.generated && $(< "$client/.generated") == "$key" ]]; then return; fi
  say "Generating the client of $1"
  mkdir -p build/clients
  (cd "services/$1" && python ../../hack/print_openapi.py) > "$document"
  openapi-python-client generate --path "$document" --meta none --output-path "$client" --overwrite --fail-on-warning >/dev/null
  touch "$client/py.typed"
  sed -i '1i # mypy: ignore-errors' "$client/client.py" # what the generator gets wrong inside; its signatures stay typed
  echo "$key" > "$client/.generated"
}

for service in users orders; do generate "$service"; done
