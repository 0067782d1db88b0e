#!/usr/bin/env bash
# Links every page of the documentation, and what pages point to, into one folder in the places that they have in the repository, so that a
# link which holds in the repository holds on the site.
# usage: link-site-source.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

source_folder=$1
linked=(
  README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE compose.yaml docs bench/README.md
  charts/fastapi-fleet/README.md charts/fastapi-fleet/templates/clusterrole.yaml charts/fastapi-fleet/files
  hack/cluster/platform.yaml services/kit/README.md
  services/users/README.md services/users/fastapiservice.yaml services/users/contracts
  services/orders/README.md services/orders/contracts
)

rm -rf "$source_folder"
for path in "${linked[@]}"; do
  mkdir -p "$source_folder/$(dirname "$path")"
  ln -s "$PWD/$path" "$source_folder/$path"
done
