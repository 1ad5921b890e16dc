#!/bin/sh
# Stops the service where the package goes (Debian says "remove", rpm how many are left), and lets it run through an upgrade.
set -e
case "$1" in
remove | 0)
  if [ -d /run/systemd/system ]; then
    systemctl disable --now foreshock.service
  fi
  ;;
esac
