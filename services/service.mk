# What each service's Makefile offers; NAME and PORT are the service's. Scripts under hack/ do the work.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
export FLEET_STARTED := $(or $(FLEET_STARTED),$(shell date +%s))

.PHONY: test
test: setup ## Its tests, against real PostgreSQL, RabbitMQ and Kafka
	@$(ROOT)/hack/test-services.sh services/$(NAME)

.PHONY: lint
lint: setup ## Format, rules, types, layers
	@$(ROOT)/hack/lint-member.sh services/$(NAME)

.PHONY: image
image: ## Its image, tagged with its version
	@$(ROOT)/hack/setup-docker.sh
	@$(ROOT)/hack/build-images.sh $(NAME)

.PHONY: run
run: setup ## Run it from its source with reload, on the databases and the broker of the tests
	@$(ROOT)/hack/run-service.sh $(NAME) $(PORT)

.PHONY: setup
setup: ## Install the Python packages into the repository's .venv
	@$(ROOT)/hack/setup-python.sh

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
