#!/bin/sh
# What was learned and the journal stay, unless a Debian package is purged.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  rm -rf /var/lib/foreshock
  userdel foreshock 2>/dev/null || true
fi
