#!/usr/bin/env bash
# Makes Docker hold the base images where no registry has them, and writes the names in use to .env, which compose.yaml reads.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

python=python:3.13-slim postgres=postgres:17 rabbitmq=rabbitmq:4-management
if [[ $(hack/detect-registry.sh) == no ]]; then
  python=$(hack/ensure-stand-in.sh python)
  postgres=$(hack/ensure-stand-in.sh postgres)
  rabbitmq=$(hack/ensure-stand-in.sh rabbitmq)
fi
names="# Written by hack/write-image-names.sh for this machine.
PYTHON_IMAGE=$python
POSTGRES_IMAGE=$postgres
RABBITMQ_IMAGE=$rabbitmq"
if [[ ! -f .env || $(< .env) != "$names" ]]; then echo "$names" > .env; fi
