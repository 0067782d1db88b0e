#!/usr/bin/env bash
# Gets the first release from the history, which upgrades are tested from: builds and loads the operator's image of then, unpacks its
# chart into the folder, and prints the image. usage: load-first-release.sh FOLDER
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

# The last commit at which the operator was one pod without a Lease, an autoscaler or a network policy.
commit=b4545f692b0125990efff479dca95bd3867225dd

if ! git cat-file -e "$commit^{commit}" 2>/dev/null && ! git fetch --quiet --unshallow 2>/dev/null; then
  fail "the history lacks $commit, the first release" 'Upgrades are tested from it: clone the repository with its whole history.'
fi

names=$(hack/write-image-names.sh)
eval "$names"
image=localhost/fastapi-fleet/operator:first-$(text_key "$PYTHON_IMAGE" "$commit")
if ! docker image inspect "$image" >/dev/null 2>&1; then
  say "Building $image (20 to 60 s)"
  git archive "$commit" operator requirements.lock hack/install-locked.sh \
    | hack/run-docker-build.sh "$image" --file operator/Dockerfile --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" -
fi
hack/load-images.sh "$image" >&2
git archive "$commit:charts/fastapi-fleet" | tar --extract --directory "$folder"
echo "$image"
