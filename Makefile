.PHONY: build test check torture compose-test load shots bundle help

build: ## the binary, ./matchfloor
	CGO_ENABLED=0 go build -trimpath -o matchfloor .

test: ## what needs Go only
	go test ./...

check: ## all that CI checks; see internal/checks
	@echo 'compiling the checks: from an empty cache about half a minute without output'
	@go run ./internal/checks

torture: ## the same with the long versions: 10,000 runs a property
	@echo 'compiling the checks: from an empty cache about half a minute without output'
	@go run ./internal/checks -torture

compose-test: ## docker-compose.yml with a container engine of its own; needs root on Debian
	@echo 'compiling the checks: from an empty cache about half a minute without output'
	@go run ./internal/checks -compose

load: build ## every scenario next to a chat-style hub, on two cores; see docs/PERFORMANCE.md
	taskset -c 1 ./matchfloor load compare --server-cpus 0 --phones $(or $(PHONES),10000) $(LOAD)

shots: ## every page and state as a picture, into shots/, and the pictures of docs/images
	MATCHFLOOR_SHOTS=shots go test ./e2e -run '^TestShots' -count=1 -v -timeout 30m

bundle: ## static/dist from static/src
	go run ./static/build

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
