#!/usr/bin/env bash
# Runs helm lint over the charts.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh

hack/setup-tools.sh helm
helm lint --strict charts/*
