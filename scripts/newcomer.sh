#!/usr/bin/env bash
# The path of somebody new, timed, in a Debian of its own with nothing but what the README asks for: from the clone to the first workload on the screen,
# and from there to a first approved action on a limited disk of this machine, its verdict awaited. What is typed is what README.md and docs/tutorial.md say.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "newcomer: this needs root" >&2; exit 1; }
for program in mmdebstrap go; do
  command -v "$program" >/dev/null || { echo "newcomer: $program is missing" >&2; exit 1; }
done
cd "$(dirname "$0")/.."
commit=$(git rev-parse HEAD)

work=$(mktemp -d)
root=$work/root
running=() # processes that were started here
group=
fail() { echo "newcomer: $*" >&2; tail -5 "$work"/*.log >&2 || true; exit 1; }
clean() {
  for p in ${running[@]+"${running[@]}"}; do kill -- "-$p" 2>/dev/null || true; done
  sleep 1
  [ -z "$group" ] || rmdir "$group" 2>/dev/null || true
  for m in sys proc dev repository usr/local/go; do mountpoint -q "$root/$m" && umount -l "$root/$m"; done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
# inside runs a line in the new Debian, in the folder of the clone once there is one.
inside() {
  chroot "$root" env -i HOME=/root PATH=/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 GOPROXY="$(go env GOPROXY)" GOSUMDB="$(go env GOSUMDB)" \
    GOFLAGS="$(go env GOFLAGS)" sh -ec "cd ${folder:-/root}; $1"
}
# begin starts a line inside in the background, as the leader of a group of processes.
begin() {
  set -m
  inside "$1" >"$work/$2.log" 2>&1 &
  running+=($!)
  set +m
}
# until waits for a line inside to print something, and prints it.
until_prints() {
  local said
  for _ in $(seq 600); do
    said=$(inside "$1" 2>/dev/null) || true
    [ -z "$said" ] || { echo "$said"; return; }
    sleep 1
  done
  fail "in ten minutes nothing came of: $1"
}
started=$SECONDS
lap() { echo "newcomer: $(($SECONDS - $started)) s: $*"; }

echo "newcomer: making a Debian"
mmdebstrap --quiet --variant=minbase --include=git,make,ca-certificates bookworm "$root"
mkdir -p "$root/usr/local/go" "$root/repository"
mount --bind -o ro "$(go env GOROOT)" "$root/usr/local/go"
mount --bind -o ro "$PWD" "$root/repository"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
mount --rbind /sys "$root/sys" && mount --make-rslave "$root/sys"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

started=$SECONDS
inside "git config --global --add safe.directory '*'; git clone -q /repository foreshock; cd foreshock; git checkout -q $commit"
lap "cloned"
folder=/root/foreshock
begin "make run" run
until_prints "./bin/foreshock workloads -o csv | sed -n 2p" >"$work/first.log"
lap "make run shows the first workload: $(cat "$work/first.log")"
for p in "${running[@]}"; do kill -- "-$p"; done
running=()
sleep 2

# The limited disk of the tutorial.
inside "dd if=/dev/zero of=load.bin bs=4k count=100 2>/dev/null"
disk=$(stat -c '%Hd:%Ld' "$root$folder/load.bin")
[ ! -e "/sys/dev/block/$disk/partition" ] || disk=$(cat "/sys/dev/block/$disk/../dev") # limits are those of whole disks
started=$SECONDS
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  group=/sys/fs/cgroup/trial limit=io.max
  echo +io >/sys/fs/cgroup/cgroup.subtree_control
  mkdir "$group"
  echo "$disk wiops=50" >"$group/io.max"
else
  group=/sys/fs/cgroup/blkio/trial limit=blkio.throttle.write_iops_device
  mkdir "$group"
  echo "$disk 50" >"$group/$limit"
fi
begin "echo \$\$ >$group/cgroup.procs; while true; do dd if=/dev/zero of=load.bin bs=4k count=100 oflag=direct conv=notrunc 2>/dev/null; done" load
inside "./bin/foreshock init --force
  sed -i 's/mode: observe/mode: approve/; s/step: 10s/step: 1s/' foreshock.yaml
  echo 'profile: {score_steps: 20, least_steps: 30, trusted_steps: 30}' >> foreshock.yaml
  ./bin/foreshock check foreshock.yaml" >"$work/init.log" 2>&1 || fail "the configuration that init wrote does not pass check"
begin "./bin/foreshock run -c foreshock.yaml" run
action=$(until_prints "./bin/foreshock actions -o csv | grep ',proposed,\|proposed' | head -1")
id=$(echo "$action" | grep -oE '\b[0-9a-f]{32}\b' | head -1)
[ -n "$id" ] || fail "no action in: $action"
lap "proposed: $action"
inside "./bin/foreshock approve $id"
until_prints "./bin/foreshock events --type evaluation -o csv | sed -n 2p" >"$work/verdict.log"
lap "approved, and judged: $(cat "$work/verdict.log")"
now=$(cat "$group/$limit")
echo "$now" | grep -q '50$\|wiops=50 ' && fail "the limit is what it was: $now"
echo "newcomer: the limit is now $now"
