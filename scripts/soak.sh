#!/usr/bin/env bash
# Long campaigns: each fuzz target for FUZZ (default 10m), and CRASH_N (default 1000) crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzz=${FUZZ:-10m}
grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "soak: $target in $(dirname "$file") for $fuzz"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzz" "./$(dirname "$file")"
  done
done
CRASH_N=${CRASH_N:-1000} go test -count=1 -timeout 4h -v -run Crash ./act/... ./store/... ./app/...
REPLAY=all go test -count=1 -timeout 2h -v -run 'TestReplay$' ./app/e2e
