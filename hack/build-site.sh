#!/usr/bin/env bash
# Builds the documentation's site: pages of plain files, which fetch nothing from elsewhere. Whatever mkdocs warns of ends it, broken links first.
# usage: build-site.sh [FOLDER]    FOLDER defaults to build/site
set -euo pipefail
cd "$(dirname "$0")/.."

hack/link-site-source.sh build/site-source
export NO_MKDOCS_2_WARNING=1 # it is about a version that the lock does not take; docs/adr/0039
.venv/bin/mkdocs build --strict --site-dir "$(realpath -m "${1:-build/site}")"
