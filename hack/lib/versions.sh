# shellcheck shell=bash disable=SC2034
# The tools that are installed where a machine lacks them; kubectl is of the node image's Kubernetes.
KIND_VERSION=v0.33.0
HELM_VERSION=v3.22.0
COMPOSE_VERSION=v2.40.3
