# foreshock: what people and CI run. Everything else is `go build` and `go test`.
SHELL := /bin/bash
export CGO_ENABLED ?= 0
# Packages that start no goroutine: the race detector would only make their many numbers ten times slower.
ALONE := foreshock/timeseries foreshock/decide foreshock/detect foreshock/feedback foreshock/profile foreshock/rehearse
TOOL := go tool -modfile=go.tools.mod

.PHONY: build run test check lint vulns fmt bench bench-detect bench-forecast bench-loop reference demo guest kubernetes screenshots soak release release-twice packages newcomer generate generate-docs deps clean help

build: ## build bin/foreshock
	go build -trimpath -ldflags="-s -w" -o bin/foreshock ./cmd/foreshock

run: build ## watch this machine's disks: embedded store, UI on 127.0.0.1:9750, acts on nothing
	./bin/foreshock run

demo: build deps ## a real closed loop on this machine: a throttled disk, fio, Foreshock, and the verdict (needs root)
	go test -count=1 -v -timeout 10m -run 'TestClosedLoop$$' ./app/e2e

test: ## every test, with the race detector where there is more than one goroutine, then the whole program from outside; installs what they need where it can
	./scripts/deps.sh kubernetes
	CGO_ENABLED=1 go test -race -timeout 40m $$(go list ./... | grep -v $(addprefix -e ,$(ALONE) /app/))
	go test -timeout 40m $$(go list ./... | grep $(addprefix -e ,$(ALONE)))
	go test -p 1 -parallel 6 -timeout 30m $$(go list ./app/... | grep /app/) # which mostly wait

check: lint test ## what CI runs

lint: ## formatting, vet and linters, the modules' checksums
	$(TOOL) golangci-lint fmt --diff
	$(TOOL) golangci-lint run
	go mod verify

vulns: ## known vulnerabilities; asks Go's database over the network
	$(TOOL) govulncheck ./...

fmt: ## format
	$(TOOL) golangci-lint fmt

bench: ## cost per sample, bytes per series, growth; benchmarks of the stages
	go run ./bench -end count
	go run ./bench -end pipeline -rounds 20
	go test -run '^$$' -bench . -benchmem ./timeseries/... ./detect/... ./profile/... ./forecast/... ./pipeline/... ./store/... ./ingest/... ./app

bench-detect: ## detection on labelled data beside its peers, false alarms on data without anomalies, time and bytes
	go run ./bench/detect

bench-forecast: ## accuracy, coverage and time of each model and of the choice among them, beside R's forecasts of the same series in ../shared
	go run ./bench/forecast

bench-loop: ## capacity and lateness in a closed loop with a simulated volume: Foreshock, without each of its parts, and what people run, on the traces in ../shared
	go run ./bench/loop -ablation

reference: ## agreement with R, statsmodels and Prophet: fixture, method, largest deviation, tolerance, verdict
	@go test -count=1 -v -run Reference ./timeseries/... ./cmd/foreshock | go run ./bench/reference

guest: ## what needs another kernel, in a virtual machine: cgroup v2, eBPF on Linux 6.1
	./scripts/deps.sh guest
	GUEST=1 go test -count=1 -v -timeout 20m ./app/guest

kubernetes: ## the target and the planner for clusters, and the whole program, against a real kube-apiserver with etcd (built once, about 8 minutes)
	./scripts/deps.sh kubernetes
	HELM=1 go test -count=1 -v -timeout 20m -run 'InCluster|OfCluster' ./app/e2e $(if $(UPDATE),-update-manifests)
	go test -count=1 -v -timeout 20m ./act/kubernetes ./capacity/kubernetes ./kube/...

screenshots: deps ## every page in Chromium, light, dark and as wide as a phone, into ./screenshots
	SCREENSHOTS=$(CURDIR)/screenshots go test -count=1 -timeout 20m -run Screenshots ./app/browser

release: ## dist/: static binaries for two architectures, .deb, .rpm, an image, bills of materials, checksums; needs no daemon (ARCH=amd64 for one only)
	cd deploy/release && go run . $(if $(ARCH),-arch $(ARCH))

release-twice: ## whether the same commit gives the same bytes, built at two places
	./scripts/release-twice.sh

packages: ## install what make release made into a Debian of its own, run, upgrade and purge it (needs root and Debian's mirror)
	./scripts/packages.sh

newcomer: ## how long it takes somebody new, in a Debian of its own: from the clone to the first workload, and to a first approved action (needs root, and Debian's mirror)
	./scripts/newcomer.sh

soak: ## long fuzzing, a long crash campaign (FUZZ=10m a target, CRASH_N=1000), and a replay of each recorded file
	./scripts/soak.sh

generate: ## compile the eBPF program and the messages of KEDA anew (needs clang-14, llvm-14, libbpf-dev, protobuf-compiler)
	go generate ./...

generate-docs: ## write docs/reference, docs/pictures and what the schema says of settings anew, from the code
	go test -count=1 -run Comments ./config -update
	go test -count=1 -run 'ReferenceIs|Pictures' ./cmd/foreshock -update

deps: ## install what the tests need: Debian packages, as root; says what is missing elsewhere
	./scripts/deps.sh

clean: ## remove what was built
	rm -rf bin dist

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
