.PHONY: build test check torture load shots bundle

build: ## the binary, ./matchfloor
	CGO_ENABLED=0 go build -trimpath -o matchfloor .

test: ## what needs Go only
	go test ./...

check: ## all that CI checks; see internal/checks
	@go run ./internal/checks

torture: ## the same with the long versions: 10,000 runs a property
	@go run ./internal/checks -torture

load: build ## every scenario next to a chat-style hub, on two cores; see docs/PERFORMANCE.md
	taskset -c 1 ./matchfloor load compare --server-cpus 0 --phones $(or $(PHONES),10000) $(LOAD)

shots: ## every page and state as a picture, into shots/
	MATCHFLOOR_SHOTS=shots go test ./e2e -run '^TestShots' -count=1 -v -timeout 30m

bundle: ## static/dist from static/src
	go run ./static/build
