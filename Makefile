# `make help` lists the targets. Scripts under hack/ do the work, one job each.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

export FLEET_STARTED := $(shell date +%s)
export PATH := $(CURDIR)/.venv/bin:$(if $(FLEET_CACHE),$(FLEET_CACHE),$(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/fastapi-fleet)/bin:$(PATH)

##@ Run

.PHONY: up
up: ## Create or reuse the kind cluster and run the operator and both services on it
	@hack/start-fleet.sh

.PHONY: down
down: ## Remove the kind cluster
	@hack/delete-cluster.sh

.PHONY: images
images: ## Build the images; then `docker compose up --wait` runs both services without a cluster
	@hack/setup-docker.sh
	@hack/setup-tools.sh compose
	@hack/write-image-names.sh mailpit >/dev/null
	@hack/build-images.sh

##@ Test

.PHONY: test
test: lint test-unit test-services test-faults-quick test-compose test-e2e ## Every layer, from fast to real

.PHONY: test-unit
test-unit: setup ## Operator, kit, chart and command line, without a cluster
	@hack/run-tests.sh operator --ignore-glob='*/integration'
	@$(MAKE) --no-print-directory -C services/kit test-unit
	@hack/setup-tools.sh helm promtool
	@hack/run-tests.sh tests/chart
	@hack/run-tests.sh tests/command_line

.PHONY: test-services
test-services: clients ## Both services, and the rest that needs one, against real PostgreSQL and RabbitMQ
	@hack/test-services.sh

.PHONY: test-faults-quick
test-faults-quick: setup ## Both services while their databases and broker are killed, frozen and cut off (4 minutes)
	@hack/test-faults.sh

.PHONY: test-faults
test-faults: setup ## The same, and the faults of test-e2e, at ten times the size (an hour and a half)
	@FAULTS_SCALE=10 hack/test-faults.sh
	@FAULTS_SCALE=10 hack/test-upstream-faults.sh
	@hack/remove-test-namespaces.sh
	@$(MAKE) --no-print-directory up
	@FAULTS_SCALE=10 hack/run-tests.sh tests/e2e test_traffic.py test_rotation.py test_idle.py test_deletion_orders.py

.PHONY: test-compose
test-compose: images ## Both services by compose.yaml, as a user calls them
	@hack/test-compose.sh

.PHONY: test-e2e
test-e2e: clients ## The whole on kind, through what kubectl and HTTP show
	@hack/remove-test-namespaces.sh
	@$(MAKE) --no-print-directory up
	@hack/run-tests.sh tests/e2e

##@ Develop

.PHONY: setup
setup: ## Install the Python packages into .venv
	@hack/setup-python.sh

.PHONY: clients
clients: setup ## Generate typed Python clients of both services into build/clients
	@hack/generate-clients.sh

.PHONY: lint
lint: clients ## Format, lint, types, import contracts, generated files, chart, shell scripts
	@hack/lint.sh

.PHONY: format
format: setup ## Format the Python code and mend what ruff can mend
	@ruff format . && ruff check --fix .

.PHONY: lock
lock: setup ## Write requirements.lock from the pyproject.toml files
	@hack/update-lock.sh

.PHONY: crds
crds: setup ## Write the CRDs and the field reference from the API models
	@hack/update-crds.sh
	@hack/update-reference.sh

.PHONY: docs
docs: setup ## Build the documentation's site into build/site
	@hack/build-site.sh

.PHONY: docs-serve
docs-serve: setup ## Serve the documentation's site at http://127.0.0.1:8010, and build it again when a page changes
	@hack/serve-site.sh

.PHONY: bench-operator
bench-operator: setup up ## Measure the operator on the cluster (N=300 services; set N to change)
	@python bench/bench_operator.py --services "$${N:-300}" $(ARGS)

.PHONY: bench-client
bench-client: setup ## Measure what a request to the Kubernetes API costs the operator (half a minute)
	@python bench/bench_client.py $(ARGS)

.PHONY: bench-services
bench-services: setup ## Measure the users service beside its peers (4 minutes)
	@hack/setup-docker.sh
	@command -v wrk >/dev/null || hack/install-debian-packages.sh wrk
	@python bench/bench_services.py $(ARGS)

.PHONY: bench-events
bench-events: setup ## Measure events from the outbox to their effect
	@hack/bench-events.sh $(ARGS)

.PHONY: bench-protocols
bench-protocols: setup ## Measure calls between the services over HTTP and over gRPC
	@backends="$$(hack/start-test-backends.sh)" && eval "$$backends" && python bench/bench_protocols.py $(ARGS)

##@ Tidy

.PHONY: clean
clean: down ## Remove the cluster and all that was built (the next run builds it again)
	@hack/remove-cache.sh

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' Makefile
