#!/usr/bin/env bash
# Serves the documentation's site on this machine, and builds it again when a page changes.
set -euo pipefail
cd "$(dirname "$0")/.."

hack/link-site-source.sh build/site-source
export NO_MKDOCS_2_WARNING=1
exec .venv/bin/mkdocs serve --dev-addr "${DOCS_ADDRESS:-127.0.0.1:8010}"
