#!/usr/bin/env bash
# Installs the packages of dist/ into a Debian of its own, where there is nothing else, and uses them: the program runs as its own user and answers, an
# upgrade keeps the configuration, a purge leaves nothing. The .rpm goes into a second one. Also asks systemd what it thinks of the unit.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "packages: this needs root" >&2; exit 1; }
for program in mmdebstrap systemd-analyze curl; do
  command -v "$program" >/dev/null || { echo "packages: $program is missing: apt-get install mmdebstrap systemd curl" >&2; exit 1; }
done
cd "$(dirname "$0")/.."
arch=$(dpkg --print-architecture)
deb=$(echo dist/foreshock_*_"$arch".deb)
rpm=$(echo dist/foreshock-[0-9]*."$(uname -m)".rpm)
[ -f "$deb" ] && [ -f "$rpm" ] || { echo "packages: dist/ has no packages for $arch; run make release" >&2; exit 1; }

work=$(mktemp -d)
running=
proc() { [ ! -d "$1/proc/self" ] || umount "$1/proc"; }
stop() { [ -z "$running" ] || { kill "$running" && wait "$running" || true; running=; }; }
trap 'stop; proc "$work/root"; proc "$work/rpmroot"; rm -rf "$work"' EXIT
fail() { echo "packages: $*" >&2; exit 1; }
inside() { chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }

# runs starts the program as its user and asks it.
runs() {
  ! curl -fsS http://127.0.0.1:19750/healthz >/dev/null 2>&1 || fail "something listens at 127.0.0.1:19750 already"
  # exec, so that it is the program itself that is stopped.
  (exec chroot "$root" /usr/bin/setpriv --reuid foreshock --regid foreshock --clear-groups --no-new-privs \
    /usr/bin/foreshock run -c /etc/foreshock/foreshock.yaml --listen 127.0.0.1:19750 2>"$work/log") &
  running=$!
  for _ in $(seq 600); do
    curl -fsS http://127.0.0.1:19750/readyz >/dev/null 2>&1 && break
    kill -0 "$running" 2>/dev/null || { cat "$work/log" >&2; fail "the program has ended"; }
    sleep 0.1
  done
  curl -fsS http://127.0.0.1:19750/api/v1/status | grep -q '"mode": *"observe"' || fail "the program does not answer as it should"
  stop
  [ -n "$(ls "$root/var/lib/foreshock")" ] || fail "the program kept nothing in its folder"
}

echo "packages: making a Debian"
mmdebstrap --quiet --variant=minbase --include=rpm,procps bookworm "$work/root"
cp -a "$work/root" "$work/rpmroot"
mount -t proc proc "$work/root/proc"
mount -t proc proc "$work/rpmroot/proc"

root=$work/root
cp "$deb" "$root/tmp/foreshock.deb"
echo "packages: installing $deb"
inside dpkg -i /tmp/foreshock.deb
inside getent passwd foreshock
inside foreshock version
inside foreshock check --offline /etc/foreshock/foreshock.yaml
[ "$(inside stat -c '%U:%G %a' /etc/foreshock/foreshock.yaml)" = "root:foreshock 640" ] || fail "who may read the configuration is wrong"
[ "$(inside stat -c '%U:%G %a' /var/lib/foreshock)" = "foreshock:foreshock 750" ] || fail "who may write the data is wrong"
ls "$root"/usr/share/man/man1/foreshock*.1* "$root/usr/share/bash-completion/completions/foreshock" >/dev/null
runs
echo "packages: upgrading; a changed configuration stays"
echo "# mine" >>"$root/etc/foreshock/foreshock.yaml"
inside dpkg -i --force-confold /tmp/foreshock.deb
grep -q '^# mine' "$root/etc/foreshock/foreshock.yaml" || fail "the configuration was overwritten"
runs
echo "packages: the unit"
systemd-analyze verify --man=no --recursive-errors=no --root="$root" /usr/lib/systemd/system/foreshock.service
systemd-analyze security --offline=true --threshold=20 "$root/usr/lib/systemd/system/foreshock.service" | tail -1
echo "packages: removing, purging"
inside dpkg -r foreshock
[ -d "$root/var/lib/foreshock" ] || fail "a removal took the data away"
inside dpkg -P foreshock
for left in /var/lib/foreshock /etc/foreshock /usr/bin/foreshock; do
  [ ! -e "$root$left" ] || fail "a purge leaves $left"
done
inside getent passwd foreshock && fail "a purge leaves the user"

root=$work/rpmroot
cp "$rpm" "$root/tmp/foreshock.rpm"
echo "packages: installing $rpm"
inside rpm -i --nodeps --ignorearch /tmp/foreshock.rpm
inside foreshock version
runs
inside rpm -e --nodeps foreshock
[ ! -e "$root/usr/bin/foreshock" ] || fail "a removal leaves the program"
echo "packages: all is well"
