#!/bin/sh
# Makes the user that the service runs as. The service is neither enabled nor started: look at /etc/foreshock/foreshock.yaml first.
set -e
if ! getent passwd foreshock >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/foreshock --no-create-home --shell /usr/sbin/nologin foreshock
fi
chown foreshock:foreshock /var/lib/foreshock
chown root:foreshock /etc/foreshock /etc/foreshock/foreshock.yaml
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart foreshock.service
fi
