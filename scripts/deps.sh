#!/usr/bin/env bash
# Installs the programs that the tests start, where it can: Debian packages, as root, moto and axe-core. Elsewhere it says what is missing;
# the tests that need it then skip, with the same message. With the argument "guest" also what the guest needs in which
# cgroup v2 is tried; its kernel is only unpacked, into a cache folder. With the argument "kubernetes" also etcd and the API server, built
# from their Go modules into a cache folder: about 8 minutes of processor time, once.
set -euo pipefail

# program:package
needs=(
  redis-server:redis-server
  memcached:memcached
  prometheus:prometheus
  prometheus-alertmanager:prometheus-alertmanager
  prometheus-node-exporter:prometheus-node-exporter
  victoria-metrics:victoria-metrics
  fio:fio
  python3:python3 # for the scorers that come with the labelled data, and for moto
  gcc:gcc # for the race detector
  libvirtd:libvirt-daemon
  qemu-system-x86_64:qemu-system-x86
  chromium:chromium # for the tests of the pages
)
if [ "${1:-}" = guest ]; then
  needs+=(busybox:busybox-static cpio:cpio)
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

# axe checks pages for accessibility; it is one file of an npm package.
axe() {
  local version=4.14.1 cache=${XDG_CACHE_HOME:-$HOME/.cache}/foreshock/axe work
  cache=$cache/$version
  [ -f "$cache/axe.min.js" ] && return
  if command -v npm >/dev/null; then
    work=$(mktemp -d)
    if (cd "$work" && npm pack --silent "axe-core@$version" && tar xzf axe-core-*.tgz) >"$work/log" 2>&1; then
      mkdir -p "$cache"
      mv "$work/package/axe.min.js" "$cache/axe.min.js"
      rm -rf "$work"
      return
    fi
    tail -3 "$work/log"
    rm -rf "$work"
  fi
  echo "deps: missing: axe-core; it takes npm and its registry: npm pack axe-core@$version, axe.min.js of it into $cache"
  echo "deps: the test that needs it is skipped"
}

# go_program MODULE VERSION PACKAGE FLAGS builds a program from a Go module into the folder it is called in. The module's own replacements
# of others by its parts (k8s.io/kubernetes has them) become their published versions, in the variable parts.
go_program() {
  local work mod name=${3##*/}
  [ "$name" != v3 ] || name=etcd
  work=$(mktemp -d "$PWD/.build-XXXXXX")
  printf '//go:build tools\n\npackage tools\n\nimport _ "%s"\n' "$3" >"$work/tools.go"
  mod=$(cd "$work" && go mod download -json "$1@$2" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
  {
    printf 'module build\n\ngo 1.26\n\nrequire %s %s\n' "$1" "$2"
    sed -n "s#^\s*\(k8s.io/[a-z-]*\) => \./.*#replace \1 => \1 ${parts:-}#p" "$mod"
  } >"$work/go.mod"
  (cd "$work" && go mod tidy && CGO_ENABLED=0 go build -trimpath -ldflags "$4" -o "$work/$name" "$3") >"$work/log" 2>&1 || {
    tail -5 "$work/log"
    rm -rf "$work"
    return 1
  }
  mv "$work/$name" "$name"
  rm -rf "$work"
}

# kubernetes builds the API server and etcd, once per version.
kubernetes() {
  local version=1.37.2 parts=v0.37.2 cache
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/foreshock/kubernetes/$version
  mkdir -p "$cache"
  cd "$cache"
  if [ ! -x etcd ]; then
    echo "deps: building etcd"
    go_program go.etcd.io/etcd/server/v3 v3.7.3 go.etcd.io/etcd/server/v3 '-s -w' || echo "deps: etcd could not be built; the tests that need it are skipped"
  fi
  if [ ! -x kube-apiserver ]; then
    echo "deps: building kube-apiserver $version (some minutes, once)"
    local it=k8s.io/component-base/version
    go_program k8s.io/kubernetes "v$version" k8s.io/kubernetes/cmd/kube-apiserver \
      "-s -w -X $it.gitVersion=v$version -X $it.gitMajor=1 -X $it.gitMinor=37" || echo "deps: kube-apiserver could not be built; the tests that need it are skipped"
  fi
}

packages
moto
axe
[ "${1:-}" != kubernetes ] || kubernetes
[ "${1:-}" != guest ] || guest_kernel
