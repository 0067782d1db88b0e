#!/usr/bin/env bash
# Makes Docker hold the base images where no registry has them, writes the names in use to .env, which compose.yaml reads,
# and prints them as assignments. With the argument kafka it does so for the other broker too. usage: write-image-names.sh [kafka]
set -euo pipefail
cd "$(dirname "$0")/.."

python=python:3.13-slim postgres=postgres:17 rabbitmq=rabbitmq:4-management kafka=apache/kafka:4.3.1
registry=$(hack/detect-registry.sh)
if [[ $registry == no ]]; then
  python=$(hack/ensure-stand-in.sh python)
  postgres=$(hack/ensure-stand-in.sh postgres)
  rabbitmq=$(hack/ensure-stand-in.sh rabbitmq)
  if [[ ${1:-} == kafka ]]; then kafka=$(hack/ensure-stand-in.sh kafka); fi
fi
names="PYTHON_IMAGE=$python
POSTGRES_IMAGE=$postgres
RABBITMQ_IMAGE=$rabbitmq"
if [[ ${1:-} == kafka ]]; then names+=$'\n'"KAFKA_IMAGE=$kafka"; fi

written=$(cut -d= -f1 <<< "$names" | paste -sd '|')
kept=$(grep -vE "^($written)=" .env 2>/dev/null || true)
content=${kept:+$kept$'\n'}$names
if [[ ! -f .env || $(< .env) != "$content" ]]; then echo "$content" > .env; fi
echo "$names"
