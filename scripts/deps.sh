#!/usr/bin/env bash
# Installs the programs that the tests start, where it can: Debian packages, as root. Elsewhere it says what is missing;
# the tests that need it then skip, with the same message.
set -euo pipefail

# program:package
needs=(
  redis-server:redis-server
  memcached:memcached
  prometheus:prometheus
  prometheus-node-exporter:prometheus-node-exporter
  victoria-metrics:victoria-metrics
  fio:fio
  gcc:gcc # for the race detector
)

missing=()
for need in "${needs[@]}"; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "deps: installing ${missing[*]}"
  log=$(mktemp)
  if (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >"$log" 2>&1; then
    exit 0
  fi
  tail -5 "$log"
fi
echo "deps: missing: ${missing[*]}; on Debian: apt-get install --no-install-recommends ${missing[*]}"
echo "deps: the tests that need them are skipped"
