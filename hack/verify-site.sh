#!/usr/bin/env bash
# Fails when the documentation's site cannot be built, or when a reader's browser would fetch something from elsewhere for it.
set -euo pipefail
cd "$(dirname "$0")/.."

site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
hack/build-site.sh "$site"
# mermaid counts, too: the theme loads it from elsewhere where a page has such a diagram.
fetched='<(script|img|iframe|source)[^>]* src="?(https?:)?//|<link[^>]* href="?(https?:)?//|class="mermaid"'
if grep -rnE --include='*.html' "$fetched" "$site"; then
  echo 'error: the site fetches what stands above from elsewhere' >&2
  exit 1
fi
