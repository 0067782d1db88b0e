#!/usr/bin/env bash
# Makes Docker hold the base images where no registry has them, writes the names in use to .env, which compose.yaml reads,
# and prints them as assignments. Those that not everything needs are named. usage: write-image-names.sh [kafka|mailpit...]
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A images=([python]=python:3.13-slim [postgres]=postgres:17 [rabbitmq]=rabbitmq:4-management [kafka]=apache/kafka:4.3.1
  [mailpit]=axllent/mailpit:v1.29.7)
registry=$(hack/detect-registry.sh)

names=
for name in python postgres rabbitmq "$@"; do
  if [[ $registry == no ]]; then images[$name]=$(hack/ensure-stand-in.sh "$name"); fi
  names+=${names:+$'\n'}${name^^}_IMAGE=${images[$name]}
done

written=$(cut -d= -f1 <<< "$names" | paste -sd '|')
kept=$(grep -vE "^($written)=" .env 2>/dev/null || true)
content=${kept:+$kept$'\n'}$names
if [[ ! -f .env || $(< .env) != "$content" ]]; then echo "$content" > .env; fi
echo "$names"
