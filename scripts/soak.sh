#!/usr/bin/env bash
# Long campaigns: each fuzz target for FUZZ (default 10m), and CRASH_N (default 1000) crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzz=${FUZZ:-10m}
failed=()
while IFS=: read -r file target; do
  echo "soak: $target in $(dirname "$file") for $fuzz"
  go test -run '^$' -fuzz "^$target\$" -fuzztime "$fuzz" "./$(dirname "$file")" || failed+=("$target in $(dirname "$file")")
done < <(grep -roE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' . | sed 's/:func /:/')
CRASH_N=${CRASH_N:-1000} go test -count=1 -timeout 4h -v -run Crash ./act/... ./store/... ./app/...
REPLAY=all go test -count=1 -timeout 2h -v -run 'TestReplay$' ./app/e2e
for target in "${failed[@]}"; do
  echo "soak: $target failed" >&2
done
[ ${#failed[@]} -eq 0 ]
