# shellcheck shell=bash
# The folder of everything that is built, and the keys under which it lies there.
export FLEET_CACHE=${FLEET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fastapi-fleet}
export PATH=$FLEET_CACHE/bin:$PATH
mkdir -p "$FLEET_CACHE/bin"

# content_key PATH...: 12 hex digits over the names and contents of all files under the paths, tests and caches left out.
content_key() {
  find "$@" \( -name tests -o -name __pycache__ -o -name '.*_cache' -o -name .venv \) -prune -o -type f -print0 \
    | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12
}

# text_key TEXT...: 12 hex digits over the texts.
text_key() { printf '%s\0' "$@" | sha256sum | cut -c1-12; }
