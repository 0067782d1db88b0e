# shellcheck shell=bash disable=SC2034
# The tools that are installed where a machine lacks them (kubectl is of the node image's Kubernetes), and what the cluster gets.
KIND_VERSION=v0.33.0
HELM_VERSION=v3.22.0
COMPOSE_VERSION=v2.40.3
METRICS_SERVER_VERSION=v0.9.0
