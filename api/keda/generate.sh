#!/usr/bin/env bash
# Compiles scaler.proto with protoc of the path (Debian: protobuf-compiler) and the plugin of the module that go.mod names.
set -euo pipefail
plugin=$(mktemp -d)
trap 'rm -rf "$plugin"' EXIT
go build -o "$plugin/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
protoc --plugin="$plugin/protoc-gen-go" --go_out=. --go_opt=paths=source_relative scaler.proto
