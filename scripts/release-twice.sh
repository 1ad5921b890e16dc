#!/usr/bin/env bash
# Builds the release of HEAD in two checkouts at different places, as different as a machine allows, and compares the bytes. With FRESH=1 the second
# one compiles everything anew.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
build() { # FOLDER
  git clone -q . "$work/$1"
  git -C "$work/$1" checkout -q "$(git rev-parse HEAD)"
  (cd "$work/$1/deploy/release" && go run . ${ARCH:+-arch "$ARCH"})
}
build first
[ -z "${FRESH:-}" ] || export GOCACHE=$work/cache
(umask 077 && TZ=Asia/Kathmandu LC_ALL=C HOSTNAME=elsewhere build second/further/away)
if diff -r "$work/first/dist" "$work/second/further/away/dist"; then
  echo "release-twice: the same bytes:"
  cat "$work/first/dist/SHA256SUMS"
else
  echo "release-twice: the releases differ" >&2
  exit 1
fi
