#!/usr/bin/env bash
# Installs the programs that the tests start, where it can: Debian packages, as root, and moto. Elsewhere it says what is missing;
# the tests that need it then skip, with the same message. With the argument "guest" also what the guest needs in which
# cgroup v2 is tried; its kernel is only unpacked, into a cache folder.
set -euo pipefail

# program:package
needs=(
  redis-server:redis-server
  memcached:memcached
  prometheus:prometheus
  prometheus-node-exporter:prometheus-node-exporter
  victoria-metrics:victoria-metrics
  fio:fio
  python3:python3 # for the scorers that come with the labelled data, and for moto
  gcc:gcc # for the race detector
)
if [ "${1:-}" = guest ]; then
  needs+=(qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio)
fi

packages() {
  local need missing=() log
  for need in "${needs[@]}"; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "deps: installing ${missing[*]}"
    log=$(mktemp)
    if (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >"$log" 2>&1; then
      return
    fi
    tail -5 "$log"
  fi
  echo "deps: missing: ${missing[*]}; on Debian: apt-get install --no-install-recommends ${missing[*]}"
  echo "deps: the tests that need them are skipped"
}

# guest_kernel unpacks the kernel that apt has now for cloud machines, once per version; it takes no root.
guest_kernel() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/foreshock/guest image version work
  image=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '$1 == "Depends:" {print $2; exit}') || true
  version=$(apt-cache show --no-all-versions "${image:-none}" 2>/dev/null | awk '$1 == "Version:" {print $2; exit}') || true
  if [ -z "$version" ]; then
    echo "deps: apt knows no linux-image-cloud-amd64 (it takes Debian on amd64, and apt-get update); the tests in a guest are skipped"
    return
  fi
  [ -d "$cache/$version" ] && return
  echo "deps: unpacking $image $version into $cache"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.unpack-XXXXXX")
  if (cd "$work" && apt-get download -qq "$image" && dpkg -x ./*.deb tree) >"$work/log" 2>&1; then
    find "$work/tree" -name '*.ko.xz' -exec xz -d {} +
    mv -T "$work/tree" "$cache/$version" 2>/dev/null || true # another one was faster
  else
    tail -5 "$work/log"
    echo "deps: $image could not be fetched; the tests in a guest are skipped"
  fi
  rm -rf "$work"
}

# moto stands in for Amazon Web Services; it is put into a virtual environment of its own, as any user.
moto() {
  local venv=${XDG_CACHE_HOME:-$HOME/.cache}/foreshock/moto version=5.2.1 log
  command -v moto_server >/dev/null || [ -x "$venv/bin/moto_server" ] && return
  log=$(mktemp)
  echo "deps: installing moto $version into $venv"
  if python3 -m venv "$venv" >"$log" 2>&1 && "$venv/bin/pip" install -q "moto[server]==$version" >>"$log" 2>&1; then
    return
  fi
  tail -3 "$log"
  rm -rf "$venv"
  echo "deps: missing: moto; it takes python3-venv and a Python package index: pip install 'moto[server]==$version'"
  echo "deps: the tests that need it are skipped"
}

packages
moto
[ "${1:-}" != guest ] || guest_kernel
