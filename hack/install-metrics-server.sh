#!/usr/bin/env bash
# Gives the kind cluster a metrics-server, by which HorizontalPodAutoscalers scale; again, it changes what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/lib/versions.sh

image=registry.k8s.io/metrics-server/metrics-server:$METRICS_SERVER_VERSION
registry=$(hack/detect-registry.sh)
if [[ $registry == no ]]; then
  image=localhost/fastapi-fleet/metrics-server:$METRICS_SERVER_VERSION-$(content_key hack/metrics-server/Dockerfile hack/build-metrics-server.sh)
  hack/ensure-image.sh "$image" hack/build-metrics-server.sh "$image"
  hack/load-images.sh "$image"
fi

say 'Applying metrics-server'
sed "s|image: metrics-server$|image: $image|" hack/metrics-server/manifests.yaml \
  | kubectl --context kind-fastapi-fleet apply --filename - >/dev/null
