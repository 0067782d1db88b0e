#!/usr/bin/env bash
# Makes Docker hold the base images where no registry has them, writes the names in use to .env, which compose.yaml reads,
# and prints them as assignments.
set -euo pipefail
cd "$(dirname "$0")/.."

python=python:3.13-slim postgres=postgres:17 rabbitmq=rabbitmq:4-management
registry=$(hack/detect-registry.sh)
if [[ $registry == no ]]; then
  python=$(hack/ensure-stand-in.sh python)
  postgres=$(hack/ensure-stand-in.sh postgres)
  rabbitmq=$(hack/ensure-stand-in.sh rabbitmq)
fi
names="PYTHON_IMAGE=$python
POSTGRES_IMAGE=$postgres
RABBITMQ_IMAGE=$rabbitmq"

kept=$(grep -vE '^(PYTHON|POSTGRES|RABBITMQ)_IMAGE=' .env 2>/dev/null || true)
content=${kept:+$kept$'\n'}$names
if [[ ! -f .env || $(< .env) != "$content" ]]; then echo "$content" > .env; fi
echo "$names"
